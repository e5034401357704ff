"""Pictures and pieces of a sign: one class of words crossed by another."""

from __future__ import annotations

import re

import pytest

from language import frames
from language.concepts import expand
from language.frames import framed
from language.lexicon import table
from language.reader import read


def heard(text: str) -> set[str]:
    return {finding.concept for finding in read(text).findings}


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("右手跟断了线的木偶一样", "one_sided_weakness"),
        ("筷子老从手里滑下去", "one_sided_weakness"),
        ("钥匙半天插不进锁眼", "one_sided_weakness"),
        ("漱口水从嘴角往外漏", "face_droop"),
        ("说出来的话没一个人听得懂", "speech_trouble"),
        ("走路直往左边栽", "sudden_imbalance"),
        ("胸口像压着一扇磨盘", "chest_pain_severe"),
        ("后背像被刀从上往下剌开", "chest_pain_tearing"),
        ("一躺平就像水漫上来，靠着才好点", "orthopnoea"),
        ("叫醒了应一声，又睡过去", "drowsy"),
        ("把我认成他死去的弟弟", "confused"),
        ("咕咚一声，过去一看趴在地上", "syncope"),
        ("该打8个单位，手一滑拧到80推进去了", "double_dose_glucose_lowering"),
        ("把打虫的药喝了两口", "overdose"),
        ("绳子都挂好了，不想拖累孩子", "suicidal_plan"),
        ("拉的跟沥青一样", "black_stool"),
    ],
)
def test_a_picture_is_heard_as_the_sign_it_paints(text: str, concept: str) -> None:
    assert concept in heard(text)


@pytest.mark.parametrize(
    ("standard", "dialect"),
    [
        ("说话说不出来", "讲话讲唔出嚟"),
        ("叫不应", "嗌唔应"),
        ("喝了半瓶农药", "饮咗半樽农药"),
        ("左眼看不到", "左眼睇唔到"),
    ],
)
def test_one_class_hears_every_region(standard: str, dialect: str) -> None:
    assert heard(standard) & heard(dialect)


def test_a_slip_is_heard_by_its_sound_only_beside_a_word_as_it_is_written() -> None:
    assert "chest_pain_severe" in heard("闷得像压了块石投，全身冷汉")
    assert heard("石投不错，冷汉也来了") == set()


def test_words_in_another_sentence_do_not_make_a_frame() -> None:
    assert heard("筷子买好了。昨天鸡蛋掉了两个") == set()


def test_a_denied_picture_is_denied() -> None:
    assert "one_sided_weakness" not in heard("两只手都好，没有拿不住筷子")


def test_a_no_inside_the_picture_denies_nothing() -> None:
    assert "passive_death_wish" in heard("活着真没啥意思")


def test_a_question_put_by_saying_the_verb_twice_holds_no_no() -> None:
    assert "cannot_swallow" not in heard("能不能吞")


def test_what_spoils_a_frame_spoils_it_unless_it_is_denied() -> None:
    assert "sudden_imbalance" not in heard("喝了酒走路东倒西歪")
    assert "sudden_imbalance" in heard("没喝酒走路东倒西歪")


def test_braces_stand_for_each_of_their_words() -> None:
    assert expand("拿不{住|稳}") == ["拿不住", "拿不稳"]
    assert expand("筷子") == ["筷子"]


def test_a_frame_with_an_unknown_class_is_refused() -> None:
    with pytest.raises(ValueError, match="no class 'lims'"):
        frames.parse("one_sided_weakness", "lims disobeys", {"disobeys": ["没劲"]})


def test_every_class_is_used_and_named_once() -> None:
    data = table("frames")
    used = {
        part.lstrip("!")
        for texts in data["frames"].values()
        for text in texts
        for part in text.split()
        if re.fullmatch(r"!?[a-z_0-9]+", part)
    }
    assert set(data["classes"]) == used


def test_a_text_full_of_pieces_stays_cheap() -> None:
    assert len(framed("手没劲筷子掉了" * 400, ())) < len(table("frames")["frames"]) * 12


def test_words_written_on_the_spot_name_no_class() -> None:
    data = table("frames")
    texts = [text for frames_ in data["frames"].values() for text in frames_]
    inside = [
        word
        for text in texts
        for group in re.findall(r"\(([^()]*)\)", text)
        for word in group.split("|")
    ]
    assert [word for word in inside if word in data["classes"]] == []
