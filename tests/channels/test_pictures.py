"""A picture behind the words: uploaded, sent, left out when sends are scarce, never sent twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlmodel import select

from channels.delivery import deliver_due
from channels.port import Letter, SendOutcome
from records.db import Database
from records.outbound import Draft, picture_of, queue
from records.tables import ContactPoint, OutboundMessage, Task
from records.vault import Vault
from simulator.faults import Fault, FaultKind
from simulator.log import Kind
from tests.channels.world import WANG, ScriptedChannel, World

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
UPLOAD, SEND = "/cgi-bin/media/upload", "/cgi-bin/message/custom/send"


def ask(world: World, *, left: int = 5) -> None:
    """Words and a picture, queued as a turn queues them."""
    with world.db.transaction() as session:
        contact = session.exec(select(ContactPoint)).one()
        contact.window_left = left
        session.add(contact)
        draft = Draft(
            purpose="reply",
            text_key="mine.last_within",
            body="您最近一次血压128/78",
            send_key="reply:1",
            contact_point_id=contact.id,
            expires_at=world.clock.now + timedelta(hours=1),
        )
        queue(session, world.vault, draft, world.clock.now)
        picture = Draft(
            purpose="reply",
            text_key="picture.bp",
            body="（发了一张血压图）",
            send_key="reply:1:picture",
            contact_point_id=contact.id,
            expires_at=world.clock.now + timedelta(hours=1),
            picture=PNG,
        )
        queue(session, world.vault, picture, world.clock.now + timedelta(milliseconds=1))
    world.clock.move(seconds=1)


def rows(db: Database) -> dict[str, tuple[str, str | None]]:
    with db.reading() as session:
        found = session.exec(select(OutboundMessage)).all()
        return {row.text_key.split(".")[0]: (row.state, row.reason) for row in found}


async def talk(world: World) -> None:
    """Somebody has written, so the window is open."""
    await world.patients.say(WANG, "你好")


async def test_the_words_come_first_and_the_picture_after_them(world: World) -> None:
    await talk(world)
    ask(world)
    await world.deliver()
    seen = list(world.platform.log.entries(WANG, Kind.CUSTOM))
    assert [entry.text for entry in seen] == ["您最近一次血压128/78", "[图片]"]
    medium = world.platform.media.fetch(seen[1].details["media_id"], world.clock.now)
    assert (medium.content, medium.content_type) == (PNG, "image/png")
    assert rows(world.db) == {"mine": ("accepted", None), "picture": ("accepted", None)}


async def test_a_picture_costs_one_send_of_the_window(world: World) -> None:
    await talk(world)
    ask(world)
    await world.deliver()
    assert world.contact().window_left == 3


@pytest.mark.parametrize("left", [1, 2])
async def test_the_last_sends_are_kept_for_words(world: World, left: int) -> None:
    await talk(world)
    ask(world, left=left)
    await world.deliver()
    assert world.seen() == ["您最近一次血压128/78"]
    assert rows(world.db)["picture"] == ("channel_closed", "picture_left_out")
    with world.db.reading() as session:
        assert session.exec(select(Task)).all() == []


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Fault(FaultKind.ERROR, UPLOAD, times=None, errcode=40009), "never"),
        (Fault(FaultKind.ERROR, SEND, times=None, errcode=40007), "never"),
        (Fault(FaultKind.ERROR, SEND, times=None, errcode=45047), "channel_closed"),
        (Fault(FaultKind.DROP, SEND, times=None), "unknown"),
    ],
)
async def test_a_picture_that_does_not_arrive_calls_nobody(
    world: World, fault: Fault, state: str
) -> None:
    await talk(world)
    ask(world)
    world.platform.faults.add(Fault(FaultKind.LATENCY, SEND, times=1))
    world.platform.faults.add(fault)
    await world.deliver()
    assert rows(world.db)["picture"][0] == state
    with world.db.reading() as session:
        assert session.exec(select(Task)).all() == []


@pytest.mark.parametrize("kind", [FaultKind.GARBAGE, FaultKind.DROP])
async def test_an_upload_nobody_answered_is_tried_again(wired: World, kind: FaultKind) -> None:
    await talk(wired)
    ask(wired)
    wired.platform.faults.add(Fault(kind, UPLOAD))
    await wired.deliver()
    assert rows(wired.db)["picture"] == ("queued", "picture_not_uploaded")
    wired.clock.move(minutes=1)
    await wired.deliver()
    assert wired.seen() == ["您最近一次血压128/78", "[图片]"]


async def test_a_stale_token_is_renewed_before_the_upload(world: World) -> None:
    await talk(world)
    ask(world)
    world.platform.faults.add(Fault(FaultKind.ERROR, UPLOAD, errcode=40001))
    await world.deliver()
    assert world.seen()[-1] == "[图片]"


async def test_a_crash_between_the_words_and_the_picture_repeats_neither(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker dies in the picture's call; the next one finds words said and a picture in doubt."""
    await talk(world)
    ask(world)
    reached = asyncio.Event()

    async def hang(self: object, letter: Letter, now: object) -> SendOutcome:
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    with monkeypatch.context() as patch:
        patch.setattr(type(world.client), "send_picture", hang)
        dying = asyncio.create_task(world.deliver())
        await reached.wait()
        dying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dying
    assert rows(world.db) == {"mine": ("accepted", None), "picture": ("sending", None)}
    world.clock.move(minutes=2)
    for _ in range(2):
        await world.deliver()
    assert world.seen() == ["您最近一次血压128/78"]
    assert rows(world.db)["picture"] == ("unknown", "worker_lost")


async def test_a_crash_before_the_picture_leaves_it_for_the_next_worker(world: World) -> None:
    await talk(world)
    ask(world)
    world.limits = type(world.limits)(lanes=1)
    world.platform.faults.add(Fault(FaultKind.ERROR, UPLOAD, errcode=-1))
    await world.deliver()
    assert world.seen() == ["您最近一次血压128/78"]
    world.clock.move(minutes=1)
    await world.deliver()
    assert world.seen() == ["您最近一次血压128/78", "[图片]"]


async def test_a_channel_that_draws_nothing_gets_the_words_alone(
    world: World, channel: ScriptedChannel
) -> None:
    await talk(world)
    ask(world)
    routes = world.routes
    plain = type(routes)({next(iter(routes.ways)): channel}, routes.notices)
    await deliver_due(world.db, world.vault, plain, world.clock.now, limits=world.limits)
    assert channel.texts == ["您最近一次血压128/78"]
    assert rows(world.db)["picture"] == ("channel_closed", "picture_left_out")


def test_a_picture_is_sealed(vault: Vault, world: World) -> None:
    with world.db.transaction() as session:
        draft = Draft(
            purpose="reply",
            text_key="picture.bp",
            body="图",
            send_key="p",
            expires_at=world.clock.now,
            picture=PNG,
        )
        row = queue(session, vault, draft, world.clock.now)
        assert row is not None
        assert PNG[8:40] not in (row.picture_sealed or b"")
        assert picture_of(vault, row) == PNG
