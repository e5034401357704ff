"""How alike two questions are by their characters: enough to put the same question asked twice together.

No model and no numbers library: the web process sorts by it too. What most questions share (能不能,
血压, 糖尿病) weighs little, by how often the ways of asking of our own articles use it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from knowledge.article import read_articles
from knowledge.question import normalise
from language.dialects import standard

# Measured on tests/knowledge/alike.tsv, see docs/knowledge.md.
ALIKE = 0.24
_RUN = re.compile(r"[a-z0-9]+|[\u4e00-\u9fff]+")
_MARK = re.compile("〔[^〕]*〕")
# The frame of a question and the diseases we look after: nothing that tells two questions apart.
_FRAME = re.compile(
    "高血压|血压高|糖尿病|血糖高|高血糖|三高|病人|患者|的人|老人|请问|想问|问一?下|问|医生|大夫"
    "|能不能|可不可以|行不行|好不好|要不要|会不会|有没有|是不是|该不该|可以|能够|怎么办|咋办|怎么回事|咋回事|为什么|为啥"
    "|有事|要紧|影响|关系|注意|危险|有用|好处|行|能|吗|呢|么|不|没|啊|呀|我|有|了|的|会|对|得|还|去|要|和|跟|就|是|啥|什么"
)
_PAIR = 2
_SINGLE = 0.6

Weights = Mapping[str, float]


def weights(text: str) -> Weights:
    """The weighted characters and pairs of a question, of length one."""
    plain = normalise(standard(_MARK.sub(" ", text)))
    plain = _FRAME.sub(" ", plain).strip() or plain
    common, total = _common()
    found: dict[str, float] = {}
    for piece in set(_pieces(plain)):
        idf = math.log(total / (1 + common.get(piece, 0)))
        found[piece] = idf * (1.0 if len(piece) >= _PAIR else _SINGLE)
    length = math.sqrt(sum(value * value for value in found.values())) or 1.0
    return {piece: value / length for piece, value in found.items()}


def likeness(one: Weights, other: Weights) -> float:
    """From 0, nothing in common, to 1, the same words."""
    few, many = sorted((one, other), key=len)
    return sum(value * many.get(piece, 0.0) for piece, value in few.items())


def nearest(new: Weights, groups: Mapping[str, Sequence[Weights]]) -> str | None:
    """The group that a question belongs to; None when it is the first of its kind."""
    best, found = 0.0, None
    for group, members in groups.items():
        score = closeness(new, members)
        if score > best:
            best, found = score, group
    return found if best >= ALIKE else None


def closeness(new: Weights, members: Iterable[Weights]) -> float:
    """How near a question is to a group: to its nearest two, so that no chain runs away."""
    scores = sorted((likeness(new, member) for member in members), reverse=True)[:2]
    return sum(scores) / len(scores) if scores else 0.0


def _pieces(text: str) -> Iterable[str]:
    for run in _RUN.findall(text):
        if run[0].isascii():
            yield run
            continue
        yield from run
        yield from (run[at : at + _PAIR] for at in range(len(run) - 1))


@cache
def _common() -> tuple[Counter[str], int]:
    """In how many of our own questions each piece stands."""
    texts = [normalise(question) for article in read_articles() for question in article.questions]
    return Counter(piece for text in texts for piece in set(_pieces(text))), len(texts)
