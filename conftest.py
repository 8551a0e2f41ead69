"""Imports the services before pytest meets their tests.

pytest would import them from the folder where the tests lie; so it takes what Python finds by itself: the
installed project in the nox sessions, the working tree with `python -m pytest` or an editable installation.
"""

import importlib
import pkgutil

import services

for _module in pkgutil.iter_modules(services.__path__):
    importlib.import_module(f"services.{_module.name}")
