"""The contract with the rules: codes emitted exist, codes that exist can be said."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from language import homophones
from language.lexicon import table
from language.normalise import normalise
from language.reader import read
from language.suspicion import HEADS

CARE = Path(__file__).parents[2] / "care" / "protocols" / "findings.toml"


def codes() -> set[str]:
    with CARE.open("rb") as file:
        return set(tomllib.load(file)["findings"])


def emitted() -> set[str]:
    data, outcome = table("concepts"), table("outcome")
    made = {concept for rule in data["compose"] for concept in rule["trouble"].values()}
    sided = {concept for side in data["sided"].values() for concept in side.values()}
    passing = set(data["sided"]["none"])
    return (
        set(data["phrases"])
        | set(table("frames")["frames"])
        | set(data["diseases"])
        | (made - passing)
        | (sided - passing)
        | {grade["concept"] for grade in data["grade"]}
        | set(outcome["resolved"].values())
    )


def test_every_code_emitted_is_known_to_the_rules() -> None:
    assert emitted() - codes() == set()


def test_every_code_of_the_rules_can_be_said() -> None:
    overheard = {f"sounds_{head}" for head in HEADS}
    assert codes() - emitted() == overheard


def test_what_replaces_and_what_stays_are_known_codes() -> None:
    outcome = table("outcome")
    named = set(outcome["stays"]["concepts"]) | set(outcome["replaces"])
    named |= {weak for weaks in outcome["replaces"].values() for weak in weaks}
    assert named - codes() == set()


def test_what_is_accounted_for_is_a_known_code() -> None:
    data = table("explained")
    named = {code for cause in data["cause"] for code in cause["concepts"]}
    named |= set(data["figurative"]["concepts"])
    assert named - codes() <= set(table("concepts")["sided"]["none"])


def test_a_repair_keeps_the_length() -> None:
    repairs = table("repairs")["repairs"]
    assert [wrong for wrong, right in repairs.items() if len(wrong) != len(right)] == []


def test_words_are_written_as_they_are_looked_up() -> None:
    data = table("concepts")
    words = [word for texts in data["phrases"].values() for word in texts]
    assert [word for word in words if len(normalise(word).text) != len(word)] == []


def test_no_expression_is_named_by_two_concepts() -> None:
    seen: dict[str, str] = {}
    twice = []
    for section in ("phrases", "diseases"):
        for concept, texts in table("concepts")[section].items():
            twice += [
                (t, seen[t], concept) for t in texts if seen.setdefault(t, concept) != concept
            ]
    assert twice == []


@pytest.mark.parametrize(
    "section",
    ["repairs", "lexicon", "units", "concepts", "context", "intents", "frames", "explained"],
)
def test_every_table_carries_its_review_state(section: str) -> None:
    assert table(section)["meta"]["review"] == "pending"


# Facts that need a wider sentence than the expression itself.
QUIET = {"severe_illness_said"}


def test_every_plain_expression_is_heard_in_a_first_person_sentence() -> None:
    deaf = []
    for concept, texts in table("concepts")["phrases"].items():
        for text in texts:
            if "*" in text or concept in QUIET:
                continue
            understood = read(f"我今天突然{text}")
            if not understood.findings:
                deaf.append((concept, text))
    assert deaf == []


def words_in(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [word for part in value.values() for word in words_in(part)]
    return [word for part in value for word in words_in(part)] if isinstance(value, list) else []


@pytest.mark.parametrize("name", ["lexicon", "concepts", "intents", "background"])
def test_no_known_word_is_taken_for_a_slip_of_another(name: str) -> None:
    terms = tuple(table("homophones")["terms"]["words"])
    data = {key: value for key, value in table(name).items() if key != "meta"}
    changed = {w for w in words_in(data) if homophones.repair(w, terms) != w}
    assert changed <= {"神智不清", "拜阿司匹灵", "糖化血红旦白"}
