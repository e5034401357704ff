"""SMS parts as the providers bill them (70 alone, 67 joined)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from texts.segments import JOINED, sms_segments, sms_units

RARE = "𠮷"  # beyond the basic plane: two units


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("", 1),
        ("好" * 70, 1),
        ("好" * 71, 2),
        ("好" * 134, 2),
        ("好" * 135, 3),
        ("好" * 140, 3),
        (RARE * 35, 1),
        (RARE * 36, 2),
        ("好" * 66 + RARE + "好" * 10, 2),
        (RARE * 67, 3),
    ],
    ids=["empty", "70", "71", "134", "135", "140", "35 rare", "36 rare", "rare at seam", "33 fit"],
)
def test_segments(text: str, segments: int) -> None:
    assert sms_segments(text) == segments


def test_the_signature_counts() -> None:
    assert sms_segments("好" * 62, signature=8) == 1
    assert sms_segments("好" * 63, signature=8) == 2


@given(st.text())
def test_parts_never_hold_fewer_units_than_the_arithmetic_says(text: str) -> None:
    units = sms_units(text)
    assert sms_segments(text) >= (1 if units <= 70 else -(-units // JOINED))


@given(st.text(), st.text(min_size=1))
def test_a_longer_text_never_costs_less(text: str, more: str) -> None:
    assert sms_segments(text + more) >= sms_segments(text)
