"""What the blind sets taught, in sentences of their own: one cause each, so that it stays mended."""

from __future__ import annotations

import pytest

from care.reading import Kind, Reading
from knowledge.gate import Gate
from language.reader import read


def values(text: str) -> list[str]:
    return [shown(mention.reading) for mention in read(text).storable]


def shown(reading: Reading) -> str:
    if reading.kind is Kind.BP:
        return f"{reading.systolic:g}/{reading.diastolic:g}"
    return f"{reading.value:g}"


def findings(text: str) -> set[str]:
    return {finding.concept for finding in read(text).findings}


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("这两天早上血压152-158/94", ["158/94"]),
        ("血压146/86-92，没啥感觉", ["146/92"]),
        ("听说170就会中风，我的血压162/95要紧吗", ["162/95"]),
        ("前年体检128/82今年一量150/96", ["150/96"]),
        ("第一次量150/94，歇了十分钟再量138/88", ["150/94", "138/88"]),
        ("阿公血压175/100，我自家只有126/78", ["126/78"]),
        ("今天血压150同92", ["150/92"]),
        ("血压一五二九四", ["152/94"]),
        ("今天38度热死了，血压126/80", ["126/80"]),
        ("梦到血压两百", []),
        ("高压155 153 149低压95 92 90", ["155/95", "153/92", "149/90"]),
        ("餐前8点餐后12点", ["8", "12"]),
        ("空腹8点测的7.2", ["7.2"]),
        ("中午一测十七点六", ["17.6"]),
        ("血糖十八块二", ["18.2"]),
        ("3.6，有点饿", ["3.6"]),
        ("今年谷子亩产二百来斤，低的一百一", []),
        ("血糖试纸一盒二十八贵不贵", []),
    ],
)
def test_what_a_run_on_message_says_of_today_is_stored(text: str, stored: list[str]) -> None:
    assert values(text) == stored


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("有高血压十多年了左手没劲", "one_sided_weakness"),
        ("糖尿病八年双眼看不见", "sudden_vision_loss"),
        ("奶奶张嘴话也讲不出", "speech_trouble"),
        ("碗都端不稳，刚才还好好的", "one_sided_weakness"),
        ("宝宝吞了两片我的降糖药", "overdose"),
        ("一气之下半瓶安眠药都倒嘴里了", "overdose"),
        ("半夜憋醒，坐一坐就好了", "dyspnoea_resolved"),
        ("怀孕的时候抽了，吐白沫", "seizure"),
    ],
)
def test_a_sign_is_heard_in_words_of_every_day(text: str, concept: str) -> None:
    assert concept in findings(text)


@pytest.mark.parametrize(
    "text",
    [
        "电视里讲半边身子没劲就是中风，真的吗",
        "大夫问胸痛气短这些，我都没有",
        "抽了四十年的烟，还戒不戒",
        "打120要说哪些话",
        "双下肢无水肿",
        "老年人突然晕倒的原因",
        "我不识字，能不能说话给你听",
    ],
)
def test_what_is_asked_heard_or_denied_raises_nothing(text: str) -> None:
    assert findings(text) == set()


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("针头重复用几次", "dm.insulin_inject"),
        ("怎么取消这些消息", "svc.optout"),
        ("感冒了降糖药还吃不吃", "dm.sick_day"),
    ],
)
def test_what_was_declined_by_mistake_finds_its_article(question: str, article: str) -> None:
    gate = Gate()
    assert gate.refusal(question) is None
    assert gate.route(question) == article


@pytest.mark.parametrize("question", ["二甲双胍一天吃几颗", "我高压150要不要吃药", "一天吃几颗药"])
def test_a_dose_is_still_the_doctors(question: str) -> None:
    assert Gate().refusal(question) in {"dose_change", "prescription"}
