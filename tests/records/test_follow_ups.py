from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlmodel import col, select

from records import follow_ups
from records.tables import FollowUp
from tests.agent.scene import Village

TODAY = date(2026, 11, 23)
Plan = Callable[..., bool]


@pytest.fixture
def plan(village: Village) -> Plan:
    def write(days: int, reason: str = "routine") -> bool:
        with village.database.transaction() as session:
            return follow_ups.plan(
                session,
                village.patient.id,
                "hypertension",
                TODAY + timedelta(days=days),
                reason,
            )

    return write


def planned(village: Village) -> list[tuple[int, str]]:
    with village.database.reading() as session:
        rows = session.exec(
            select(FollowUp).where(FollowUp.state == "planned").order_by(col(FollowUp.due_on))
        ).all()
        return [((row.due_on - TODAY).days, row.reason) for row in rows]


def test_planning_the_same_day_twice_plans_once(village: Village, plan: Plan) -> None:
    assert plan(90)
    assert not plan(90)
    assert planned(village) == [(90, "routine")]


def test_a_later_plan_waits_for_the_earlier_one(village: Village, plan: Plan) -> None:
    assert plan(14, "recheck")
    assert not plan(90)
    assert planned(village) == [(14, "recheck")]


def test_an_earlier_contact_takes_the_place_of_a_later_one(village: Village, plan: Plan) -> None:
    plan(90)
    assert plan(14, "referral_check")
    assert planned(village) == [(14, "referral_check")]


def test_a_day_that_was_given_up_can_be_planned_again(village: Village, plan: Plan) -> None:
    plan(90)
    plan(14, "recheck")
    with village.database.transaction() as session:
        row = session.exec(select(FollowUp).where(FollowUp.state == "planned")).one()
        row.state = "signed"
        session.add(row)
    assert plan(90)
    assert planned(village) == [(90, "routine")]
