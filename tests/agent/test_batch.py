import io
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.batch import BadLine, run
from suifang.batching import batch
from suifang.errors import ConfigurationError
from tests.agent.scene import OneAnswer
from tests.conftest import MONDAY_MORNING


def results(*lines: str | bytes) -> list[dict[str, Any] | BadLine]:
    raw = [line.encode() if isinstance(line, str) else line for line in lines]
    return list(run(raw, OneAnswer(), MONDAY_MORNING))


def answered(line: dict[str, Any]) -> dict[str, Any]:
    (result,) = results(json.dumps(line))
    assert isinstance(result, dict)
    return result


def test_a_line_has_every_key_of_the_contract() -> None:
    out = answered({"id": "1", "text": "血压152/94", "patient": {"age": 60}})
    assert out == {
        "id": "1",
        "readings": [{"kind": "bp", "sbp": 152, "dbp": 94}],
        "clarify": False,
        "level": "routine",
        "reasons": ["bp_uncontrolled"],
        "answered": False,
        "answer": out["answer"],
        "citations": [],
        "mode": "rules",
    }
    assert "152/94" in out["answer"]


def test_glucose_carries_unit_and_context() -> None:
    out = answered({"id": "1", "text": "空腹血糖7.8"})
    assert out["readings"] == [
        {"kind": "glucose", "value": 7.8, "unit": "mmol/L", "context": "fasting"}
    ]


def test_a_question_is_answered_with_its_citation() -> None:
    out = answered({"id": "1", "text": "一天能吃多少盐？"})
    assert out["answered"]
    assert out["mode"] == "retrieval"
    assert out["citations"] == [
        {"article": "life.salt", "source": "国家基层高血压防治管理指南2025版"}
    ]


def test_a_joined_value_counts_as_stored() -> None:
    out = answered({"id": "1", "text": "14892"})
    assert out["readings"] == [{"kind": "bp", "sbp": 148, "dbp": 92}]


def test_a_meter_that_shows_hi_is_asked_about_and_is_an_emergency() -> None:
    out = answered({"id": "1", "text": "血糖仪显示HI"})
    assert (out["readings"], out["clarify"], out["level"]) == ([], True, "emergency")


def test_a_value_of_somebody_else_is_not_the_senders_but_its_level_counts() -> None:
    out = answered({"id": "1", "text": "我妈血压190/120，头痛呕吐"})
    assert out["readings"] == []
    assert out["level"] == "emergency"


@pytest.mark.parametrize("patient", [None, {}, {"age": None, "conditions": [], "more": 1}])
def test_the_patient_may_be_absent_or_bare(patient: dict[str, Any] | None) -> None:
    assert answered({"id": "1", "text": "你好", "patient": patient, "extra": True})["id"] == "1"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "line 1: "),
        ('{"id": "1"}', "line 1: text"),
        ('{"id": "1", "text": 5}', "line 1: text"),
        ('{"id": "1", "text": "a", "patient": {"age": -1}}', "line 1: patient.age"),
        ('{"id": "1", "text": "a", "patient": {"conditions": ["x"]}}', "line 1: patient"),
        (b"\xff\xfe", "line 1: not UTF-8"),
    ],
)
def test_a_bad_line_says_where_and_why_and_the_next_goes_on(line: str | bytes, why: str) -> None:
    bad, good = results(line, '{"id": "2", "text": "你好"}')
    assert isinstance(bad, BadLine)
    assert str(bad).startswith(why)
    assert isinstance(good, dict)


@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "😀" * 50, "。" * 5000])
def test_odd_texts_are_valid_messages(text: str) -> None:
    assert answered({"id": "1", "text": text})["readings"] == []


@given(st.text(max_size=60))
def test_any_text_gets_a_level_and_never_an_exception(text: str) -> None:
    assert answered({"id": "1", "text": text})["level"] in {
        "none",
        "routine",
        "urgent",
        "emergency",
    }


def test_files_keep_order_and_bad_lines_go_to_standard_error(
    tmp_path: Path, now: datetime, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id":"b","text":"你好"}\n\nnope\n{"id":"a","text":"\\ud800"}\n')
    assert batch(str(source), str(target), OneAnswer(), now) == 1
    lines = target.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["b", "a"]
    assert capsys.readouterr().err.startswith("line 3: not JSON")


def test_a_dash_means_the_standard_streams(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"id":"1","text":"hi"}\n')))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, write_through=True))
    assert batch("-", "-", OneAnswer(), now) == 0
    assert json.loads(written.getvalue())["id"] == "1"


def test_a_file_that_cannot_be_read_or_written_is_named(tmp_path: Path, now: datetime) -> None:
    with pytest.raises(ConfigurationError, match="Cannot read"):
        batch(str(tmp_path / "none"), "-", OneAnswer(), now)
    source = tmp_path / "in"
    source.touch()
    with pytest.raises(ConfigurationError, match="Cannot write"):
        batch(str(source), str(tmp_path / "no" / "out"), OneAnswer(), now)
