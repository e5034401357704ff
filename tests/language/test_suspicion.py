"""The second ear: it hears what no list says, only ever raises, and is made from its corpus."""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.level import Level
from language.judgement import highest, judge
from language.normalise import normalise
from language.reader import read
from language.suspicion import DATA, features, pieces, sounds, unaccounted

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "text",
    [
        "我爹端着碗愣在那儿，半天不晓得往嘴里送，喊他光眨眼",
        "她躺下就像有人捂着鼻子，只好整宿靠墙坐着张嘴喘",
        "老伴从凳子上出溜下去，嘴里呜呜噜噜的，手也耷拉着",
    ],
)
def test_a_picture_that_no_list_holds_is_heard(text: str) -> None:
    assert highest(judge(read(text))) >= Level.URGENT


@pytest.mark.parametrize(
    "text",
    [
        "血压135/82，没啥不舒服",
        "谢谢医生",
        "明天赶集，晚点量",
        "红薯能吃不",
        "",
        "\ud800",
        "。。。",
    ],
)
def test_everyday_words_are_left_in_peace(text: str) -> None:
    assert sounds(normalise(text).text) == frozenset()


@given(st.text(max_size=200))
def test_it_never_lowers_whatever_it_hears(text: str) -> None:
    understood = read(text)
    deaf = replace(understood, sounds=frozenset())
    for heard in ({"sounds_acute"}, {"sounds_acute", "sounds_grave"}):
        told = replace(understood, sounds=frozenset(heard))
        assert highest(judge(told)) >= highest(judge(deaf))


def test_what_it_heard_stands_among_the_reasons_only_where_it_raised() -> None:
    crisis = read("血压215/130，头疼得要炸，说话不清")
    loud = replace(crisis, sounds=frozenset({"sounds_acute", "sounds_grave"}))
    assert judge(loud)[0].assessment.reasons == judge(crisis)[0].assessment.reasons
    calm = replace(read("今天赶集去了"), sounds=frozenset({"sounds_acute", "sounds_grave"}))
    assert judge(calm)[0].assessment.level is Level.EMERGENCY
    assert "sounds_grave" in judge(calm)[0].assessment.reasons


def test_signs_that_are_accounted_for_are_not_listened_to() -> None:
    text = "没有胸口疼，就是腿酸"
    assert unaccounted(text, ()) == text
    assert unaccounted(text, ((2, 5),)) == "没有,就是腿酸"
    assert unaccounted("没有头疼呕吐", ((4, 6), (2, 4), (3, 5))) == "没有,"
    assert sounds("嘴歪了话也说不清") == {"sounds_acute", "sounds_grave"}
    assert sounds("嘴歪了话也说不清", ((0, 3), (3, 8))) == frozenset()


def test_what_stands_around_a_sign_that_is_accounted_for_is_still_heard() -> None:
    text = "支架放了两年了 今天又跟上回心梗那样疼 含了两片硝酸甘油没压住"
    assert highest(judge(read(text))) >= Level.URGENT


def test_a_sign_of_one_dialect_is_that_of_another() -> None:
    assert features("佢睇唔到") == features("他看不到")


def test_a_number_is_a_number_whatever_it_says() -> None:
    assert features("血压135/82") == features("血压195/118")


def test_a_long_letter_is_heard_piece_by_piece() -> None:
    letter = "今天赶集买了两斤肉。" * 30
    cut = pieces(letter)
    assert len(cut) > 1
    assert "".join(cut) == letter
    assert max(map(len, cut)) <= 120
    assert pieces("字" * 500) == ["字" * 120] * 4 + ["字" * 20]
    assert pieces("  ") == []


def test_listening_costs_less_than_half_a_millisecond() -> None:
    text = normalise("俺娘走道往左边栽，扶都扶不住，早上还好好的，说话也听不清").text
    sounds(text)
    began = time.process_time()
    for _ in range(50):
        sounds(text)
    assert (time.process_time() - began) / 50 < 0.0005


@pytest.mark.slow
def test_the_weights_are_those_of_the_corpus(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    from scripts import train_suspicion

    monkeypatch.setattr(train_suspicion, "DATA", tmp_path)
    train_suspicion.main()
    for name in ("suspicion.toml", "suspicion.bin"):
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes()
    del sys.modules["scripts.train_suspicion"]
