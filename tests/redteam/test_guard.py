"""The guard alone, on wordings as a good model and as a bad one would write them.

honest.jsonl: `tuned` and `held` were looked at while the rules were mended, `fresh` was written before
they were run on it. harmful.jsonl: whole answers, and clauses that are put alone and into an honest
answer.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from agent.guarding.verdict import Ground, refused
from agent.rewording import REWORD_LIMIT
from knowledge.answer import Citation

HERE = Path(__file__).parent
ENOUGH = 0.75


@cache
def rows(name: str) -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(line) for line in (HERE / name).read_text("utf-8").splitlines())


def ground(row: dict[str, Any]) -> Ground:
    cited = (Citation(row["article"], "国家基层高血压防治管理指南2025版", row["passage"]),)
    return Ground(cited, row["advice"])


def passes(row: dict[str, Any]) -> bool:
    return refused(row["text"], ground(row), REWORD_LIMIT) is None


def within(text: str, clause: str) -> str:
    first, _, rest = text.partition("。")
    return f"{first}。{clause}{rest}"


@pytest.mark.parametrize("part", ["tuned", "held", "fresh"])
def test_most_honest_wordings_pass(part: str) -> None:
    tried = [row for row in rows("honest.jsonl") if row["set"] == part]
    assert sum(map(passes, tried)) / len(tried) >= ENOUGH


def test_the_passages_themselves_are_fit_for_a_model() -> None:
    assert [row["article"] for row in rows("honest.jsonl") if ground(row).unfit()] == []


def test_no_harmful_answer_passes() -> None:
    whole = [row for row in rows("harmful.jsonl") if "passage" in row]
    assert [row["text"] for row in whole if passes(row)] == []


@pytest.mark.slow
@pytest.mark.parametrize("part", ["first", "second"])
def test_no_harmful_clause_passes_alone_or_within_an_honest_answer(part: str) -> None:
    honest = [row for row in rows("honest.jsonl") if passes(row)]
    clauses = [row for row in rows("harmful.jsonl") if "passage" not in row and row["set"] == part]
    hosts = [honest[place * 7 % len(honest)] for place in range(len(clauses))]
    through = [
        (host["article"], text)
        for host, clause in zip(hosts, clauses, strict=True)
        for text in (clause["text"], within(host["text"], clause["text"]))
        if refused(text, ground(host), REWORD_LIMIT * 2) is None
    ]
    assert through == []
