"""The project's checks. `nox` runs the default sessions, `nox -l` lists all.

Every session installs what pyproject.toml names, held to the versions and hashes of constraints.txt, and the
project itself as a user gets it: built, not linked (`coverage` alone links, to measure the files in place).
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import nox
from nox.project import dependency_groups, load_toml, python_versions

nox.needs_version = ">=2025.5.1"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
# A Python that is not on this machine is skipped by its name; that none is there at all is an error, below.
nox.options.error_on_missing_interpreters = False
nox.options.sessions = [
    "lint",
    "types",
    "tests",
    "view",
    "property",
    "determinism",
    "numbers",
    "lowest",
    "coverage",
    "campaign",
    "docs",
    "wheel",
]

ROOT = Path(__file__).parent
PROJECT = load_toml(ROOT / "pyproject.toml")
SUPPORTED = python_versions(PROJECT, max_version="3.13")
ONE_PROCESS_A_CORE = ("-n", str(os.cpu_count() or 1))
SHOP = ("process", "postgres", "rabbitmq", "load")
"""The extras of the world of real processes."""
QUICK = "not campaign and not numbers and not slow and not soak"


def runs(python: str, version: str) -> bool:
    """Whether `python` starts and is that version: a version manager's shim may be there and refuse."""
    code = f"import sys; sys.exit(sys.version_info[:2] != {tuple(map(int, version.split('.')))})"
    try:
        answer = subprocess.run(  # noqa: S603 - a Python found on the path or in pyenv's folder
            [python, "-c", code], capture_output=True, check=False, timeout=60
        )
    except OSError:
        return False
    return answer.returncode == 0


