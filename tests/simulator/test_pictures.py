"""The drawn pictures: every kind can be taken, a seed gives the same photo, testers name what they want."""

from __future__ import annotations

import io
import random
from datetime import date

import httpx
import pytest
from PIL import Image

from simulator.pictures import OTHERS, Difficulty, Look, other, photograph, pressure_meter
from simulator.pictures.asked import taken
from simulator.platform import Platform

TODAY = date(2026, 11, 23)


def test_the_same_seed_takes_the_same_photo() -> None:
    def once() -> bytes:
        dice = random.Random(3)
        return photograph(pressure_meter(165, 98, 76, Look.chosen(dice)), Difficulty.HARD, dice)

    assert once() == once()


@pytest.mark.parametrize("kind", OTHERS)
def test_every_other_thing_can_be_drawn(kind: str) -> None:
    assert other(kind, random.Random(1)).size == (960, 960)


@pytest.mark.parametrize(
    "asked", ["165/98/76", "165/98", "8.2", "HI", "E-3", "化验单 8.9 7.2", "脚"]
)
def test_a_tester_says_what_the_photo_shows(asked: str) -> None:
    image = Image.open(io.BytesIO(taken(asked, "clean", TODAY)))
    assert image.format == "JPEG"


def test_what_nobody_can_draw_is_answered_with_examples() -> None:
    with pytest.raises(ValueError, match="照这样写"):
        taken("一头牛", "clean", TODAY)


async def test_the_phone_sends_a_photo_of_what_was_typed(
    web: httpx.AsyncClient, platform: Platform, callback: object
) -> None:
    openid = next(iter(platform.followers)).patient.openid
    data = {"shows": "165/98/76", "how": "hard"}
    await web.post(f"/phone/{openid}/photo", data=data)
    await platform.settle()
    (message,) = callback.received  # type: ignore[attr-defined]
    sent = platform.media.fetch(message["MediaId"], platform.clock())
    assert (message["MsgType"], sent.content_type) == ("image", "image/jpeg")
