#!/usr/bin/env python3
"""Look at drawn photos and count what is read: the table of docs/quality.md.

    .venv/bin/python scripts/measure_photos.py [SEED] [OF EACH KIND]

Needs the extra [photo]. Drawn pictures say nothing sure about a real camera.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date

from PIL import Image

from sight.looking import Sight, look
from sight.models import Networks
from sight.picture import opened
from simulator.pictures import (
    OTHERS,
    Difficulty,
    Look,
    glucose_meter,
    laboratory_slip,
    other,
    photograph,
    pressure_meter,
)
from simulator.pictures.slip import drawn_rows

_DAY = date(2026, 11, 20)
_BEYOND = ("HI", "LO")


class Tally:
    """Takes photos, looks, counts."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a measurement that can be repeated
        self.networks = Networks()
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.seconds: list[float] = []

    def see(self, image: Image.Image, how: Difficulty) -> Sight:
        pixels = opened(photograph(image, how, self.dice))
        began = time.perf_counter()
        seen = look(pixels, self.networks)
        self.seconds.append(time.perf_counter() - began)
        return seen

    def count(self, row: str, told: str, right: str) -> None:
        self.counts[row]["right" if told == right else "WRONG" if told else "left to people"] += 1


def _pressure(tally: Tally, how: Difficulty) -> None:
    dice = tally.dice
    systolic = dice.randrange(90, 221)
    diastolic = min(dice.randrange(48, 125), systolic - 15)
    image = pressure_meter(systolic, diastolic, dice.randrange(48, 125), Look.chosen(dice))
    told = tally.see(image, how).text.partition("，")[0]
    tally.count(f"pressure {how}", told, f"血压{systolic}/{diastolic}")


def _glucose(tally: Tally, how: Difficulty) -> None:
    dice = tally.dice
    shown = dice.choice(_BEYOND) if dice.random() < 1 / 6 else f"{dice.uniform(1.8, 29):.1f}"
    right = shown if shown in _BEYOND else f"{float(shown):g}"
    told = tally.see(glucose_meter(shown, Look.chosen(dice)), how).text
    tally.count(f"glucose {how}", told, f"血糖{right}")


def _slip(tally: Tally, how: Difficulty) -> None:
    glucose, hba1c, rows = drawn_rows(tally.dice)
    told = tally.see(laboratory_slip(rows, _DAY), how).text.replace("空腹", "").split("，")
    for name, right in (("血糖", f"血糖{glucose:g}"), ("糖化", f"糖化血红蛋白{hba1c:g}%")):
        found = [one for one in told if one.startswith(name)]
        tally.count(f"slip {how}", "".join(found), right)


def _others(tally: Tally, how: Difficulty) -> None:
    for kind in OTHERS:
        seen = tally.see(other(kind, tally.dice), how)
        row = "WRONG" if seen.text else f"as {seen.what}"
        tally.counts[f"others {how}"][row] += 1


_KINDS: tuple[Callable[[Tally, Difficulty], None], ...] = (_pressure, _glucose, _slip)


def main() -> None:
    """Print one line for each kind and difficulty."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    each = int(sys.argv[-1]) if len(sys.argv) > 2 else 20  # noqa: PLR2004
    tally = Tally(seed)
    for how in Difficulty:
        for _ in range(each):
            for kind in _KINDS:
                kind(tally, how)
        for _ in range(max(1, each // 5)):
            _others(tally, how)
    for row, counted in sorted(tally.counts.items()):
        print(f"{row:18}", dict(counted))
    print(
        f"seconds: {sum(tally.seconds) / len(tally.seconds):.1f} each, {max(tally.seconds):.1f} most"
    )


if __name__ == "__main__":
    main()
