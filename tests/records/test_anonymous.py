"""What leads to a person leaves the words before they are kept. Everybody here is invented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.article import read_articles
from records import anonymous as anonymous_words
from records.anonymous import LONGEST, anonymous

SET = Path(__file__).with_name("identifying.tsv")
NAMES = ("王桂花", "李建国", "张秀兰")
PLACES = ("李家坳村卫生室", "石桥镇卫生院", "清水县", "东沟村")


def messages(kind: str) -> list[tuple[str, list[str]]]:
    rows = (line.split("\t") for line in SET.read_text("utf-8").splitlines())
    return [(row[1], row[2].split("|")) for row in rows if row[0] == kind]


def leaks(message: str, secrets: list[str]) -> list[str]:
    words = anonymous(message, NAMES, PLACES).words
    return [secret for secret in secrets if secret.strip(",") in words]


def test_the_set_is_large_enough_to_say_something() -> None:
    counts = {kind: len(messages(kind)) for kind in ("number", "known", "unknown")}
    assert sum(counts.values()) >= 80
    assert min(counts.values()) >= 20


@pytest.mark.parametrize(("message", "secrets"), messages("number"))
def test_no_number_account_day_or_exact_age_stays(message: str, secrets: list[str]) -> None:
    assert leaks(message, secrets) == []


@pytest.mark.parametrize(("message", "secrets"), messages("known"))
def test_no_name_or_place_that_is_known_stays(message: str, secrets: list[str]) -> None:
    assert leaks(message, secrets) == []


def test_most_names_that_nobody_told_us_go_too() -> None:
    """No rule finds them all; docs/knowledge.md gives the figure."""
    found = messages("unknown")
    missed = [message for message, secrets in found if leaks(message, secrets)]
    assert len(missed) <= len(found) // 5, missed


def test_a_question_that_names_nobody_is_left_as_it_is() -> None:
    asked = [question for article in read_articles() for question in article.questions]
    touched = [one for one in asked if set(anonymous(one).removed) - {"age"}]
    assert len(touched) <= len(asked) // 400, touched


@pytest.mark.parametrize(
    "said",
    [
        "血压150 95 148 92 怎么办",
        "早上152/94，晚上148/90，空腹6.8",
        "每天吃盐5克，喝水1500毫升行吗",
        "降压0号吃了三年要紧吗",
        "糖化血红蛋白6.5算高吗",
        "金银花茶、白菜、马铃薯、花生、桂圆能吃吗",
        "去县医院还是村卫生室看",
        "吃了三个月药没用",
        "我是高血压，我妈是糖尿病",
    ],
)
def test_values_foods_and_plain_words_stay(said: str) -> None:
    assert anonymous(said).removed == ()


def test_what_was_taken_out_is_told_by_its_kind() -> None:
    found = anonymous("我叫刘秀英，72岁，3月8号查的，电话13800001111")
    assert found.removed == ("age", "day", "name", "number")
    assert found.words == "我叫〔姓名〕，70多岁，〔日期〕查的，电话〔号码〕"


@given(st.text(max_size=400), st.lists(st.text(max_size=6), max_size=3))
def test_any_text_is_accepted_and_none_is_endless(text: str, known: list[str]) -> None:
    assert len(anonymous(text, known, known).words) <= LONGEST


@given(
    st.text(alphabet="盐血压高怎么办，。 能吃吗", max_size=20),
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.sampled_from(["", " ", "-", ".", "、"]),
)
def test_no_mobile_number_ever_stays(words: str, phone: str, gap: str) -> None:
    spaced = gap.join((phone[:3], phone[3:7], phone[7:]))
    left = anonymous(f"{words}{spaced}{words}").words
    assert phone not in "".join(sign for sign in left if sign.isdigit())


def test_a_name_that_nobody_said_costs_no_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []
    spaced = anonymous_words._spaced

    def counted(name: str) -> re.Pattern[str]:
        tried.append(name)
        return spaced(name)

    monkeypatch.setattr(anonymous_words, "_spaced", counted)
    staff = ("赵铁柱", "孙腊梅", *NAMES)
    assert anonymous("血压高能不能腌酸菜", staff).removed == ()
    assert tried == []
    assert "腊" not in anonymous("孙 腊 梅医生让我少放盐", staff).words
    assert tried == ["孙腊梅", "腊梅"]
    # Written as it sounds, it goes without any.
    assert "辣" not in anonymous("孙辣妹让我少放盐", staff).words
