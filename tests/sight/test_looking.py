"""Drawn photos through the real networks: what is read is right, and nothing else is read."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import pytest
from PIL import Image, ImageDraw

from simulator.pictures import (
    OTHERS,
    Row,
    glucose_meter,
    laboratory_slip,
    other,
    pressure_meter,
)
from simulator.pictures import (
    Look as Make,
)

if TYPE_CHECKING:
    from sight.looking import Sight

Look = Callable[[Image.Image, str, int], "Sight"]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("how", ["clean", "medium", "hard"])
def test_the_pressure_on_a_meter_is_read(look: Look, how: str) -> None:
    dice = random.Random(how)
    read = 0
    for seed in range(2):
        shown = dice.randrange(105, 215), dice.randrange(55, 92), dice.randrange(52, 118)
        text = look(pressure_meter(*shown, Make.chosen(dice)), how, seed).text
        right = f"血压{shown[0]}/{shown[1]}"
        assert not text or text.startswith(right)
        read += text.startswith(right)
    assert read


def test_glucose_and_what_is_beyond_the_scale_are_read(look: Look) -> None:
    make = Make.chosen(random.Random(1))
    for shown in ("8.2", "HI"):
        assert look(glucose_meter(shown, make), "clean", 2).text in {f"血糖{shown}", ""}


def test_a_slip_is_read_row_by_row(look: Look) -> None:
    rows = [
        Row("肌酐(CREA)", "71", "μmol/L", "57-97"),
        Row("空腹血糖(GLU)", "8.9", "mmol/L", "3.9-6.1"),
        Row("糖化血红蛋白(HbA1c)", "7.2", "%", "4.0-6.0"),
    ]
    seen = look(laboratory_slip(rows, date(2026, 11, 20)), "medium", 3)
    assert (str(seen.what), seen.on) == ("slip", date(2026, 11, 20))
    assert seen.text == "空腹血糖8.9，糖化血红蛋白7.2%"


@pytest.mark.parametrize("kind", OTHERS)
def test_no_value_is_read_from_anything_else(look: Look, kind: str) -> None:
    assert look(other(kind, random.Random(kind)), "clean", 4).text == ""


def test_a_digit_under_a_shadow_is_not_left_out(look: Look) -> None:
    """The first digit of 23.8 is half hidden: 3.8 would be an alarm about nothing."""
    image = glucose_meter("23.8", Make.chosen(random.Random(1)))
    ImageDraw.Draw(image).rectangle((0, 100, 250, 700), (40, 44, 50))
    assert look(image, "clean", 5).text in {"", "血糖23.8"}
