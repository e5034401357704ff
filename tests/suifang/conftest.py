"""An installation in a folder of its own, and the `suifang` command as an operator types it."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
import structlog
from typer.testing import CliRunner

from suifang import cli
from suifang.installation import Installation, migrate, open_installation
from suifang.keys import ensure_keys
from suifang.settings import Settings, load_settings

_OTHERS = re.compile(r"SUIFANG_|OPENAI_|LANGSMITH_|LANGCHAIN_|CHROMA_")


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str


class Command(Protocol):
    """The fixture `suifang`: runs one command; `typed` is what comes from the keyboard."""

    def __call__(self, *words: str, typed: str = "") -> Ran: ...


@pytest.fixture(autouse=True)
def _a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No variable of ours comes in, and none that a command sets stays."""
    for name in [name for name in os.environ if _OTHERS.match(name)]:
        monkeypatch.delenv(name)
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configured = structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**configured)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder that every command uses; there is no .env file."""
    folder = tmp_path / "var"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SUIFANG_DATA_DIR", str(folder))
    monkeypatch.setenv("SUIFANG_EMBEDDINGS", "none")
    monkeypatch.setenv("SUIFANG_LOG_LEVEL", "error")
    return folder


@pytest.fixture(scope="session")
def ready_made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys and a migrated database, made once."""
    folder = tmp_path_factory.mktemp("installation") / "var"
    settings = Settings(_env_file=None, data_dir=folder)
    ensure_keys(settings)
    migrate(settings)
    return folder


@pytest.fixture
def installed(home: Path, ready_made: Path) -> Path:
    """The data folder with keys and a database."""
    shutil.copytree(ready_made, home)
    return home


@pytest.fixture
def installation(installed: Path) -> Iterator[Installation]:
    """The same, opened."""
    opened = open_installation(load_settings(None))
    yield opened
    opened.database.dispose()


@pytest.fixture
def suifang(monkeypatch: pytest.MonkeyPatch) -> Command:
    def run(*words: str, typed: str = "") -> Ran:
        monkeypatch.setattr(sys, "argv", ["suifang", *words])
        code: object = 0
        with CliRunner().isolation(input=typed) as (out, err, _both):
            try:
                cli.main()
            except SystemExit as left:
                code = left.code
            sys.stdout.flush()
            sys.stderr.flush()
            written = out.getvalue().decode(), err.getvalue().decode()
        assert isinstance(code, int)
        # A line may be folded at the width of the terminal; a sentence is still one.
        return Ran(code, written[0], " ".join(written[1].split()))

    return run
