"""Every command as an operator types it: what it does, and what it says when it cannot."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from knowledge.article import read_articles
from knowledge.embedder import EmbedderError, Vectors
from records import people
from records.people import Registration
from records.tables import Facility
from suifang import clock, education, serve, web, worker
from suifang.errors import EXIT_CONFIGURATION
from suifang.installation import Installation, open_installation
from suifang.settings import load_settings
from tests.suifang.conftest import Command

NEEDS_A_DATABASE = [
    ("web",),
    ("worker",),
    ("seed",),
    ("report",),
    ("staff", "disable", "doctor"),
]


class OneVector:
    """Every text gets the same vector."""

    name = "one"

    def queries(self, texts: Sequence[str]) -> Vectors:
        return np.ones((len(texts), 4), dtype=np.float32)

    passages = queries


def test_the_whole_way_from_nothing_to_an_account(suifang: Command, home: Path) -> None:
    assert "Keys are in" in suifang("keys").err
    assert suifang("migrate").err == "The database is up to date."
    found = suifang("doctor")
    assert found.code == 0
    assert "两把密钥都在" in found.out
    assert "表结构是最新的" in found.out


def test_making_keys_and_migrating_again_change_nothing(suifang: Command, installed: Path) -> None:
    keys = [path.read_text() for path in sorted((installed / "keys").iterdir())]
    assert suifang("keys").code == 0
    assert suifang("migrate").code == 0
    assert [path.read_text() for path in sorted((installed / "keys").iterdir())] == keys


def test_no_command_at_all_shows_the_help(suifang: Command) -> None:
    shown = suifang()
    assert "Usage" in shown.out + shown.err
    for name in ("serve", "doctor", "staff", "batch"):
        assert name in shown.out + shown.err
    assert "simulator" not in shown.out + shown.err


def test_the_doctor_fails_when_something_is_wrong(suifang: Command, home: Path) -> None:
    found = suifang("doctor")
    assert found.code == 1
    assert "运行 suifang migrate" in found.out


@pytest.mark.parametrize("words", NEEDS_A_DATABASE, ids=" ".join)
def test_without_keys_every_command_says_how_to_make_them(
    suifang: Command, home: Path, words: tuple[str, ...]
) -> None:
    refused = suifang(*words)
    assert refused.code == EXIT_CONFIGURATION
    assert "There are no keys yet" in refused.err
    assert "Traceback" not in refused.err


@pytest.mark.parametrize("words", NEEDS_A_DATABASE, ids=" ".join)
def test_without_tables_every_command_says_what_to_run(
    suifang: Command, home: Path, words: tuple[str, ...]
) -> None:
    suifang("keys")
    refused = suifang(*words)
    assert refused.code == EXIT_CONFIGURATION
    assert refused.err == "✗ The database is not up to date: run `suifang migrate` first."


@pytest.mark.parametrize(
    "words",
    [*NEEDS_A_DATABASE, ("say", "你好"), ("batch", "-", "-"), ("index",), ("doctor",), ("serve",)],
    ids=" ".join,
)
def test_a_wrong_setting_is_named_by_every_command(
    suifang: Command, home: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("SUIFANG_PRT", "8001")
    refused = suifang(*words)
    assert refused.code == EXIT_CONFIGURATION
    assert refused.err == "✗ SUIFANG_PRT is not a setting; did you mean SUIFANG_PORT?"


def test_the_index_is_built_once(
    suifang: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(education, "embedder", lambda _settings, patient: OneVector())
    few = read_articles()[:2]
    monkeypatch.setattr(education, "read_articles", lambda: few)
    monkeypatch.setattr("knowledge.index.read_decoys", dict)
    first, second = suifang("index"), suifang("index")
    assert (first.code, second.code) == (0, 0)
    total = 2 + sum(len(article.questions) for article in few)
    assert first.err.startswith(f"{total} of {total} texts")
    assert first.err.endswith(f": built ({total} texts embedded, 0 known from before).")
    assert second.err.endswith(": already there.")


class Broken(OneVector):
    def passages(self, texts: Sequence[str]) -> Vectors:
        raise EmbedderError("the embeddings endpoint failed: status 401")


@pytest.mark.parametrize(
    ("embedder", "damage", "says"),
    [
        (Broken, "", "✗ No vectors: the embeddings endpoint failed: status 401"),
        (OneVector, "file", "✗ The index cannot be written: File exists"),
    ],
)
def test_an_index_that_cannot_be_built_is_one_sentence_and_no_traceback(
    suifang: Command,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    embedder: type[OneVector],
    damage: str,
    says: str,
) -> None:
    monkeypatch.setattr(education, "embedder", lambda _settings, patient: embedder())
    if damage:
        home.mkdir()
        (home / "index").write_text("")
    done = suifang("index")
    assert done.code == EXIT_CONFIGURATION
    assert done.err.replace("\n", " ").startswith(says)
    assert "Traceback" not in done.err


def test_without_embeddings_there_is_no_index(suifang: Command, home: Path) -> None:
    done = suifang("index")
    assert done.err == "Embeddings are off; answers are found by words alone."
    assert not (home / "index").exists()


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_process_is_given_the_installation(
    suifang: Command, installed: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    given: list[Installation] = []
    monkeypatch.setattr({"web": web, "worker": worker}[name], "run", given.append)
    assert suifang(name).code == 0
    assert given[0].settings.data_dir == installed
    given[0].database.dispose()


def test_serve_supervises_web_and_worker_and_returns_their_code(
    suifang: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervised: list[list[str]] = []

    def supervise(commands: dict[str, list[str]]) -> int:
        supervised.append(list(commands))
        return 3

    monkeypatch.setattr(serve, "supervise", supervise)
    assert suifang("serve").code == 3
    assert supervised == [["web", "worker"]]


def test_the_demonstration_gets_its_ports_and_its_folder(
    suifang: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Path, int, int]] = []

    def demonstrate(_screen: Console, folder: Path, port: int, simulator_port: int) -> int:
        asked.append((folder, port, simulator_port))
        return 0

    monkeypatch.setattr("suifang.demonstration.demonstrate", demonstrate)
    assert suifang("demo").code == 0
    assert suifang("demo", "--port", "81", "--simulator-port", "82", "--data-dir", "x").code == 0
    assert asked == [(Path("var/demo"), 8000, 8090), (Path("x"), 81, 82)]


def test_a_database_with_real_people_is_not_seeded(
    suifang: Command, installation: Installation
) -> None:
    with installation.database.transaction() as session:
        session.add(Facility(id="f", kind="county", name="县", path="f/"))
        session.flush()
        people.register(session, installation.vault, Registration("王桂兰", "f"), clock.now())
    refused = suifang("seed")
    assert refused.code == EXIT_CONFIGURATION
    assert "empty one" in refused.err


@pytest.mark.slow
def test_an_empty_database_is_seeded_once(suifang: Command, installed: Path) -> None:
    first, second = suifang("seed"), suifang("seed")
    assert first.err == second.err
    assert first.err.startswith("County: 60 people, ")


def test_a_month_is_reported_as_a_table_and_for_another_program(
    suifang: Command, installed: Path
) -> None:
    nowhere = suifang("report")
    assert (nowhere.code, nowhere.err) == (EXIT_CONFIGURATION, "✗ There is no facility yet.")
    installation = open_installation(load_settings())
    with installation.database.transaction() as session:
        session.add(Facility(id="c", kind="county", name="清水县", path="c/"))
    installation.database.dispose()
    table = suifang("report", "--month", "2026-11")
    assert "清水县 2026年11月 · 截至" in table.out
    figures = json.loads(suifang("report", "--month", "2026-11", "--json").out)
    assert figures["month"] == "2026-11"


def test_a_month_that_is_none_is_refused_in_a_sentence(suifang: Command, installed: Path) -> None:
    refused = suifang("report", "--month", "2026-13")
    assert refused.code == EXIT_CONFIGURATION
    assert refused.err == "✗ 2026-13 is not a month; write it like 2026-11."


def test_a_word_too_many_is_refused_without_a_traceback(suifang: Command, home: Path) -> None:
    refused = suifang("migrate", "now")
    assert refused.code == 2
    assert "Traceback" not in refused.err
