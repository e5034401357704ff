"""What the measurements send: our own sentences of the kinds that patients write."""

from __future__ import annotations

from collections.abc import Iterator

_SENTENCES = (
    "血压{high}/{low}",
    "早上量的{high} {low}",
    "高压{high}低压{low},脉搏{pulse}",
    "空腹血糖{sugar}",
    "吃了药了,今天{high}/{low}",
    "老伴的血压是{high}比{low}",
    "今天挺好的,没什么不舒服",
    "饭后两小时血糖{sugar},这两天有点乏力",
)
_QUESTIONS = (
    "血压高能不能喝酒",
    "降压药吃上就不能停吗",
    "糖尿病人能吃{food}吗",
    "低血糖了怎么办",
    "高血压要多久量一次血压",
    "二甲双胍饭前吃还是饭后吃",
    "一天吃多少盐合适",
    "血糖高的人怎么运动",
)
_FOODS = ("西瓜", "红薯", "粥", "苹果", "花生", "蜂蜜")


def texts(count: int) -> Iterator[str]:
    """So many messages, no two neighbours alike."""
    for number in range(count):
        yield _SENTENCES[number % len(_SENTENCES)].format(
            high=118 + number % 31,
            low=70 + number % 17,
            pulse=64 + number % 19,
            sugar=5 + number % 40 / 10,
        )


def questions(count: int) -> Iterator[str]:
    """So many questions that the articles answer."""
    for number in range(count):
        yield _QUESTIONS[number % len(_QUESTIONS)].format(food=_FOODS[number % len(_FOODS)])


def conversations(count: int, people: int) -> list[tuple[str, str]]:
    """The same as (openid, text), spread over so many people."""
    return [(f"o-{number % people:05d}", text) for number, text in enumerate(texts(count))]
