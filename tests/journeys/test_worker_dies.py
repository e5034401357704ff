"""The worker is killed: an emergency is still answered and seen, and everybody can tell."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlmodel import select

from records.tables import Heartbeat
from tests.journeys.county import County
from tests.journeys.desk import Desk
from tests.journeys.eyes import DESK, PHONE, Eyes
from tests.journeys.phone import Phone

pytestmark = pytest.mark.slow

# A worker is missed after sixty seconds without a word. The last word is made fifty seconds older
# than it is, so that nobody waits for what the clock alone does.
OLDER, MISSED_WITHIN = timedelta(seconds=50), 40.0
BANNER = "后台停了。"


def test_a_dead_worker_is_seen_and_silences_no_emergency(
    county: County, eyes: Eyes, record_property: Callable[[str, object], None]
) -> None:
    patient, other = county.patient(0), county.patient(8)
    desk = Desk(eyes.window(DESK), county.pages)
    desk.signs_in(county.doctor_of(patient))
    banner = desk.page.get_by_role("alert").filter(has_text=BANNER)
    expect(banner).to_have_count(0)
    assert county.health().json()["worker"] == "ok"

    county.kill("worker")
    killed = time.monotonic()
    phone = Phone.of(county, eyes.window(PHONE), patient)
    phone.say("高压190低压115，头痛得厉害")
    phone.reads("马上打120")
    quiet = Phone.of(county, eyes.window(PHONE), other)
    quiet.say("今早量的 121/77")
    desk.opens("/")
    expect(desk.line_of(patient.name)).to_contain_text("紧急")

    _age_the_last_word(county)
    _until_missed(county, killed)
    record_property("seconds until /health says so", time.monotonic() - killed)
    assert county.health().json()["worker"] == "silent"
    # Without anybody touching it: the page asks by itself.
    expect(banner).to_be_visible(timeout=25_000)
    desk.opens("/tasks")
    expect(banner).to_be_visible()
    expect(quiet.received).to_have_count(0)

    county.start("worker")
    county.ready()
    desk.opens("/")
    expect(banner).to_have_count(0)
    quiet.reads("记下了：血压121/77")
    assert sum("马上打120" in text for text in county.seen(patient)) == 1


def _age_the_last_word(county: County) -> None:
    with county.database.transaction() as session:
        for beat in session.exec(select(Heartbeat)).all():
            beat.at -= OLDER
            session.add(beat)


def _until_missed(county: County, killed: float) -> None:
    while county.health().status_code != 503:
        assert time.monotonic() - killed < MISSED_WITHIN
        time.sleep(0.5)
