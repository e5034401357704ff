"""What a message costs on each way: how many SMS our sentences are, times a table of prices.

The prices are examples (`prices.toml`); the segments are counted.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from statistics import mean

from bench.figure import Figure
from channels.templates import registry
from texts.catalogue import Channel, Use, catalogue
from texts.segments import sms_segments

PRICES = Path(__file__).parent / "prices.toml"
# A signature of six signs, as every provider in China puts in front.
SIGNATURE = "某某镇卫生院"


def costs() -> list[Figure]:
    """Segments of a message, and yuan for a thousand of them, by each way."""
    registered = [registry().filled(one.name, {}, SIGNATURE).segments for one in registry()]
    filled = {name: one.sample for name, one in catalogue().placeholders.items()}
    free = [
        sms_segments(one.text.format_map(filled))
        for one in catalogue().sentences.values()
        if Channel.SMS in one.channels and one.use is not Use.LABEL
    ]
    figures = [
        Figure("SMS a registered template", mean(registered), "", bar=1.0),
        Figure("SMS a sentence in our own words", mean(free), "", note=f"{len(free)} sentences"),
    ]
    for name, entry in tomllib.loads(PRICES.read_text("utf-8")).items():
        segments = mean(registered) if entry["template"] else mean(free)
        yuan = segments * entry["per_segment"] * 1000
        note = "example price" if entry["per_segment"] else "free"
        figures.append(Figure(f"a thousand messages by {name}", yuan, "CNY", note=note))
    return figures
