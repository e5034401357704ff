"""A figure as it is shown: the same in every format."""

from __future__ import annotations

from dataclasses import dataclass

from reports.definition import Kind

Number = int | float

# Why there is no number.
SMALL, DERIVED, RUNNING = "small", "derived", "running"
NO_ESTIMATE, NOTHING = "no_estimate", "nothing"
HIDDEN = frozenset({SMALL, DERIVED, RUNNING})
_WORDS = {
    DERIVED: "＊",
    RUNNING: "过完月再看",
    NO_ESTIMATE: "缺估计数",
    NOTHING: "—",
}


@dataclass(frozen=True, slots=True)
class Value:
    """A number, or why there is none. A rate is a fraction of one, rounded as it is written."""

    kind: Kind
    number: Number | None = None
    missing: str = ""
    limit: int = 0

    @property
    def text(self) -> str:
        """What stands on paper."""
        if self.number is None:
            return f"少于{self.limit}" if self.missing == SMALL else _WORDS[self.missing]
        return written(self.kind, self.number)


def written(kind: Kind, number: Number) -> str:
    """A number as it is written: rates in percent with one place."""
    if kind is Kind.RATE:
        return f"{number:.1%}"
    if kind is Kind.RATIO:
        return f"{number:.1f}"
    return f"{number:d}" if isinstance(number, int) else f"{number:g}"
