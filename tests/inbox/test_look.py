"""The common style sheet: read in sunlight, by old eyes, with a thumb, and on paper."""

from __future__ import annotations

import re

import pytest

from inbox.page import STATIC_FOLDER

SHEET = (STATIC_FOLDER / "suifang.css").read_text("utf-8")
COLOURS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", SHEET))
READABLE = 4.5
# What is written in which colour on what. The first is a name or a colour of the sheet.
PAIRS = [
    ("ink", "paper"),
    ("ink", "card"),
    ("ink", "fill"),
    ("ink", "#fbfbf8"),
    ("ink", "#d5eae3"),
    ("soft", "paper"),
    ("soft", "card"),
    ("soft", "fill"),
    ("soft", "#f4f8f7"),
    ("soft", "#d5eae3"),
    ("soft", "red-pale"),
    ("soft", "orange-pale"),
    ("green", "paper"),
    ("green", "card"),
    ("green", "green-pale"),
    ("red", "card"),
    ("red", "paper"),
    ("red", "red-pale"),
    ("orange", "card"),
    ("orange", "paper"),
    ("orange", "orange-pale"),
    ("grey", "grey-pale"),
    ("#fff", "green"),
    ("#fff", "red"),
    ("#fff", "red-band"),
    ("#fff", "#5b3a00"),
    ("#66716c", "#fff"),
]
LEGENDS = ("systolic", "diastolic", "bedtime", "random", "unsure", "cutoff", "target")


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    text = colour.removeprefix("#")
    text = "".join(one * 2 for one in text) if len(text) == 3 else text
    channels = [int(text[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_words_stand_out_from_their_ground(text: str, ground: str) -> None:
    assert contrast(COLOURS.get(text, text), COLOURS.get(ground, ground)) >= READABLE


@pytest.mark.parametrize("name", LEGENDS)
def test_the_legend_of_a_chart_can_be_read(name: str) -> None:
    found = re.search(
        rf"^[^{{}}]*\.{name}\b[^{{}}]*{{ color: (#[0-9a-f]{{6}}); }}", SHEET, re.MULTILINE
    )
    assert found is not None
    assert contrast(found[1], COLOURS["card"]) >= READABLE


def test_every_colour_that_is_used_is_named() -> None:
    assert set(re.findall(r"var\(--([a-z-]+)", SHEET)) <= set(re.findall(r"--([a-z-]+):", SHEET))


def test_focus_is_seen_and_paper_is_thought_of() -> None:
    assert ":focus-visible { outline: 3px" in SHEET
    assert "@media print" in SHEET


@pytest.mark.parametrize(
    "selector", [r"\.button", r"\.menu a", r"\.choice", r"select", r"\.more a"]
)
def test_what_a_thumb_touches_is_large_enough(selector: str) -> None:
    heights = [
        int(height)
        for height in re.findall(rf"^{selector} {{[^}}]*min-height: (\d+)px", SHEET, re.MULTILINE)
    ]
    assert heights
    assert min(heights) >= 44
