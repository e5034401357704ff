"""The figures at the terminal: the same as on the page, as tables and as JSON."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta

import pytest
from rich.console import Console

from care.situation import Programme
from records import people
from records.people import Registration
from records.tables import Facility
from reports.definition import definitions
from suifang import reporting
from suifang.errors import ConfigurationError
from suifang.installation import Installation


@pytest.fixture
def counted(installation: Installation, now: datetime) -> Installation:
    """One person under management, in one of two villages."""
    with installation.database.transaction() as session:
        session.add(Facility(id="t", kind="county", name="清水县", path="t/"))
        session.flush()
        for key, name in (("v", "东沟村"), ("w", "西坡村")):
            session.add(
                Facility(id=key, parent_id="t", kind="village_clinic", name=name, path=f"t/{key}/")
            )
        session.flush()
        known = Registration("王桂兰", "v", programmes=(Programme.HYPERTENSION,))
        people.register(session, installation.vault, known, now - timedelta(days=40))
    return installation


def test_the_present_month_is_meant_when_none_is_named(
    counted: Installation, now: datetime
) -> None:
    assert str(reporting.report(counted, "", "", now).month) == "2026-11"
    assert str(reporting.report(counted, "", "2025-02", now).month) == "2025-02"


def test_what_is_no_month_is_refused(installation: Installation, now: datetime) -> None:
    with pytest.raises(ConfigurationError, match="November is not a month"):
        reporting.report(installation, "", "November", now)


def test_an_area_is_found_by_its_name_or_its_id(counted: Installation, now: datetime) -> None:
    assert reporting.report(counted, "东沟村", "", now).area.id == "v"
    assert reporting.report(counted, "w", "", now).area.name == "西坡村"
    with pytest.raises(ConfigurationError, match="There is no facility 南湾村"):
        reporting.report(counted, "南湾村", "", now)


def test_of_two_with_one_name_the_id_is_asked_for(counted: Installation, now: datetime) -> None:
    with counted.database.transaction() as session:
        session.add(
            Facility(id="x", parent_id="t", kind="village_clinic", name="东沟村", path="t/x/")
        )
    with pytest.raises(ConfigurationError, match="Several facilities are called 东沟村"):
        reporting.report(counted, "东沟村", "", now)


def test_the_table_has_a_column_for_each_village_and_a_sentence_for_each_figure(
    counted: Installation, now: datetime
) -> None:
    screen = Console(file=io.StringIO(), width=200)
    reporting.show(reporting.report(counted, "", "2026-11", now), screen)
    assert isinstance(screen.file, io.StringIO)
    shown = screen.file.getvalue()
    assert "清水县 2026年11月 · 截至 2026-11-23 01:00 UTC" in shown
    assert "东沟村" in shown
    assert "王桂兰" not in shown
    assert "缺估计数" in shown
    flat = "".join(shown.split())
    for figure in definitions().figures():
        assert "".join(figure.definition.split()) in flat


def test_a_closed_month_says_so(counted: Installation, now: datetime) -> None:
    screen = Console(file=io.StringIO(), width=200)
    reporting.show(reporting.report(counted, "", "2026-10", now), screen)
    assert isinstance(screen.file, io.StringIO)
    assert "已封存 · 之后有 0 处更正" in screen.file.getvalue()


def test_another_program_gets_the_same_figures(counted: Installation, now: datetime) -> None:
    found = reporting.report(counted, "", "2026-11", now)
    told = json.loads(reporting.as_json(found))
    assert told["as_of"] == now.isoformat()
    first = told["tables"][0]
    assert [row["name"] for row in first["rows"]] == ["东沟村", "西坡村"]
    assert first["total"]["values"]["nbphs.hypertension.managed"] == {"value": 1, "missing": None}
    assert first["total"]["values"]["nbphs.hypertension.managed_rate"]["missing"] == "no_estimate"
