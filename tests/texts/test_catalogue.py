"""The mechanism: keys, placeholders, lengths, and what a broken file says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from texts.catalogue import (
    CatalogError,
    Channel,
    Use,
    catalogue,
    fit,
    key_for,
    load,
    render,
    sentence,
)

GOOD = """
[meta]
version = "1"
review = "pending"
[placeholder]
name = { max = 4, sample = "王芳" }
[group]
hello = { use = "reply", max = 20, channels = ["wechat", "sms"] }
[hello]
plain = "您好。"
named = { text = "{name}，您好。", channels = ["wechat"], sms = "hello.plain" }
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "words.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_sentence_is_rendered_with_its_placeholders() -> None:
    assert render("reading.recorded", value="血压148/92") == "记下了：血压148/92。谢谢您！"


def test_a_folder_is_read_as_one_and_says_each_thing_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD, encoding="utf-8")
    more = tmp_path / "b.toml"
    more.write_text('[hello]\nagain = "又见面了。"\n', encoding="utf-8")
    assert load(tmp_path).render("hello.again") == "又见面了。"
    more.write_text('[hello]\nplain = "又见面了。"\n', encoding="utf-8")
    with pytest.raises(CatalogError, match=r"b\.toml: \[hello\] says \['plain'\]"):
        load(tmp_path)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(CatalogError, match=r"chat\.nonsense"):
        render("chat.nonsense")


@pytest.mark.parametrize(
    "values",
    [{}, {"value": "6.5", "name": "王芳"}, {"name": "王芳"}],
    ids=["missing", "one too many", "another one"],
)
def test_placeholders_must_fit_exactly(values: dict[str, str]) -> None:
    with pytest.raises(CatalogError, match=r"reading\.recorded: missing"):
        render("reading.recorded", **values)


def test_a_value_longer_than_its_placeholder_is_refused() -> None:
    with pytest.raises(CatalogError, match="longer than"):
        render("reading.recorded", value="压" * 41)


def test_fit_cuts_what_is_too_long_and_nothing_else() -> None:
    assert fit("name", "王桂芳") == "王桂芳"
    cut = fit("name", "王" * 50)
    assert cut.endswith("…")
    assert render("welcome.bound", name=cut)


def test_braces_typed_by_a_patient_stay_text() -> None:
    assert "{value}" in render("reading.clarify_number", number="{value}")


def test_a_sentence_that_may_not_go_by_sms_names_its_stand_in() -> None:
    assert key_for("followup.open_bp", Channel.WECHAT) == "followup.open_bp"
    assert key_for("followup.open_bp", Channel.SMS) == "followup.open_neutral"
    assert key_for("welcome.follow", Channel.SMS) is None
    assert key_for("kind.bp", Channel.WECHAT) is None


def test_groups_give_their_entries_use_and_review() -> None:
    assert sentence("safety.stroke").use is Use.SAFETY
    assert sentence("followup.ask_symptoms").use is Use.REPLY
    assert sentence("followup.open_bp").use is Use.INITIATED
    assert {s.review for s in catalogue().sentences.values()} == {"pending"}


def test_a_good_file_loads(written: Callable[[str], Path]) -> None:
    words = load(written(GOOD))
    assert words.version == "1"
    assert words.render("hello.named", name="王芳") == "王芳，您好。"


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("[hello]", "[bye]", "group bye"),
        ("plain = ", "plain = { txt = 'x' }\nother = ", "unknown"),
        ("{name}，", "{nam}，", "not a placeholder"),
        ("{name}，", "{name!r}，", "not a placeholder"),
        ("{name}，", "{name:>9}，", "not a placeholder"),
        ("{name}，", "{name}" + "，" * 20, "may become"),
        ('sms = "hello.plain"', 'sms = "hello.gone"', "stand in"),
        ('sms = "hello.plain"', 'sms = "hello.named"', "stand in"),
        ('["wechat"]', '["pigeon"]', "pigeon"),
        ("review =", "reviewed =", "review"),
        ("[meta]", "[meta", "TOMLDecodeError"),
        ("{name}，", "{name，", "expected '}'"),
    ],
)
def test_a_broken_file_is_refused_by_name(
    written: Callable[[str], Path], old: str, new: str, complaint: str
) -> None:
    with pytest.raises(CatalogError, match=r"words\.toml") as refused:
        load(written(GOOD.replace(old, new, 1)))
    assert complaint in str(refused.value)


def test_the_catalogue_is_read_once() -> None:
    assert catalogue() is catalogue()
