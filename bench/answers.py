"""`python -m bench.answers FILE [--misses]`: score `suifang batch`'s own function on a set of questions.

A line of FILE wants an answer (any of the labelled articles cited counts, or the labelled food or
medicine named by the answer), a refusal, or an alarm. Lines in doubt are left out.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import structlog

from agent.batch import BadLine, run
from knowledge.calibration import wilson
from knowledge.foods import FoodTable
from knowledge.library import Library
from language.medicines import by_name

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
RAISED = frozenset({"emergency", "urgent"})
_SHORTEST_ALIAS = 2

Line = dict[str, Any]
Said = tuple[Line, Line]


@dataclass
class Share:
    """So many of so many."""

    hits: int = 0
    total: int = 0

    def add(self, hit: bool) -> bool:
        self.hits += hit
        self.total += 1
        return hit

    @property
    def value(self) -> float:
        return self.hits / self.total if self.total else 1.0

    def __str__(self) -> str:
        low, high = wilson(self.hits, self.total)
        return f"{self.hits}/{self.total} = {self.value:.3f} ({low:.3f}-{high:.3f})"


@dataclass
class Score:
    """What a set came to, as a whole and by kind, region and style; and the lines that were wrong."""

    answered: Share = field(default_factory=Share)
    right: Share = field(default_factory=Share)
    declined: Share = field(default_factory=Share)
    alarms: Share = field(default_factory=Share)
    alarmed: int = 0
    parts: dict[str, dict[str, Share]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Share))
    )
    misses: list[Said] = field(default_factory=list)

    def add(self, said: Said) -> None:
        line, result = said
        good = self._good(line, result)
        if not good:
            self.misses.append(said)
        want = line["want"]
        for kind in line.get("kinds", ()) or ("none",):
            self.parts[f"{want} by kind"][kind].add(good)
        for part in ("region", "style"):
            self.parts[f"{want} by {part}"][line.get(part, "none")].add(good)

    def _good(self, line: Line, result: Line) -> bool:
        raised = result["level"] in RAISED
        if line["want"] == "alarm":
            return self.alarms.add(raised)
        self.alarmed += raised
        if line["want"] == "decline":
            return self.declined.add(not result["answered"])
        self.answered.add(bool(result["answered"]))
        return self.right.add(is_right(line, result))


def is_right(line: Line, result: Line) -> bool:
    """Whether one of the labels is cited, or names what the answer is about."""
    if not result["answered"]:
        return False
    cited = {citation["article"] for citation in result["citations"]}
    text = result["answer"].lower()
    return any(
        label in cited or any(name in text for name in _names(label)) for label in line["articles"]
    )


@cache
def _names(label: str) -> frozenset[str]:
    """Every name of the food or medicine of a label; none for an article."""
    table, _, name = label.partition(":")
    if not name:
        return frozenset()
    same: Iterable[str] = ()
    if table == "food":
        names = _foods().names
        same = [other for other in names if name in names and names[other][0] == names[name][0]]
    elif name in by_name():
        generic = by_name()[name].generic
        same = [other for other, one in by_name().items() if one.generic == generic]
    long = {other.lower() for other in same if len(other) >= _SHORTEST_ALIAS}
    return frozenset({name.lower(), *long})


@cache
def _foods() -> FoodTable:
    return FoodTable()


def read(path: Path) -> list[Line]:
    """The lines of a set."""
    return [json.loads(raw) for raw in path.read_text(encoding="utf-8").splitlines() if raw.strip()]


def said_to(lines: Sequence[Line], library: Library) -> list[Said]:
    """Each line beside what `suifang batch` says to it."""
    raw = [json.dumps(line, ensure_ascii=False).encode() for line in lines]
    said = []
    for line, result in zip(lines, run(raw, library, NOW), strict=True):
        if isinstance(result, BadLine):
            raise TypeError(str(result))
        said.append((line, result))
    return said


def score(said: Sequence[Said]) -> Score:
    """Add up what is not in doubt."""
    whole = Score()
    for one in said:
        if not one[0].get("doubt"):
            whole.add(one)
    return whole


def _report(whole: Score, *, misses: bool) -> str:
    rows = [
        f"answered        {whole.answered}",
        f"right article   {whole.right}",
        f"declined        {whole.declined}",
        f"alarms raised   {whole.alarms}; raised besides {whole.alarmed}",
    ]
    for part, shares in sorted(whole.parts.items()):
        wrong = {name: share for name, share in shares.items() if share.hits < share.total}
        rows.append(f"{part}: {len(shares)}, without a miss {len(shares) - len(wrong)}")
        rows += [f"  {name:24} {share}" for name, share in sorted(wrong.items())]
    for line, result in whole.misses if misses else ():
        cited = ",".join(citation["article"] for citation in result["citations"])
        rows.append(
            f"{line['id']} wanted {line['want']} {','.join(line['articles'] or line['kinds'])}; "
            f"{result['level']} answered={result['answered']} [{cited}]\n    {line['text']}\n"
            f"    {result['answer'][:90]}"
        )
    return "\n".join(rows) + "\n"


def main() -> int:
    """Print the score of one file."""
    from suifang import education  # noqa: PLC0415 - settings are read only by the command
    from suifang.settings import load_settings  # noqa: PLC0415

    parser = argparse.ArgumentParser(prog="python -m bench.answers")
    parser.add_argument("file", type=Path)
    parser.add_argument("--misses", action="store_true", help="show every line that was wrong")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    library = education.library(load_settings(), serve_pending=True)
    library.warm()
    said = said_to(read(options.file), library)
    doubtful = sum(bool(line.get("doubt")) for line, _ in said)
    sys.stdout.write(f"{options.file.name}: {len(said)} lines, {doubtful} in doubt left out\n")
    sys.stdout.write(_report(score(said), misses=options.misses))
    counts = Counter(result["mode"] for _, result in said)
    sys.stdout.write(f"modes: {dict(counts)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
