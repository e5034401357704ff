"""Clinical numbers live in the protocol files: no module of care/ may repeat one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import care
from care.protocol import protocol

MODULES = sorted(Path(care.__file__).parent.glob("*.py"))
HARMLESS = {0, 1, 2, 12, 14}  # counting, months of a year


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_a_module_repeats_no_clinical_number(module: Path) -> None:
    clinical = {value.value for value in protocol().values.values()} - HARMLESS
    tree = ast.parse(module.read_text(encoding="utf-8"))
    written = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    }
    assert not written & clinical
