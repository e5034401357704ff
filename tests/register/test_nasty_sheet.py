"""The sheet of troubles: every row ends as it must, whatever stands around it."""

from __future__ import annotations

import pytest

from tests.register.conftest import BOTH, VILLAGES, Registry
from tests.register.nasty import Nasty


def judge(registry: Registry, size: int, seed: int) -> None:
    content, expected = Nasty(seed, VILLAGES).sheet(size)
    run_id = registry.brings_in(content)
    states, codes = registry.states(run_id), registry.codes(run_id)
    wrong = {
        n: (states.get(n), codes.get(n)) for n, s in expected.states.items() if states.get(n) != s
    }
    assert wrong == {}
    assert registry.tally(run_id) == expected.counts()
    missing = {n: c - codes[n] for n, c in expected.codes.items() if not c <= codes[n]}
    assert missing == {}
    by_id = {person.id: person for person in registry.people()}
    assert len(by_id) == expected.counts()["created"]
    for row in registry.rows(run_id):
        if row.number in expected.phones and row.person_id:
            assert registry.phone(by_id[row.person_id]) == expected.phones[row.number]
    # Once more: nothing new, nothing changed.
    again = registry.tally(registry.brings_in(content))
    assert again.get("created", 0) == again.get("updated", 0) == 0
    assert again["failed"] == expected.counts()["failed"]
    assert len(registry.people()) == len(by_id)


@BOTH
def test_a_nasty_sheet_ends_as_expected_and_twice_is_once(registry: Registry) -> None:
    judge(registry, 400, 7)


@pytest.mark.slow
def test_five_thousand_nasty_rows(registry: Registry) -> None:
    judge(registry, 5000, 11)
