"""Templates as data: what the platform would refuse is refused when it is read, and never sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.wechat.fields import TYPES, fits, fitted, type_of
from channels.wechat.registered import RegisteredError, Slot, load, shipped
from records.windows import Window
from simulator.settings import TemplateSpec
from simulator.template_message import fits as platform_takes

ROOT = Path(__file__).parents[2]
SAID = st.text(max_size=60) | st.dates().map(str) | st.datetimes().map(str) | st.integers()


@pytest.mark.parametrize("kind", sorted(TYPES))
@given(said=SAID)
def test_what_is_made_to_fit_a_formal_account_takes(kind: str, said: object) -> None:
    """The simulated platform has a table of its own, written from the public description."""
    key, approved = f"{kind}1", ("待随访", "已完成")
    made = fitted(key, said, approved)
    spec = TemplateSpec("t", "t", {}, {"const1": frozenset(approved)})
    assert made is None or (fits(key, made, approved) and platform_takes(spec, key, made))


@pytest.mark.parametrize("name", sorted(shipped().templates))
@given(data=st.data())
def test_no_value_of_ours_is_ever_refused(name: str, data: st.DataObject) -> None:
    template, now = shipped().templates[name], datetime.fromisoformat("2026-11-23T09:00+08:00")
    values = data.draw(st.dictionaries(st.sampled_from(sorted(template.slots)), SAID | st.none()))
    spec = TemplateSpec("t", "t", {slot.key: "" for slot in template.slots.values()})
    filled = template.data(values, now)
    assert filled.keys() == spec.fields.keys()
    assert all(platform_takes(spec, key, said["value"]) for key, said in filled.items())


@pytest.mark.parametrize(
    ("key", "said", "made"),
    [
        ("thing1", "很长的标题" * 9, "很长的标题很长的标题很长的标题很长的标…"),
        ("thing1", "一行\n又一行😊", "一行 又一行"),
        ("thing1", "   ", None),
        ("time2", "2026-11-30", "2026年11月30日"),
        ("date2", "2026-11-30T07:05:00+00:00", "2026年11月30日 15:05"),
        ("time2", "2026年11月30日 15:01~16:00", "2026年11月30日 15:01~16:00"),
        ("time2", "下周一", None),
        ("character_string1", "编号7", None),
        ("character_string1", "SF-7", "SF-7"),
        ("phrase1", "超过五个汉字", None),
        ("amount1", "¥12.50", "¥12.50"),
        ("phone_number1", "0871-6123456", "0871-6123456"),
        ("number1", 165, "165"),
        ("const1", "待随访", "待随访"),
        ("const1", "别的话", None),
        ("unheard_of1", "x", None),
        ("thing", "x", None),
    ],
)
def test_values_are_written_as_their_types_demand(key: str, said: object, made: str | None) -> None:
    assert fitted(key, said, ("待随访",)) == made


def test_what_does_not_fit_gives_way_to_the_default(now: datetime) -> None:
    slot = Slot("phrase1", "待随访")
    assert [slot.value(said, now) for said in ("已完成", "超过五个汉字", "", None)] == [
        "已完成",
        "待随访",
        "待随访",
        "待随访",
    ]


def test_a_template_without_a_date_names_the_day_it_is_sent(now: datetime) -> None:
    data = shipped().templates["followup_due"].data({}, now)
    assert data["time2"]["value"] == "2026年11月23日"


def test_the_words_of_our_templates_name_no_disease() -> None:
    words = "".join(
        slot.default
        for template in shipped().templates.values()
        for slot in template.slots.values()
    )
    assert not any(word in words for word in ("血压", "血糖", "糖尿病", "高血压", "药"))


def a_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "account.toml"
    path.write_text(text, "utf-8")
    return path


def a_field(said: str) -> str:
    """One field of a lesson's template."""
    return f"[templates.lesson.fields]\ntitle = {said}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (a_field('{ key = "first", default = "x" }'), r"\[lesson\] title: first is no key"),
        (a_field('{ default = "x" }'), "title: no key is no key"),
        (a_field('"thing1"'), "title: needs key and default"),
        (a_field('{ key = "thing1", default = "' + "长" * 21 + '" }'), "thing1 does not take"),
        (a_field('{ key = "thing1" }'), "thing1 does not take the default"),
        (a_field('{ key = "thing1", default = "today" }\nb = 1'), "needs key and default"),
        (a_field('{ key = "const1", default = "x" }'), "a const needs `allowed`"),
        (
            a_field('{ key = "const1", default = "y", allowed = ["x"] }'),
            "const1 does not take the default 'y'",
        ),
        (
            a_field('{ key = "const1", default = "x", allowed = ["x", "' + "长" * 21 + '"] }'),
            "does not take the allowed",
        ),
        (
            a_field('{ key = "thing1", default = "a" }\nb = { key = "thing1", default = "b" }'),
            r"\[lesson\]: a key stands twice",
        ),
        ("[templates.lesson]\ntitle = 'x'", r"\[lesson\]: no fields"),
        ("[templates]\nlesson = 1", "lesson is no table"),
        (
            "[templates.lesson]\nkind = 'sometimes'\n"
            + a_field('{ key = "thing1", default = "a" }'),
            "kind is one of",
        ),
        (
            "[templates.lesson]\nkind = 'template'\n"
            + a_field('{ key = "thing1", default = "a" }'),
            "only for those who subscribed",
        ),
        ("[windows.message]\nsends = 101\nhours = 1", "at most 100 sends"),
        ("[windows.message]\nsends = 5", "at most 100 sends"),
        ("[windows.message]\nsends = 1.5\nhours = 1", "whole numbers"),
        ("[windows.call]\nsends = 1", "call is none of message"),
        ("[colours]\na = 1", r"\[colours\] is neither"),
        ("[templates", "account.toml: "),
    ],
)
def test_a_file_that_the_platform_would_refuse_is_refused_here(
    tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(RegisteredError, match=why):
        load(a_file(tmp_path, text))


def test_an_account_of_its_own_goes_before_what_is_shipped(tmp_path: Path) -> None:
    file = a_file(
        tmp_path,
        """
        [windows.menu]
        sends = 4
        minutes = 2
        [templates.lesson]
        id = "tpl-lesson"
        kind = "long_term"
        [templates.lesson.fields]
        title = { key = "thing7", default = "今日小课" }
        state = { key = "const2", default = "待查看", allowed = ["待查看", "已查看"] }
        """,
    )
    found = load(file)
    lesson = found.templates["lesson"]
    assert (lesson.id, lesson.kind, type_of(lesson.slots["title"].key)) == (
        "tpl-lesson",
        "long_term",
        "thing",
    )
    assert found.windows["menu"] == Window(timedelta(minutes=2), 4)
    assert found.windows["message"] == Window(timedelta(hours=48), 5)
    assert found.templates["followup_due"] == shipped().templates["followup_due"]
    assert load(None) == shipped()


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RegisteredError, match=r"gone\.toml"):
        load(tmp_path / "gone.toml")


def test_the_file_that_the_documents_show_is_taken(tmp_path: Path) -> None:
    shown = (ROOT / "docs/channels.md").read_text("utf-8")
    blocks = [block.partition("```")[0] for block in shown.split("```toml\n")[1:]]
    (ours,) = [block for block in blocks if "[windows.menu]" in block]
    assert load(a_file(tmp_path, ours)).templates["lesson"].kind == "long_term"
