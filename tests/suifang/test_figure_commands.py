"""Estimates and tokens as an operator types them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from records import api_tokens
from records.tables import ApiToken, AuditEvent, Facility, FacilityEstimate
from suifang import clock
from suifang.errors import EXIT_CONFIGURATION
from suifang.installation import Installation, open_installation
from suifang.settings import load_settings
from tests.suifang.conftest import Command


@pytest.fixture
def county(suifang: Command, installed: Path) -> Installation:
    """An installation with a county in it."""
    made = open_installation(load_settings())
    with made.database.transaction() as session:
        session.add(Facility(id="c", kind="county", name="清水县", path="c/"))
    return made


def test_an_estimate_is_kept_with_its_source(suifang: Command, county: Installation) -> None:
    done = suifang(
        "facility",
        "estimate",
        "清水县",
        "hypertension",
        "5200",
        "--source",
        "普查",
        "--year",
        "2026",
    )
    assert (done.code, done.err) == (0, "清水县: 5200 (普查).")
    with county.database.reading() as session:
        row = session.exec(select(FacilityEstimate)).one()
        noted = session.exec(select(AuditEvent)).one()
    assert (row.patients, row.year, row.set_by) == (5200, 2026, "operator")
    assert noted.action == "estimate"


@pytest.mark.parametrize(
    ("area", "patients", "source", "words"),
    [
        ("石桥县", "5", "普查", "There is no facility 石桥县."),
        ("清水县", "0", "普查", "whole number of patients"),
        ("清水县", "5", " ", "Say where the estimate comes from"),
    ],
)
def test_an_estimate_that_is_none_is_refused_in_a_sentence(
    suifang: Command, county: Installation, area: str, patients: str, source: str, words: str
) -> None:
    done = suifang("facility", "estimate", area, "hypertension", patients, "--source", source)
    assert done.code == EXIT_CONFIGURATION
    assert words in done.err


def test_a_token_is_shown_once_listed_and_revoked(suifang: Command, county: Installation) -> None:
    made = suifang("token", "add", "县平台", "--area", "清水县", "--days", "30")
    text = made.out.strip()
    assert text.startswith("sfr_")
    with county.database.transaction() as session:
        assert api_tokens.bearer(session, text, clock.now()) is not None
        token_id = session.exec(select(ApiToken.id)).one()
    listed = suifang("token", "list").out
    assert f"{token_id}  县平台  清水县  until" in listed
    assert "never used" in listed
    assert text not in listed
    assert suifang("token", "revoke", token_id).code == 0
    assert "revoked" in suifang("token", "list").out
    with county.database.transaction() as session:
        assert api_tokens.bearer(session, text, clock.now()) is None
        assert {one.action for one in session.exec(select(AuditEvent))} == {
            "token_add",
            "token_revoke",
        }
    again = suifang("token", "revoke", token_id)
    assert (again.code, again.err) == (
        EXIT_CONFIGURATION,
        "✗ There is no such token, or it was revoked before.",
    )


def test_a_token_that_ran_out_is_listed_as_expired(suifang: Command, county: Installation) -> None:
    with county.database.transaction() as session:
        api_tokens.add(
            session,
            name="旧平台",
            facility_id="c",
            lasts=timedelta(days=1),
            by="operator",
            now=clock.now() - timedelta(days=3),
        )
    assert "expired" in suifang("token", "list").out


@pytest.mark.parametrize(("name", "days"), [(" ", "30"), ("县平台", "0"), ("县平台", "999")])
def test_a_token_without_name_or_end_is_refused(
    suifang: Command, county: Installation, name: str, days: str
) -> None:
    done = suifang("token", "add", name, "--days", days)
    assert done.code == EXIT_CONFIGURATION
    assert done.out == ""
