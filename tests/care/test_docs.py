"""docs/clinical-rules.md names only what exists."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from care.coverage import coverage
from care.protocol import FILES, protocol

DOCUMENT = (Path(__file__).parents[2] / "docs" / "clinical-rules.md").read_text(encoding="utf-8")
FUNCTIONS = sorted(set(re.findall(r"`(care|texts)\.(\w+)\.(\w+)", DOCUMENT)))


@pytest.mark.parametrize(("package", "module", "name"), FUNCTIONS, ids=".".join)
def test_a_function_in_the_document_exists(package: str, module: str, name: str) -> None:
    assert callable(getattr(import_module(f"{package}.{module}"), name))


def test_every_protocol_file_is_described() -> None:
    assert all(f"`{name}.toml`" in DOCUMENT for name in (*FILES, "sources"))


def test_the_example_of_a_value_is_the_value_in_use() -> None:
    found = re.search(r"glucose_low = \{ value = ([\d.]+)", DOCUMENT)
    assert found
    assert float(found[1]) == protocol().number("glucose_low")


def test_the_table_of_sets_is_the_coverage_in_use() -> None:
    rules = {rule.id: rule.level for rule in protocol().book.rules}
    for one in coverage().sets:
        built = max(rules[rule] for rule in one.rules)
        assert f"| `{one.id}` | {one.level} | {built} |" in DOCUMENT
        assert all(rule in DOCUMENT for rule in one.rules)
    for one in coverage().lists:
        assert f"| `{one.id}` | {len(one.items)} | {len(one.items)} |" in DOCUMENT
