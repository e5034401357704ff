"""The queue of questions at the terminal: listed, shown, exported, and nobody in it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlmodel import select

from records import question_groups
from records.tables import AuditEvent
from suifang import clock
from suifang.errors import EXIT_CONFIGURATION
from suifang.installation import Installation
from tests.inbox.county import County
from tests.suifang.conftest import Command

NAMED = "我叫刘秀英，电话13800001111，高血压能染头发吗"


@pytest.fixture
def groups(installation: Installation) -> dict[str, str]:
    """One group that waits, one that was put aside."""
    with installation.database.transaction() as session:
        county = County(session, installation.vault, clock.now()).build()
        dye = county.question(NAMED)
        county.question("血压高染发有事吗", group_id=dye, reason="unsure", place="b")
        pork = county.question("猪肉多少钱一斤", ago=timedelta(days=2))
        curator = county.readers["curator"]
        question_groups.dismiss(session, curator, pork, "off_topic", clock.now())
    return {"dye": dye, "pork": pork}


def test_what_waits_is_listed_without_names(suifang: Command, groups: dict[str, str]) -> None:
    shown = suifang("questions", "list").out
    assert "染" in shown
    assert "猪肉" not in shown
    assert "刘秀英" not in shown
    assert "猪肉" in suifang("questions", "list", "--state", "dismissed").out
    assert "没有这样的问题" in suifang("questions", "list", "--state", "covered").out


def test_a_group_is_shown_by_the_beginning_of_its_id(
    suifang: Command, groups: dict[str, str]
) -> None:
    shown = suifang("questions", "show", groups["dye"][:12]).out
    assert "我叫〔姓名〕，电话〔号码〕，高血压能染头发吗" in shown
    assert "unsure 血压高染发有事吗" in shown
    lost = suifang("questions", "show", "zzzz")
    assert (lost.code, "0 groups begin with zzzz" in lost.err) == (EXIT_CONFIGURATION, True)


def test_an_export_names_decoys_and_stands_in_the_trail(
    suifang: Command, groups: dict[str, str], installation: Installation
) -> None:
    lines = [json.loads(line) for line in suifang("questions", "export").out.splitlines()]
    found = {line["group"]: line for line in lines}
    assert found[groups["pork"]]["decoy"] == "off_topic"
    assert found[groups["dye"]]["decoy"] is None
    assert len(found[groups["dye"]]["questions"]) == 2
    assert "13800001111" not in json.dumps(lines)
    with installation.database.reading() as session:
        actions = session.exec(select(AuditEvent.action)).all()
    assert "questions.exported" in actions
