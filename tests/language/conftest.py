"""Tables of messages of our own wording, and how to read what is expected of them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from care.reading import Kind, Reading

CASES = Path(__file__).parent / "cases"


def cases(name: str) -> Iterator[tuple[str, str, str]]:
    """(group, message, expected) of one table."""
    with (CASES / f"{name}.toml").open("rb") as file:
        for group, messages in tomllib.load(file).items():
            for message, expected in messages.items():
                yield group, message, expected


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for mark in metafunc.definition.iter_markers("usefixtures"):
        for name in mark.args:
            if name.startswith("cases_"):
                table = list(cases(name.removeprefix("cases_")))
                metafunc.parametrize(
                    ("message", "expected"),
                    [(message, expected) for _, message, expected in table],
                    ids=[f"{group}-{i}" for i, (group, _, _) in enumerate(table)],
                )


def show(reading: Reading) -> str:
    """A reading in the short form of the tables."""
    if reading.kind is Kind.BP:
        sides = [f"{v:g}" if v is not None else "-" for v in (reading.systolic, reading.diastolic)]
        shown = f"bp {sides[0]}/{sides[1]}"
    else:
        shown = f"{reading.kind} {reading.value:g}"
    return f"{shown} {reading.context}" if reading.context else shown
