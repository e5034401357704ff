"""The figures for another program: who may ask, how often, and what comes back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from records import api_tokens
from records.api_tokens import REFUSALS_PER_ADDRESS, REQUESTS_PER_TOKEN, TokenError
from records.tables import ApiToken, AuditEvent
from reports.keeping import refresh
from tests.inbox.browser import Browser, Opening
from tests.inbox.office import Office

PATH = "/api/v1/reports"


def token(office: Office, place: str = "county", days: int = 30) -> str:
    with office.county() as county:
        _, text = api_tokens.add(
            county.session,
            name="县平台",
            facility_id=county.places[place].id,
            lasts=timedelta(days=days),
            by="operator",
            now=office.now,
        )
    return text


def bearing(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


async def test_a_token_reads_the_last_full_month_from_outside(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        county.person("a", "王桂芳")
    refresh(office.database, office.now)
    answer = await (await browser()).get(PATH, bearing(token(office)))
    told = answer.json()
    assert (answer.status_code, told["month"]) == (200, "2026-10")
    assert told["area"]["name"] == "清水县"
    assert [table["key"] for table in told["tables"]][:2] == [
        "nbphs.hypertension",
        "nbphs.type2_diabetes",
    ]
    running = (await (await browser()).get(f"{PATH}?month=2026-11", bearing(token(office)))).json()
    managed = running["tables"][0]["total"]["values"]["nbphs.hypertension.managed"]
    assert managed == {"value": None, "missing": "small"}
    assert "王桂芳" not in answer.text
    with office.database.reading() as session:
        noted = session.exec(select(AuditEvent)).all()
        row = session.exec(select(ApiToken)).first()
    assert row is not None
    assert f"token:{row.id}" in {one.actor for one in noted}
    assert row.last_used_at is not None


async def test_a_token_opens_its_own_part_of_the_tree_only(
    office: Office, browser: Opening
) -> None:
    one, text = await browser(), token(office, "town")
    for place, status in (("town", 200), ("a", 200), ("far_town", 404), ("county", 404)):
        area = office.built.places[place].id
        answer = await one.get(f"{PATH}?area={area}", bearing(text))
        assert answer.status_code == status, place
    for query in ("month=2026-12", "month=x"):
        assert (await one.get(f"{PATH}?{query}", bearing(text))).status_code == 422


async def test_without_a_living_token_nothing_is_told(office: Office, browser: Opening) -> None:
    one, text = await browser(), token(office, days=1)
    for headers in ({}, bearing(""), bearing("sfr_guess"), {"Authorization": f"Basic {text}"}):
        answer = await one.get(PATH, headers)
        assert (answer.status_code, answer.json()) == (401, {"error": "token"})
        assert answer.headers["www-authenticate"] == "Bearer"
    assert (await one.get(PATH, bearing(text))).status_code == 200
    office.now += timedelta(days=1)
    assert (await one.get(PATH, bearing(text))).status_code == 401


async def test_a_revoked_token_opens_nothing_from_then_on(office: Office, browser: Opening) -> None:
    one, text = await browser(), token(office)
    with office.database.transaction() as session:
        row = session.exec(select(ApiToken)).one()
        assert api_tokens.revoke(session, row.id, office.now)
        assert not api_tokens.revoke(session, row.id, office.now)
    assert (await one.get(PATH, bearing(text))).status_code == 401


async def test_too_many_requests_wait_a_minute(
    office: Office, browser: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_tokens, "REQUESTS_PER_TOKEN", 3)
    one, text = await browser(), token(office)
    statuses = [(await one.get(PATH, bearing(text))).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    office.now += timedelta(minutes=1)
    assert (await one.get(PATH, bearing(text))).status_code == 200
    assert REQUESTS_PER_TOKEN >= 30


async def test_guessing_is_slowed_down(office: Office, browser: Opening) -> None:
    one: Browser = await browser()
    statuses = [
        (await one.get(PATH, bearing(f"sfr_{n}"))).status_code
        for n in range(REFUSALS_PER_ADDRESS + 2)
    ]
    assert statuses[:REFUSALS_PER_ADDRESS] == [401] * REFUSALS_PER_ADDRESS
    assert statuses[REFUSALS_PER_ADDRESS:] == [429, 429]


def test_the_token_itself_is_nowhere_in_the_database(office: Office) -> None:
    text = token(office)
    with office.database.reading() as session:
        row = session.exec(select(ApiToken)).one()
    assert text not in str(row.model_dump())
    assert len(text) > 40


@pytest.mark.parametrize(
    ("name", "days", "reason"), [(" ", 3, "name"), ("x", 0, "days"), ("x", 400, "days")]
)
def test_a_token_without_a_name_or_an_end_is_not_made(
    office: Office, name: str, days: int, reason: str
) -> None:
    with office.county() as county, pytest.raises(TokenError, match=reason):
        api_tokens.add(
            county.session,
            name=name,
            facility_id=county.places["county"].id,
            lasts=timedelta(days=days),
            by="operator",
            now=office.now,
        )


async def test_a_cookie_is_no_token(browser: Opening) -> None:
    assert (await (await browser("bureau")).get(PATH)).status_code == 401
