"""A voice message from end to end: phone → callback → file → transcriber → turn → reply → phone.

Every step over real HTTP: the simulated platform, our callback, and a transcriber that may misbehave.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from agent.loading import Tools
from agent.perceiving import Senses, perceive_next
from agent.turn import take_turn
from channels.media import fetch_wanted
from knowledge.answer import UNKNOWN, Answer
from records.tables import Escalation, Media, StoredReading, Task
from simulator.transcription import SCRIPTS, TranscriptionStand, create_transcription_app, hears
from tests.channels.world import APP_ID, WANG, World, a_port, on_loopback
from voice.ear import Ear
from voice.endpoint import EndpointSettings, EndpointTranscriber

pytestmark = pytest.mark.usefixtures("sound_tools")


class NoAnswers:
    """Nobody asks anything here."""

    def answer(self, *_: Any, **__: Any) -> Answer:
        return UNKNOWN


class Spoken:
    """The world, with a transcriber in it."""

    def __init__(
        self, world: World, stand: TranscriptionStand, senses: Senses, clip: bytes
    ) -> None:
        self.world, self.stand, self.clip = world, stand, clip
        self.tools = Tools(world.vault, NoAnswers(), senses=senses)

    async def say(self, recognition: str = "") -> None:
        await self.world.patients.speak(WANG, self.clip, "audio/amr", recognition=recognition)
        sources = {("wechat", APP_ID): self.world.client}
        await fetch_wanted(self.world.db, self.world.vault, sources, self.world.clock.now)

    async def listen(self, times: int = 1) -> None:
        for _ in range(times):
            await self.world.db.hop(self._perceive)
            self.world.clock.move(seconds=11)

    async def reply(self) -> str:
        self.world.clock.move(seconds=11)
        await self.world.db.hop(lambda: take_turn(self.world.db, self.tools, self.world.clock))
        await self.world.deliver()
        return self.world.seen()[-1]

    def _perceive(self) -> bool:
        world = self.world
        return perceive_next(world.db, world.vault, self.tools.senses, world.clock)

    def rows(self, kind: type[Any]) -> list[Any]:
        with self.world.db.reading() as session:
            return list(session.exec(select(kind)).all())


@pytest.fixture
async def spoken(wired: World, clips: Path) -> AsyncIterator[Spoken]:
    listening, address = a_port()
    stand = TranscriptionStand()
    settings = EndpointSettings(f"{address}/v1", "key", "sense-voice", timeout=0.5)
    ear = Ear(EndpointTranscriber(settings))
    clip = (clips / "pressure-yunjian.amr").read_bytes()
    async with on_loopback((create_transcription_app(stand), listening)):
        yield Spoken(wired, stand, {"voice": ear}, clip)


async def test_what_was_spoken_is_read_back_on_the_same_phone(spoken: Spoken) -> None:
    spoken.stand.script = hears("我今天早上量的血压是165，98")
    await spoken.say()
    await spoken.listen()
    assert "听到的是：血压165/98，对吗？" in await spoken.reply()
    (heard,) = spoken.stand.heard
    assert heard.file.startswith(b"RIFF")
    (row,) = spoken.rows(Media)
    assert row.heard_state == "done"
    assert "血压".encode() not in row.heard_sealed
    await spoken.world.patients.say(WANG, "对")
    await spoken.reply()
    assert [(row.systolic, row.state) for row in spoken.rows(StoredReading)] == [(165, "stored")]


async def test_danger_that_was_spoken_rings_the_doctor(spoken: Spoken) -> None:
    spoken.stand.script = hears("我胸口痛，出了一身冷汗，喘不上气")
    await spoken.say()
    await spoken.listen()
    assert "120" in await spoken.reply()
    assert [row.level for row in spoken.rows(Escalation)] == ["emergency"]


@pytest.mark.parametrize("script", ["fail", "too_many", "stall", "garbage"])
async def test_a_transcriber_that_fails_three_times_leaves_it_to_the_doctor(
    spoken: Spoken, script: str
) -> None:
    spoken.stand.script = SCRIPTS[script]
    await spoken.say()
    await spoken.listen(times=4)
    assert len(spoken.stand.heard) == 3
    assert "没听清" in await spoken.reply()
    (task,) = [row for row in spoken.rows(Task) if row.kind == "look_at_media"]
    assert task.reason == "voice_unclear"


async def test_one_failure_is_only_a_delay(spoken: Spoken) -> None:
    spoken.stand.script = SCRIPTS["fail"]
    await spoken.say()
    await spoken.listen()
    spoken.stand.script = hears("空腹血糖7.8")
    await spoken.listen()
    assert "空腹血糖7.8，对吗" in await spoken.reply()
    assert len(spoken.world.seen()) == 1


async def test_a_transcriber_that_lies_can_store_nothing_unasked(spoken: Spoken) -> None:
    spoken.stand.script = SCRIPTS["lie"]
    await spoken.say()
    await spoken.listen()
    assert "对吗" in await spoken.reply()
    assert [row.state for row in spoken.rows(StoredReading)] == ["unconfirmed"]


async def test_the_platforms_own_words_need_no_transcriber(spoken: Spoken) -> None:
    await spoken.say("血压165，98")
    await spoken.listen()
    assert spoken.stand.heard == []
    assert "听到的是：血压165/98，对吗？" in await spoken.reply()
