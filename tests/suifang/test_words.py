"""A county's words, as its operator handles them: list, check, try, and what nobody understood."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from language import dialects
from records.messages import Arrival, accept
from records.people import Registration, register
from records.tables import Facility
from suifang import clock
from suifang.errors import EXIT_CONFIGURATION, ConfigurationError
from suifang.installation import open_installation
from suifang.settings import Settings, load_settings
from suifang.words import settle_words
from tests.suifang.conftest import Command

OWN = """
[[word]]
word = ["扑烂"]
means = "头晕"
kind = "trouble"
example = "今天扑烂得厉害"
"""
AROUND = [
    "今天{}得很",
    "我{}两天了",
    "又{}，血压150/95",
    "老是{}，怎么办",
    "夜里{}吗",
    "还{}，药吃了",
]


@pytest.fixture(autouse=True)
def _all_packs_again() -> Iterator[None]:
    yield
    dialects.speak(dialects.dialects())


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "words.toml"
    file.write_text(OWN, "utf-8")
    return file


def test_the_packs_are_listed_with_what_is_spoken_here(
    suifang: Command, home: Path, monkeypatch: pytest.MonkeyPatch, own: Path
) -> None:
    monkeypatch.setenv("SUIFANG_DIALECTS", "yue")
    monkeypatch.setenv("SUIFANG_WORDS_FILE", str(own))
    shown = suifang("words", "list").out
    assert "粤语" in shown
    assert shown.count("点名") == 1
    assert "words.toml" in shown


def test_a_good_file_can_be_used(suifang: Command, home: Path, own: Path) -> None:
    shown = suifang("words", "check", str(own))
    assert (shown.code, "1 words can be used" in shown.out) == (0, True)


def test_a_bad_file_is_refused_with_the_line_and_what_to_do(
    suifang: Command, home: Path, own: Path
) -> None:
    own.write_text(OWN.replace('kind = "trouble"\n', ""), "utf-8")
    shown = suifang("words", "check", str(own))
    assert shown.code == EXIT_CONFIGURATION
    assert "words.toml, line 2: kind is missing: add kind = …" in shown.err


def test_a_list_says_what_is_wrong_with_the_file_of_own_words(
    suifang: Command, home: Path, monkeypatch: pytest.MonkeyPatch, own: Path
) -> None:
    own.write_text("[[word]]\n", "utf-8")
    monkeypatch.setenv("SUIFANG_WORDS_FILE", str(own))
    shown = suifang("words", "list")
    assert (shown.code, "word is missing" in shown.err) == (EXIT_CONFIGURATION, True)


def test_a_check_says_that_a_named_pack_is_not_known(
    suifang: Command, home: Path, monkeypatch: pytest.MonkeyPatch, own: Path
) -> None:
    monkeypatch.setenv("SUIFANG_DIALECTS", "klingon")
    shown = suifang("words", "check", str(own))
    assert (shown.code, "klingon" in shown.err) == (EXIT_CONFIGURATION, True)


def test_an_example_that_is_not_understood_as_its_sentence_is_named(
    suifang: Command, home: Path, own: Path
) -> None:
    own.write_text(OWN + 'standard = "今天胸闷得厉害"\n', "utf-8")
    assert (
        "今天扑烂得厉害 is not understood as 今天胸闷得厉害"
        in suifang("words", "check", str(own)).out
    )


def test_a_sentence_can_be_tried(
    suifang: Command, home: Path, monkeypatch: pytest.MonkeyPatch, own: Path
) -> None:
    monkeypatch.setenv("SUIFANG_WORDS_FILE", str(own))
    shown = suifang("words", "try", "阿妈扑烂，血压165/98，冇食药").out
    assert "读作  阿妈头晕,血压165/98,没吃药" in shown
    assert "bp 165/98" in shown
    assert "dizziness" in shown
    assert "急缓" in shown


def test_a_process_does_not_start_with_words_it_cannot_use(own: Path) -> None:
    own.write_text("[[word]]\n", "utf-8")
    with pytest.raises(ConfigurationError, match="word is missing"):
        settle_words(Settings(words_file=own))
    with pytest.raises(ConfigurationError, match="no dialect pack klingon"):
        settle_words(Settings(dialects="klingon"))


def test_words_that_nobody_knows_are_told_without_names_or_messages(
    suifang: Command, installed: Path
) -> None:
    installation = open_installation(load_settings())
    now = clock.now()
    with installation.database.transaction() as session:
        clinic = Facility(id="c1", kind="village_clinic", name="扑烂沟卫生室", path="c1/")
        session.add(clinic)
        session.flush()
        registration = Registration(name="王钵钵", facility_id="c1", born_on=None, sex="f")
        register(session, installation.vault, registration, now)
        for number in range(8):
            for word in ("秃溜", "钵钵"):
                text = AROUND[number % len(AROUND)].format(word)
                arrival = Arrival(
                    channel="console", account="", address=f"a{number}",
                    external_id=f"{word}{number}", kind="text", text=text, event={},
                    media=(), sent_at=now - timedelta(days=1),
                )  # fmt: skip
                accept(session, installation.vault, arrival, now, wake_at=now)
    installation.database.dispose()
    shown = suifang("words", "unknown")
    assert "秃溜" in shown.out
    assert "8" in shown.out
    assert "钵钵" not in shown.out
    assert "得很" not in shown.out


def test_where_nothing_is_unknown_the_report_says_so(suifang: Command, installed: Path) -> None:
    assert "没有" in suifang("words", "unknown").out
