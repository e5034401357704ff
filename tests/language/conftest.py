"""Tables of messages of our own wording: one test case for each group of a table."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import settings

CASES = Path(__file__).parent / "cases"
# Reading is quick; a busy machine is not.
settings.register_profile("language", deadline=None)
settings.load_profile("language")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `readings` or `triage` runs once per group: a mapping message -> expected."""
    for name in ("readings", "triage"):
        if name in metafunc.fixturenames:
            with (CASES / f"{name}.toml").open("rb") as file:
                groups = tomllib.load(file)
            metafunc.parametrize(name, list(groups.values()), ids=list(groups))
