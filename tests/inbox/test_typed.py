"""What was typed when the session ended: carried through the door, kept, given back."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlmodel import select

from inbox.form import Fields
from inbox.typed import typed_in
from records import drafts
from records.tables import KeptDraft, OutboundMessage
from tests.inbox.browser import Browser, Opening
from tests.inbox.county import PASSWORD
from tests.inbox.office import Office

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
WORDS = "今天下午来卫生室，带上<药盒>"


def hidden_in(page: str) -> dict[str, str]:
    """What the form holds besides what one sees, as the browser would send it."""
    return {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}


async def come_back(one: Browser, login: str = "doctor_a") -> str:
    """Sign in from the form one was shown; returns where it leads."""
    fields = {**hidden_in(one.page), "login": login, "password": PASSWORD}
    answer = await one.post("/sign-in", fields)
    assert answer.status_code == 303
    return answer.headers["location"]


@pytest.fixture
def case(office: Office) -> str:
    with office.county() as county:
        return county.alarm(*county.person("a"))


async def stopped(office: Office, browser: Opening, case: str, text: str = WORDS) -> Browser:
    """A doctor who sent a reply after the session had ended."""
    one = await browser("doctor_a")
    await one.get(f"/cases/{case}")
    office.now += timedelta(hours=13)
    answer = await one.post(f"/cases/{case}/reply", {"text": text})
    assert answer.status_code == 401
    return one


async def test_a_reply_survives_the_end_of_the_session(
    office: Office, browser: Opening, case: str
) -> None:
    one = await stopped(office, browser, case)
    assert "您写的内容还在" in one.page
    assert await come_back(one) == f"/cases/{case}"
    page = (await one.get(f"/cases/{case}")).text
    assert "今天下午来卫生室，带上&lt;药盒&gt;</textarea>" in page
    assert "刚才没发出的内容还在" in page
    assert (await one.post(f"/cases/{case}/reply", {"text": WORDS})).status_code == 303
    assert WORDS[:6] not in (await one.get(f"/cases/{case}")).text.split("<textarea")[1]
    with office.database.reading() as session:
        assert len(session.exec(select(OutboundMessage)).all()) == 1
        assert session.exec(select(KeptDraft)).all() == []


async def test_a_wrong_password_on_the_way_loses_nothing(
    office: Office, browser: Opening, case: str
) -> None:
    one = await stopped(office, browser, case)
    wrong = {**hidden_in(one.page), "login": "doctor_a", "password": "no"}
    assert (await one.post("/sign-in", wrong)).status_code == 401
    assert await come_back(one) == f"/cases/{case}"
    assert "带上&lt;药盒&gt;</textarea>" in (await one.get(f"/cases/{case}")).text


async def test_taking_the_case_or_loading_again_leaves_the_words(
    office: Office, browser: Opening, case: str
) -> None:
    one = await stopped(office, browser, case)
    await come_back(one)
    await one.get(f"/cases/{case}")
    assert (await one.post(f"/cases/{case}/acknowledge")).status_code == 303
    assert "带上&lt;药盒&gt;</textarea>" in (await one.get(f"/cases/{case}")).text


async def test_the_words_are_sealed_and_open_for_nobody_else(
    office: Office, browser: Opening, case: str
) -> None:
    one = await stopped(office, browser, case)
    await come_back(one)
    with office.database.reading() as session:
        row = session.exec(select(KeptDraft)).one()
        assert WORDS.encode() not in (row.fields_sealed or b"")
        other = office.built.readers["town_doctor"].practitioner_id
        path = f"/cases/{case}"
        assert drafts.find(session, office.vault, other, path, office.now) == ()
    colleague = await browser("town_doctor")
    assert "药盒&gt;" not in (await colleague.get(f"/cases/{case}")).text


async def test_a_draft_that_does_not_open_is_no_draft(
    office: Office, browser: Opening, case: str
) -> None:
    one = await stopped(office, browser, case)
    await come_back(one)
    with office.database.transaction() as session:
        row = session.exec(select(KeptDraft)).one()
        row.fields_sealed = b"\x01moved here from elsewhere"
        session.add(row)
    assert "没发出的内容" not in (await one.get(f"/cases/{case}")).text


async def test_after_half_a_day_nobody_wants_it(
    office: Office, browser: Opening, case: str
) -> None:
    one = await stopped(office, browser, case)
    await come_back(one)
    with office.database.transaction() as session:
        assert drafts.sweep(session, office.now) == 0
        assert drafts.sweep(session, office.now + drafts.LIVES) == 1


async def test_a_form_as_long_as_the_official_one_travels_whole(
    office: Office, browser: Opening, case: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/cases/{case}")
    office.now += timedelta(hours=13)
    fields = {f"field_{number}": f"第{number}项" for number in range(119)} | {"text": "长" * 5000}
    answer = await one.post(f"/cases/{case}/reply", fields)
    assert answer.status_code == 401
    await come_back(one)
    with office.database.reading() as session:
        owner = office.built.readers["doctor_a"].practitioner_id
        pairs = drafts.find(session, office.vault, owner, f"/cases/{case}", office.now)
    assert {**fields, "back": None} == {**dict(pairs), "back": None}


async def test_the_page_one_came_from_is_the_page_one_goes_back_to(
    office: Office, browser: Opening, case: str
) -> None:
    one = await browser("doctor_a")
    await one.get(f"/cases/{case}")
    office.now += timedelta(hours=13)
    for referer, back in (
        ("http://inbox.test/tasks", "/tasks"),
        (f"http://inbox.test/cases/{case}/reply", f"/cases/{case}"),
        ("https://elsewhere.test/tasks", f"/cases/{case}"),
    ):
        one.client.headers["Referer"] = referer
        asked = await one.post(f"/cases/{case}/reply", {"text": WORDS})
        assert hidden_in(asked.text)["back"] == back


async def test_a_button_alone_is_pressed_again(office: Office, browser: Opening, case: str) -> None:
    one = await browser("doctor_a")
    await one.get(f"/cases/{case}")
    office.now += timedelta(hours=13)
    asked = await one.post(f"/cases/{case}/close", {"outcome": "reached"})
    assert asked.headers["location"] == f"/sign-in?back=/cases/{case}"
    await one.get(f"/cases/{case}")
    asked = await one.post(f"/cases/{case}/close", {"outcome": "reached", "remark": "好"})
    assert "2 项内容还在" in asked.text


def test_tokens_and_passwords_are_never_kept() -> None:
    secret = ("csrf", "once", "password", "old", "new", "again")
    assert typed_in(Fields([(name, "x") for name in secret])) == ()
    assert typed_in(Fields([("text", "  "), ("csrf", "x")])) == ()


def test_every_ticked_box_of_a_group_is_kept() -> None:
    fields = Fields([("symptom", "headache"), ("symptom", "oedema"), ("csrf", "x")])
    assert fields.all("symptom") == ("headache", "oedema")
    assert fields["symptom"] == "oedema"
    assert typed_in(fields) == (("symptom", "headache"), ("symptom", "oedema"))
