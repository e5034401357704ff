"""The sheet with the code: shown, drawn, cancelled; who is bound, unbound and what they agreed to."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from inbox.app import create_app
from inbox.deps import InboxDeps
from records import binding, consents, links
from records.consents import Evidence
from records.tables import AuditEvent, BindingCode, Consent, PersonContact
from tests.inbox.browser import Opening
from tests.inbox.office import Office

URL = "http://weixin.qq.com/q/02abcDEF"


@pytest.fixture
def person_id(office: Office) -> str:
    with office.county() as county:
        return county.person("a", "王桂芳")[0]


def connect(office: Office, url: str | None, *, fails: bool = False) -> list[str]:
    """Serve with a WeChat that gives this address. Returns the scenes that it was asked for."""
    asked: list[str] = []

    async def picture_of(scene: str, seconds: int, now: datetime) -> str | None:
        asked.append(scene)
        assert seconds == timedelta(days=7).total_seconds()
        if fails:
            raise TimeoutError
        return url

    office.app = create_app(
        InboxDeps(
            office.database,
            office.vault,
            lambda: office.now,
            loopback=True,
            picture_of=picture_of,
        )
    )
    return asked


async def test_a_code_is_shown_with_its_picture(
    office: Office, browser: Opening, person_id: str
) -> None:
    asked = connect(office, URL)
    one = await browser("doctor_a")
    await one.get(f"/persons/{person_id}/binding")
    answer = await one.post(f"/persons/{person_id}/binding", {"relation": "mother"})
    assert answer.headers["location"].endswith("done=code")
    page = (await one.get(answer.headers["location"])).text
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in page or "<svg" in page
    assert "儿女的手机" in page
    assert re.search(r'class="digits"[^>]*>\d{3}<span>\d{3}</span>', page)
    assert asked[0].startswith("bind")
    assert asked[0] not in page
    with office.database.reading() as session:
        row = session.exec(select(BindingCode)).one()
    assert (row.qr_url, row.relation) == (URL, "mother")
    assert row.scene_index == office.vault.index(asked[0], "scene")


@pytest.mark.parametrize(("url", "fails"), [(None, False), (URL, True)])
async def test_without_wechat_the_digits_are_enough(
    office: Office, browser: Opening, person_id: str, url: str | None, fails: bool
) -> None:
    connect(office, url, fails=fails)
    one = await browser("doctor_a")
    await one.get(f"/persons/{person_id}/binding")
    answer = await one.post(f"/persons/{person_id}/binding", {"relation": "self"})
    assert answer.headers["location"].endswith("done=code_only")
    page = (await one.get(answer.headers["location"])).text
    assert "连不上微信" in page
    assert 'class="digits"' in page


async def test_a_code_is_cancelled(office: Office, browser: Opening, person_id: str) -> None:
    one = await browser("doctor_a")
    await one.get(f"/persons/{person_id}/binding")
    await one.post(f"/persons/{person_id}/binding", {"relation": "self"})
    page = await one.get(f"/persons/{person_id}/binding")
    code = re.findall(r'name="code" value="([^"]+)"', page.text)[0]
    answer = await one.post(f"/persons/{person_id}/binding/cancel", {"code": code})
    assert answer.headers["location"].endswith("done=cancelled")
    again = await one.post(f"/persons/{person_id}/binding/cancel", {"code": code})
    assert again.headers["location"].endswith("done=late")
    with office.database.reading() as session:
        assert binding.live(session, office.vault, person_id, office.now) == []


async def test_unbinding_ends_the_link_and_what_was_agreed_on_it(
    office: Office, browser: Opening, person_id: str
) -> None:
    with office.database.transaction() as session:
        link = session.exec(select(PersonContact)).one()
        consents.give(
            session,
            person_id,
            consents.ASKED,
            office.now,
            contact_point_id=link.contact_point_id,
            evidence=Evidence(message_id="m"),
        )
    one = await browser("doctor_a")
    page = await one.get(f"/persons/{person_id}/binding")
    assert "记数、提醒、科普" in page.text
    answer = await one.post(f"/persons/{person_id}/binding/unbind", {"link": link.id})
    assert answer.headers["location"].endswith("done=unbound")
    with office.database.reading() as session:
        assert links.phones_of(session, person_id) == []
        rows = session.exec(select(Consent)).all()
        assert rows
        assert all(row.revoked_at is not None and row.revoked_by for row in rows)
        assert "unbind" in {row.action for row in session.exec(select(AuditEvent)).all()}


async def test_what_was_said_face_to_face_is_written_with_the_doctor_as_witness(
    office: Office, browser: Opening, person_id: str
) -> None:
    with office.county() as county:
        _, relative = county.person("b", "李小妹")
    with office.database.transaction() as session:
        link = links.tie(session, person_id, relative, office.now, relation="mother")
    one = await browser("doctor_a")
    await one.get(f"/persons/{person_id}/binding")
    fields = {"link": link.id, "purpose": "sharing"}
    answer = await one.post(f"/persons/{person_id}/binding/consent", fields)
    assert answer.headers["location"].endswith("done=consent")
    with office.database.reading() as session:
        assert consents.allowed(session, person_id, relative) == {"sharing"}
        row = session.exec(select(Consent).where(Consent.purpose == "sharing")).one()
        assert row.recorded_by == office.built.readers["doctor_a"].practitioner_id
        assert row.evidence_message_id is None


async def test_a_link_of_somebody_else_is_not_touched(
    office: Office, browser: Opening, person_id: str
) -> None:
    with office.county() as county:
        county.person("b", "李小妹")
    with office.database.reading() as session:
        other = session.exec(
            select(PersonContact).where(PersonContact.person_id != person_id)
        ).one()
    one = await browser("doctor_a")
    await one.get(f"/persons/{person_id}/binding")
    for act in ("unbind", "consent"):
        answer = await one.post(f"/persons/{person_id}/binding/{act}", {"link": other.id})
        assert answer.headers["location"].endswith("done=late")
    with office.database.reading() as session:
        assert session.exec(select(PersonContact.unlinked_at)).all() == [None, None]


async def test_the_person_page_says_who_is_bound(
    office: Office, browser: Opening, person_id: str
) -> None:
    one = await browser("doctor_a")
    page = (await one.get(f"/persons/{person_id}")).text
    assert "绑定的手机" in page
    assert f"/persons/{person_id}/binding" in page