def find(version: str) -> bool:
    """Make `pythonX.Y` startable by name, looking where pyenv keeps those that its shims do not offer."""
    on_path = shutil.which(f"python{version}")
    if on_path and runs(on_path, version):
        return True
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for python in sorted(kept.glob(f"{version}.*/bin/python{version}")):
        if runs(str(python), version):
            os.environ["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
            return True
    return False


FOUND = [version for version in SUPPORTED if find(version)]
if not FOUND:
    message = f"None of Python {', '.join(SUPPORTED)} is on this machine."
    raise SystemExit(message)
OLDEST, NEWEST = FOUND[0], FOUND[-1]


def install(
    session: nox.Session, *groups: str, project: tuple[str, ...] = (".",), extras: tuple[str, ...] = ()
) -> None:
    """Install the groups, what the project needs and the extras named, locked, then the project itself."""
    optional = PROJECT["project"]["optional-dependencies"]
    session.install(
        *("-c", "constraints.txt", *dependency_groups(PROJECT, *groups)),
        *(*PROJECT["project"]["dependencies"], *(needed for extra in extras for needed in optional[extra])),
    )
    if project:
        session.install("--no-deps", *project)


def pytest(session: nox.Session, *arguments: str, env: dict[str, str] | None = None) -> None:
    session.run("pytest", *arguments, *session.posargs, env=env)


@nox.session(python=SUPPORTED)
def tests(session: nox.Session) -> None:
    """Unit, contract and service tests, on every Python."""
    install(session, "test")
    elsewhere = ("property", "determinism", "docs", "process", "soak", "tui", "unit/test_architecture.py")
    pytest(session, *ONE_PROCESS_A_CORE, "-m", QUICK, *(f"--ignore=tests/{place}" for place in elsewhere))


@nox.session(python=OLDEST)
def lint(session: nox.Session) -> None:
    """Style, layout and import contracts; that each contract bites."""
    install(session, "lint", "test", project=())
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports", "--no-logo")
    session.run("python", "-m", "pytest", *ONE_PROCESS_A_CORE, "-q", "tests/unit/test_architecture.py")


@nox.session(python=OLDEST)
def types(session: nox.Session) -> None:
    """Strict types: the lab, the services, the tests and the benchmarks."""
    install(session, "types", "servers", project=(), extras=(*SHOP, "serve"))
    session.run("mypy")
    session.run("mypy", *sorted(map(str, Path("benchmarks").glob("*.py"))))


@nox.session(python=OLDEST)
def view(session: nox.Session) -> None:
    """The live view: every screen and key, its pictures, and terminals of its own."""
    install(session, "test")
    pytest(session, *ONE_PROCESS_A_CORE, "-m", QUICK, "tests/tui")


@nox.session(python=OLDEST, default=False)
def browser(session: nox.Session) -> None:
    """The live view in this machine's Chromium."""
    install(session, "test", "browser", extras=("serve",))
    pytest(session, "tests/tui/test_serving.py")


@nox.session(python=OLDEST, default=False)
def pictures(session: nox.Session) -> None:
    """Draw the pictures of the live view in docs/ anew."""
    install(session, "test")
    session.run("python", "docs/draw_pictures.py")


@nox.session(name="property", python=NEWEST)
def properties(session: nox.Session) -> None:
    """What must hold for any input."""
    install(session, "test")
    pytest(session, *ONE_PROCESS_A_CORE, "-m", QUICK, "tests/property")


@nox.session(python=SUPPORTED)
def determinism(session: nox.Session) -> None:
    """Same files, seed and version: the same log, on this Python and on the others that ran before."""
    install(session, "test")
    ledgers = ROOT / ".nox" / "log-hashes" / fingerprint()
    ledgers.mkdir(parents=True, exist_ok=True)
    ledger = ledgers / f"{session.python}.txt"
    ledger.unlink(missing_ok=True)

    pytest(session, "tests/determinism", env={"LOG_HASH_LEDGER": str(ledger)})

    mine = read(ledger)
    if not mine and not session.posargs:
        session.error("tests/determinism recorded no log hash: nothing was compared")
    for other in sorted(set(ledgers.glob("*.txt")) - {ledger}):
        theirs = read(other)
        differing = sorted(run for run in mine.keys() & theirs.keys() if mine[run] != theirs[run])
        if differing:
            session.error(f"other log than on Python {other.stem}: {', '.join(differing)}")
        session.log(f"{len(mine.keys() & theirs.keys())} log hashes agree with Python {other.stem}")


def read(ledger: Path) -> dict[str, str]:
    """One line a run: its name, a space, the hash of its log."""
    lines = ledger.read_text(encoding="utf-8").splitlines() if ledger.exists() else []
    return dict(line.rsplit(" ", 1) for line in lines)


def fingerprint() -> str:
    """Tells apart the states of the files that a log depends on, so that only like is compared with like."""
    digest = hashlib.sha256()
    for folder in ("msa_lab", "services", "scenarios", "topologies", "tests/determinism"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in {".py", ".yaml"}:
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


@nox.session(python=OLDEST)
def lowest(session: nox.Session) -> None:
    """The quick tests with the lowest version of each direct dependency that pyproject.toml allows."""
    floors = [requirement.split(",")[0] for requirement in PROJECT["project"]["dependencies"]]
    session.install(*(floor.replace(">=", "==") for floor in floors), *dependency_groups(PROJECT, "test"))
    session.install("--no-deps", ".")
    session.run("pip", "check")
    leaning = ("cli", "source", "persistence", "scenario", "telemetry", "topology")
    where = (*(f"tests/unit/{folder}" for folder in leaning), "tests/contract")
    pytest(session, *ONE_PROCESS_A_CORE, "-m", QUICK, *where)


@nox.session(python=NEWEST)
def coverage(session: nox.Session) -> None:
    """Lines and branches, of the tests too."""
    install(session, "cover", project=("-e", "."))
    session.run("coverage", "erase")
    elsewhere = ("docs", "property", "determinism", "process", "soak", "unit/test_architecture.py")
    without = tuple(f"--ignore=tests/{place}" for place in elsewhere)
    tests = ("-m", "pytest", "-q", *ONE_PROCESS_A_CORE, "-m", QUICK, *without)
    session.run("coverage", "run", *tests, *session.posargs)
    session.run("coverage", "combine", "-q")
    session.run("coverage", "report")


@nox.session(python=OLDEST)
def numbers(session: nox.Session) -> None:
    """The engine against queueing theory and published figures."""
    install(session, "test")
    pytest(session, *ONE_PROCESS_A_CORE, "-m", "numbers and not slow", "tests/unit")


@nox.session(python=NEWEST)
def campaign(session: nox.Session) -> None:
    """Every scenario and profile on the first seeds, every lesson on ten."""
    install(session, "test")
    pytest(session, *ONE_PROCESS_A_CORE, "tests/campaign", env={"CAMPAIGN_SEEDS": "5"})


@nox.session(python=NEWEST, default=False)
def campaign_whole(session: nox.Session) -> None:
    """The same on seeds 1 to 50: ten minutes and more."""
    install(session, "test")
    pytest(session, *ONE_PROCESS_A_CORE, "tests/campaign", env={"CAMPAIGN_SEEDS": "50"})


@nox.session(python=OLDEST, default=False)
def servers(session: nox.Session) -> None:
    """The contract of each port on each server: SQLite, PostgreSQL, Valkey, fakeredis, RabbitMQ."""
    install(session, "test", "servers", extras=SHOP)
    modules = ("contract", "consumer", "database", "delivery", "parts", "wire")
    played_twice(session, *(f"tests/process/test_{module}.py" for module in modules))


@nox.session(python=OLDEST, default=False)
def process(session: nox.Session) -> None:
    """All tests of the world of real processes: nine minutes of real time, on a machine that is free."""
    install(session, "test", "servers", extras=SHOP)
    played_twice(session, *(session.posargs or ("tests/process",)))


def played_twice(session: nox.Session, *which: str) -> None:
    """Real time has no replay: what failed is played once more, and only what fails again is an error."""
    session.run("pytest", *which, "--cache-clear", success_codes=[0, 1])
    if (ROOT / ".pytest_cache" / "v" / "cache" / "lastfailed").exists():
        session.run("pytest", *which, "--last-failed")


@nox.session(python=OLDEST, default=False)
def verdicts(session: nox.Session) -> None:
    """Every shipped scenario under every profile on three seeds in both worlds: forty minutes."""
    install(session, "test", "servers", extras=SHOP)
    pytest(session, "-v", "tests/process/test_verdicts.py", env={"VERDICT_SEEDS": "1,2,3"})


@nox.session(python=OLDEST, default=False)
def soak(session: nox.Session) -> None:
    """Five hundred SIGKILLs on services, servers, supervisor and fork server under load: eight minutes.

    `SOAK_KILLS` and `SOAK_SEED` say how many and where to begin; what breaks a promise keeps its log.
    """
    install(session, "test", "servers", extras=SHOP)
    pytest(session, "-s", "tests/soak")


@nox.session(python=NEWEST, default=False)
def slow(session: nox.Session) -> None:
    """What takes minutes: long runs, memory."""
    install(session, "test")
    pytest(session, "-m", "slow", "tests/unit")


@nox.session(python=OLDEST)
def docs(session: nox.Session) -> None:
    """Every command shown in the README and in docs/, typed as shown."""
    install(session, "test")
    pytest(session, *ONE_PROCESS_A_CORE, "tests/docs")


@nox.session(python=NEWEST)
def wheel(session: nox.Session) -> None:
    """The built wheel alone, in a fresh environment and another directory, plays the main job."""
    with tempfile.TemporaryDirectory() as elsewhere:
        session.run("pip", "wheel", "-q", "--no-deps", "--wheel-dir", elsewhere, ".")
        (built,) = Path(elsewhere).glob("*.whl")
        session.run("python", "-m", "venv", f"{elsewhere}/venv")
        scripts = Path(elsewhere, "venv", "Scripts" if os.name == "nt" else "bin")
        session.run(str(scripts / "python"), "-m", "pip", "install", "-q", str(built), external=True)
        with session.chdir(elsewhere):
            session.run(
                str(scripts / "msalab"), "scenario", "checkout", "--chaos", "--seed", "42", external=True
            )


@nox.session(python=NEWEST, default=False)
def bench(session: nox.Session) -> None:
    """The benchmarks, as ratios in one run."""
    install(session, "bench")
    session.run("python", "benchmarks/run.py", *session.posargs)


@nox.session(python=OLDEST, default=False)
def lock(session: nox.Session) -> None:
    """Write constraints.txt anew: the newest versions in the ranges of pyproject.toml, with their hashes."""
    session.install("uv")
    session.run(
        *("uv", "pip", "compile", "pyproject.toml", "--all-extras", "--group", "dev", "--universal"),
        *("--upgrade", "--quiet"),
        *("--python-version", SUPPORTED[0], "--generate-hashes", "--no-emit-index-url"),
        *("--custom-compile-command", "nox -s lock", "--output-file", "constraints.txt"),
    )
