"""A QR picture over real HTTP: asked for, scanned by a follower and by a newcomer, answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agent.loading import Tools
from agent.turn import take_turn
from channels.wechat.client import QrCode
from records import binding, people
from records.people import Registration
from records.tables import Practitioner
from tests.agent.scene import OneAnswer
from tests.channels.world import LI, WANG, World, a_facility


async def a_picture(world: World, relation: str) -> str:
    """What a doctor's page shows for a newly registered person."""
    with world.db.transaction() as session:
        place = a_facility(session)
        doctor = Practitioner(
            facility_id=place.id,
            role="village_doctor",
            login="doctor",
            password_hash="x",
            created_at=world.clock.now,
        )
        session.add(doctor)
        session.flush()
        person = people.register(
            session, world.vault, Registration("王秀英", place.id), world.clock.now
        )
        code = binding.issue(
            session,
            world.vault,
            person.id,
            relation=relation,
            issued_by=doctor.id,
            now=world.clock.now,
        )
    assert code.scene is not None
    lasts = int(timedelta(days=7).total_seconds())
    made = await world.client.create_qr_code(code.scene, lasts, world.clock.now)
    assert isinstance(made, QrCode)
    return made.url


@pytest.mark.parametrize(
    ("openid", "relation", "words"),
    [(WANG, "self", "王秀英，您的档案连上了"), (LI, "spouse", "替王秀英")],
)
async def test_a_scan_binds_and_is_answered(
    wired: World, openid: str, relation: str, words: str
) -> None:
    url = await a_picture(wired, relation)
    under_way = wired.patients.scan(openid, url)
    assert under_way is not None
    await under_way
    wired.clock.move(seconds=10)
    tools = Tools(wired.vault, OneAnswer())
    assert take_turn(wired.db, tools, wired.clock)
    assert await wired.deliver() == 1
    (said,) = wired.platform.log.texts_seen(openid)
    assert words in said
    assert "我是AI助手，不是医生" in said
    again = wired.patients.scan(openid, url)
    assert again is not None
    await again
    wired.clock.move(seconds=10)
    assert take_turn(wired.db, tools, wired.clock)
    await wired.deliver()
    assert len(wired.platform.log.texts_seen(openid)) == 2
