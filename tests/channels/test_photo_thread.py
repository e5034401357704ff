"""A photo's whole way: encrypted callback, fetched, sealed, looked at, read back, confirmed."""

from __future__ import annotations

import os
import random

import pytest
from sqlmodel import col, select

from agent.loading import Tools
from agent.perceiving import perceive_next
from agent.turn import take_turn
from channels.media import fetch_wanted
from records.tables import Media, OutboundMessage, StoredReading
from sight import weights
from sight.eye import Eye
from simulator.pictures import Difficulty, Look, photograph, pressure_meter
from tests.agent.scene import OneAnswer
from tests.channels.world import APP_ID, WANG, World


@pytest.mark.slow
async def test_a_meter_is_photographed_read_and_confirmed(wired: World) -> None:
    if weights.missing() and not os.environ.get("CI"):
        pytest.skip(weights.INSTALL)
    tools = Tools(wired.vault, OneAnswer(), senses={"image": Eye()})
    dice = random.Random(5)
    photo = photograph(pressure_meter(165, 98, 76, Look.chosen(dice)), Difficulty.CLEAN, dice)
    await wired.patients.photograph(WANG, photo, "image/jpeg")

    def turn() -> None:
        wired.clock.move(seconds=5)
        assert take_turn(wired.db, tools, wired.clock)

    turn()
    assert wired.seen() == [], "it waits for the photo"
    await fetch_wanted(wired.db, wired.vault, {("wechat", APP_ID): wired.client}, wired.clock.now)
    assert perceive_next(wired.db, wired.vault, tools.senses, wired.clock)
    turn()
    with wired.db.reading() as session:
        rows = session.exec(select(StoredReading).order_by(col(StoredReading.kind))).all()
        assert next((r.kind, r.systolic, r.diastolic, r.state) for r in rows) == (
            "bp", 165, 98, "unconfirmed",
        )  # fmt: skip
        assert {r.certainty for r in rows} == {"seen"}
        kept = session.exec(select(Media)).one()
        assert b"165" not in (kept.heard_sealed or b"")
        said = session.exec(select(OutboundMessage)).all()
        assert [one.text_key for one in said] == ["reading.seen"]
    await wired.patients.say(WANG, "对")
    turn()
    with wired.db.reading() as session:
        assert {r.state for r in session.exec(select(StoredReading)).all()} == {"stored"}
