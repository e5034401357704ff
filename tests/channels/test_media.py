"""Photos and voice: fetched at once, tried again, given up where somebody can see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from channels.media import PAUSES, fetch_wanted
from channels.port import Result, SendOutcome
from records import media
from records.media import File
from records.tables import Media, Task
from simulator.faults import Fault, FaultKind
from tests.channels.world import APP_ID, WANG, World

JPEG = b"\xff\xd8\xff a meter"
GET = "/cgi-bin/media/get"


async def fetch(world: World) -> int:
    sources = {("wechat", APP_ID): world.client}
    return await fetch_wanted(world.db, world.vault, sources, world.clock.now)


def the_media(world: World) -> Media:
    with world.db.reading() as session:
        return session.exec(select(Media)).one()


def tasks(world: World) -> list[Task]:
    with world.db.reading() as session:
        return list(session.exec(select(Task)).all())


async def test_a_photo_is_stored_sealed_at_the_next_tick(world: World) -> None:
    await world.patients.photograph(WANG, JPEG, "image/jpeg")
    assert await fetch(world) == 1
    kept = the_media(world)
    assert (kept.state, kept.content_type) == ("stored", "image/jpeg")
    assert media.content_of(world.vault, kept) == JPEG
    assert JPEG not in (kept.content_sealed or b"")
    assert await fetch(world) == 0


async def test_of_a_voice_message_the_clear_copy_is_kept(world: World) -> None:
    await world.patients.speak(WANG, b"#!AMR hello", "audio/amr")
    await fetch(world)
    assert (the_media(world).kind, the_media(world).content_type) == ("voice", "audio/amr")


async def test_several_are_fetched_in_one_tick_up_to_its_limit(world: World) -> None:
    for _ in range(3):
        await world.patients.photograph(WANG, JPEG, "image/jpeg")
    sources = {("wechat", APP_ID): world.client}
    assert await fetch_wanted(world.db, world.vault, sources, world.clock.now, limit=2) == 2
    assert await fetch(world) == 1


async def test_a_busy_platform_is_asked_again_after_a_pause(world: World) -> None:
    await world.patients.photograph(WANG, JPEG, "image/jpeg")
    world.platform.faults.add(Fault(FaultKind.ERROR, GET))
    await fetch(world)
    waiting = the_media(world)
    assert (waiting.state, waiting.reason) == ("wanted", "platform_busy")
    assert waiting.next_attempt_at == world.clock.now + PAUSES[0]
    world.clock.move(seconds=21)
    await fetch(world)
    assert the_media(world).state == "stored"


async def test_a_photo_that_never_comes_is_somebodys_task(world: World) -> None:
    await world.patients.photograph(WANG, JPEG, "image/jpeg")
    world.platform.faults.add(Fault(FaultKind.GARBAGE, GET, times=None))
    tries = 0
    while the_media(world).state == "wanted":
        tries += await fetch(world)
        world.clock.move(hours=19)
    assert tries == len(PAUSES) + 1
    assert (the_media(world).state, the_media(world).reason) == ("failed", "not_a_file")
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("look_at_media", "media_failed")
    assert task.inbound_message_id == the_media(world).inbound_message_id


async def test_a_photo_the_platform_forgot_is_given_up_at_once(world: World) -> None:
    await world.patients.photograph(WANG, JPEG, "image/jpeg")
    world.clock.move(hours=73)
    await fetch(world)
    assert the_media(world).state == "failed"
    assert len(tasks(world)) == 1


async def test_without_a_source_it_waits(world: World) -> None:
    await world.patients.photograph(WANG, JPEG, "image/jpeg")
    assert await fetch_wanted(world.db, world.vault, {}, world.clock.now) == 1
    assert (the_media(world).state, the_media(world).reason) == ("wanted", "no_route")


async def test_an_adapter_that_breaks_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> File:
        raise RuntimeError

    await world.patients.photograph(WANG, JPEG, "image/jpeg")
    monkeypatch.setattr(type(world.client), "fetch", broken)
    await fetch(world)
    assert the_media(world).reason == "RuntimeError"


async def test_a_file_that_came_after_all_is_not_given_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers: the slow one is told that the file is gone after the quick one stored it."""

    async def gone(*_: object) -> SendOutcome:
        with world.db.transaction() as session:
            media.store(session, world.vault, row.id, File(JPEG, "image/jpeg"), world.clock.now)
        return SendOutcome(Result.NEVER, "40007", "media_unknown")

    await world.patients.photograph(WANG, JPEG, "image/jpeg")
    row = the_media(world)
    monkeypatch.setattr(type(world.client), "fetch", gone)
    await fetch(world)
    assert the_media(world).state == "stored"
    assert tasks(world) == []


def test_all_tries_fit_into_the_three_days_that_the_platform_keeps_a_file() -> None:
    assert sum(PAUSES, timedelta()) < timedelta(days=3)
