"""The counts at the terminal: the same figures as a table and as JSON."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta

import pytest
from rich.console import Console

from care.level import Level
from care.reading import Kind, Reading
from care.situation import Programme
from records import people, readings
from records.people import Registration
from records.tables import Facility
from reports.figure import definitions
from suifang import reporting
from suifang.errors import ConfigurationError
from suifang.installation import Installation


@pytest.fixture
def counted(installation: Installation, now: datetime) -> Installation:
    """One person under management, in one village, with one reading."""
    with installation.database.transaction() as session:
        session.add(Facility(id="t", kind="township_health_centre", name="清水镇", path="t/"))
        session.flush()
        session.add(
            Facility(id="v", parent_id="t", kind="village_clinic", name="东沟村", path="t/v/")
        )
        session.flush()
        known = Registration("王桂兰", "v", programmes=(Programme.HYPERTENSION,))
        person = people.register(session, installation.vault, known, now - timedelta(days=40))
        readings.store(
            session,
            person.id,
            Reading(Kind.BP, systolic=128, diastolic=78),
            readings.Provenance(),
            taken_at=now,
            now=now,
            level=Level.NONE,
        )
    return installation


def test_the_present_month_is_meant_when_none_is_named(
    installation: Installation, now: datetime
) -> None:
    assert str(reporting.counts(installation, "", now).month) == "2026-11"
    assert str(reporting.counts(installation, "2025-02", now).month) == "2025-02"


def test_what_is_no_month_is_refused(installation: Installation, now: datetime) -> None:
    with pytest.raises(ConfigurationError, match="November is not a month"):
        reporting.counts(installation, "November", now)


def test_the_table_has_a_column_for_each_village_and_a_sentence_for_each_figure(
    counted: Installation, now: datetime
) -> None:
    screen = Console(file=io.StringIO(), width=200)
    reporting.show(reporting.counts(counted, "2026-11", now), screen)
    assert isinstance(screen.file, io.StringIO)
    shown = screen.file.getvalue()
    assert "2026-11 · 截至 2026-11-23 01:00 UTC" in shown
    assert "东沟村" in shown
    assert "王桂兰" not in shown
    flat = "".join(shown.split())
    for figure in definitions().figures:
        assert "".join(figure.definition.split()) in flat


def test_a_figure_that_does_not_exist_is_a_dash(counted: Installation, now: datetime) -> None:
    screen = Console(file=io.StringIO(), width=200)
    reporting.show(reporting.counts(counted, "2026-11", now), screen)
    assert isinstance(screen.file, io.StringIO)
    assert "—" in screen.file.getvalue()


def test_another_program_gets_the_same_figures(counted: Installation, now: datetime) -> None:
    found = reporting.counts(counted, "2026-11", now)
    told = json.loads(reporting.as_json(found))
    assert told["as_of"] == now.isoformat()
    *villages, total = told["rows"]
    assert [row["name"] for row in villages] == [row.name for row in found.rows]
    assert total["facility_id"] is None
    assert total["figures"].keys() == {figure.key for figure in definitions().figures}
    assert 1 in total["figures"].values()
