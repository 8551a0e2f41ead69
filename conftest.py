"""Imports the services before pytest meets their tests.

pytest would import them from the folder where the tests lie; so it takes what Python finds by itself: the
installed project in the nox sessions, the working tree with `python -m pytest` or an editable installation.

It also tells Hypothesis that a busy machine is no mistake, and to repeat its examples where `CI` is set.
"""

import importlib
import os
import pkgutil

from hypothesis import HealthCheck, settings

import services

settings.register_profile(
    "shared-machine",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("shared-machine")

for _module in pkgutil.iter_modules(services.__path__):
    importlib.import_module(f"services.{_module.name}")
