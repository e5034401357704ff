"""Tables of messages of our own wording, and how to read what is expected of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test marked with `table` runs once per message of tests/language/cases/<table>.toml."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        if mark.args and mark.args[0] == "message, expected":
            return
    if {"message", "expected", "table"} <= set(metafunc.fixturenames):
        name = metafunc.function.__doc__.split("table ", 1)[1].split()[0].rstrip(".")
        with (CASES / f"{name}.toml").open("rb") as file:
            groups = tomllib.load(file)
        rows = [
            pytest.param(name, message, expected, id=f"{group}-{number}")
            for group, messages in groups.items()
            for number, (message, expected) in enumerate(messages.items())
        ]
        metafunc.parametrize(("table", "message", "expected"), rows)
