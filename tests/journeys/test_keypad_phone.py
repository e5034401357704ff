"""An old man without WeChat: a text message in, an approved template out, and the doctor sees the value."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlmodel import col, select

from records.tables import ContactPoint, DeliveryReceipt, OutboundMessage, PersonContact
from records.tables import StoredReading as Stored
from simulator.log import Kind
from suifang import clock
from tests.journeys.conftest import _SETTINGS
from tests.journeys.county import County, living
from tests.journeys.desk import Desk
from tests.journeys.eyes import DESK, Eyes
from tests.journeys.phone import ANSWERED_WITHIN

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def county(grown: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if _SETTINGS.match(name)]:
            patch.delenv(name)
        with living(grown, tmp_path_factory.mktemp("keypad"), sms=True) as one:
            yield one


def test_a_value_by_sms_is_stored_answered_by_a_template_and_seen_by_the_doctor(
    county: County, eyes: Eyes
) -> None:
    began = clock.now()
    page = eyes.window(DESK)
    page.goto(f"{county.phones}/")
    page.get_by_role("link", name="老年机").first.click()
    for key in ("1", "3", "5", "空格", "8", "5"):
        page.get_by_role("button", name=key, exact=True).click()
    page.get_by_role("button", name="发送").click()

    expect(page.locator(".row-theirs .bubble").last).to_contain_text(
        "您报的数收到了", timeout=ANSWERED_WITHIN
    )
    expect(page.locator("#line")).to_contain_text(
        "推送回执第 1 次：已确认", timeout=ANSWERED_WITHIN
    )

    with county.database.reading() as session:
        stored = session.exec(select(Stored).where(col(Stored.recorded_at) >= began)).one()
        said = session.exec(
            select(OutboundMessage).where(col(OutboundMessage.created_at) >= began)
        ).one()
        (receipt,) = session.exec(select(DeliveryReceipt)).all()
        contact = session.exec(
            select(ContactPoint)
            .join(PersonContact, col(PersonContact.contact_point_id) == col(ContactPoint.id))
            .where(PersonContact.person_id == stored.person_id)
        ).one()
    assert (stored.systolic, stored.diastolic) == (135, 85)
    assert (said.state, contact.channel) == ("delivered", "sms")
    assert (receipt.provider, receipt.delivered) == ("aliyun:main", True)
    arrived = list(county.platform.log.entries(None, Kind.SMS))
    assert len(arrived) == 1
    desk = Desk(eyes.window(), county.pages)
    desk.signs_in("doctor1")
    desk.opens(f"/persons/{stored.person_id}")
    expect(desk.page.locator("main")).to_contain_text("135/85")
