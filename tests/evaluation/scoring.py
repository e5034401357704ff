"""How a label and an answer of `suifang batch` are compared, the same for every hand-written set."""

from __future__ import annotations

from typing import Any

RAISED = {"emergency", "urgent"}
# "150多" is anything up to 159, "11点几" up to 11.9; a converted value may be off by its rounding.
VAGUE = {"bp": 9.0, "pulse": 9.0, "weight": 9.0}
ROUNDING = 0.11

Line = dict[str, Any]
Said = tuple[Line, Line]


def below(bar: float, lines: list[Said], good: list[Said]) -> list[str]:
    """The messages that are wrong, when fewer than this share are good; else nothing."""
    if not lines:
        return ["no message was scored"]
    wrong = [said[0]["text"] for said in lines if said not in good]
    return wrong if len(good) < bar * len(lines) else []


def unmatched(labels: list[Line], found: list[Line]) -> tuple[int, int]:
    """How many labels were missed, and how many readings fit no label."""
    left = list(found)
    missed = 0
    for label in labels:
        match = next((reading for reading in left if same(label, reading)), None)
        if match is None:
            missed += 1
        else:
            left.remove(match)
    return missed, len(left)


def same(label: Line, found: Line) -> bool:
    kind: str = label["kind"]
    if kind != found["kind"]:
        return False
    if kind == "bp":
        return near(label, "sbp", found["sbp"]) and near(label, "dbp", found["dbp"])
    wanted = label | {"value": label.get("value_mmol", label["value"])}
    return near(wanted, "value", found["value"])


def near(label: Line, part: str, found: float | None) -> bool:
    wanted = label.get(part)
    if wanted is None or found is None:
        return wanted is None and found is None
    low, high = label.get(f"{part}_range") or (wanted, wanted)
    if label["approximate"]:
        high += VAGUE.get(label["kind"], 0.9)
    return bool(low - ROUNDING <= found <= high + ROUNDING)


def exact_f1(lines: list[Said]) -> tuple[float, list[str]]:
    """F1 of the stored readings over messages of the task `readings`, and the texts misread."""
    labels = sum(len(line["record"]) for line, _ in lines)
    errors = [unmatched(line["record"], said["readings"]) for line, said in lines]
    missed, extra = (sum(counts) for counts in zip(*errors, strict=True))
    wrong = [line["text"] for (line, _), counts in zip(lines, errors, strict=True) if any(counts)]
    found = labels - missed
    return 2 * found / (2 * found + missed + extra), wrong


def is_level(said: Said, level: str) -> bool:
    return bool(said[0]["level"] == level)


def cited(result: Line) -> set[str]:
    return {citation["article"] for citation in result["citations"]}


def right(said: Said) -> bool:
    """Whether this one answer meets the bar of its task."""
    line, result = said
    if line["task"] == "readings":
        return unmatched(line["record"], result["readings"]) == (0, 0)
    if line["task"] == "question":
        return bool(result["answered"] == line["answerable"])
    accept = set(line["accept"])
    if accept == {"emergency"}:
        return bool(result["level"] == "emergency")
    if accept <= RAISED or not accept & RAISED:
        return bool((result["level"] in RAISED) == (accept <= RAISED))
    return bool(result["level"] in accept)
