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


def texts(count: int) -> Iterator[str]:
    """So many messages, no two neighbours alike."""
    for number in range(count):
        yield _SENTENCES[number % len(_SENTENCES)].format(
            high=118 + number % 31,
            low=70 + number % 17,
            pulse=64 + number % 19,
            sugar=5 + number % 40 / 10,
        )


def conversations(count: int, people: int) -> list[tuple[str, str]]:
    """The same as (openid, text), spread over so many people."""
    return [(f"o-{number % people:05d}", text) for number, text in enumerate(texts(count))]
