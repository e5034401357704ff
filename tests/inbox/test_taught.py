"""What a person was taught, on her page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from inbox.words import words_of
from knowledge.curriculum import BASIC, NEXT, curriculum
from records import consents, lessons, outbound
from records.consents import Evidence
from records.outbound import Draft
from records.tables import OutboundMessage
from tests.inbox.browser import Opening
from tests.inbox.county import there
from tests.inbox.office import Office


def _taught(office: Office, article_id: str, state: str) -> str:
    with office.county() as county:
        person, point = county.person("a", "王桂芳")
        plan = lessons.Plan(person, point, article_id, "salt", "0" * 64, "pressure_high", False)
        lesson = there(lessons.taken(county.session, plan, office.now))
        draft = Draft(
            purpose=outbound.EDUCATION,
            text_key="lesson.head",
            body="小课",
            send_key="lesson:1",
            contact_point_id=point,
            person_id=person,
            expires_at=office.now + timedelta(days=1),
        )
        message = there(outbound.queue(county.session, office.vault, draft, office.now))
        assert lessons.queued_as(county.session, lesson.id, message.id)
        row = county.session.get_one(OutboundMessage, message.id)
        row.state, row.settled_at = state, office.now
        county.session.add(row)
        return person


async def test_a_lesson_is_on_the_page_with_its_day_and_why(
    office: Office, browser: Opening
) -> None:
    person = _taught(office, "life.salt", "accepted")
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    for words in ("学过什么", "少吃盐", "血压没控制好"):
        assert words in page
    assert "没有同意收小课" not in page


async def test_what_did_not_arrive_says_so(office: Office, browser: Opening) -> None:
    person = _taught(office, "gone.article", "expired")
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    assert "gone.article" in page
    assert "过期未发" in page


async def test_another_village_does_not_see_it(office: Office, browser: Opening) -> None:
    person = _taught(office, "life.salt", "accepted")
    assert (await (await browser("doctor_b")).get(f"/persons/{person}")).status_code == 404
    with office.county() as county:
        assert lessons.of_person(county.session, county.readers["doctor_b"], person) == ()


async def test_who_wants_no_lessons_is_marked(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a")
        consents.revoke(
            county.session,
            person,
            [consents.EDUCATION],
            office.now,
            evidence=Evidence(),
            said_on=point,
        )
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    assert "还没有发过小课" in page
    assert "说了不学了" in page


@pytest.mark.parametrize("reason", [BASIC, NEXT, *(one.id for one in curriculum().signals)])
def test_every_reason_has_a_word(reason: str) -> None:
    assert reason in words_of("lesson_reason")
