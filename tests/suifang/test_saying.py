"""`suifang say` and `suifang batch`: the conversation without a server, a key or a database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from care.situation import Programme
from suifang.saying import Speaker, converse
from tests.agent.scene import SALT, OneAnswer
from tests.suifang.conftest import Command

Talk = Callable[..., list[str]]


@pytest.fixture
def talk(now: datetime) -> Talk:
    """Says the lines, one a minute, and returns what the patient was told."""

    def _talk(*lines: str, speaker: Speaker | None = None) -> list[str]:
        told: list[str] = []
        moment = now

        def clock() -> datetime:
            nonlocal moment
            moment += timedelta(seconds=20)
            return moment

        converse(lines, speaker or Speaker(), OneAnswer(), None, clock, told.append)
        return told

    return _talk


def test_a_reading_is_repeated(talk: Talk) -> None:
    (told,) = talk("血压128/78")
    assert "128/78" in told


def test_a_question_is_answered(talk: Talk) -> None:
    (told,) = talk("一天能吃多少盐？")
    assert SALT in told


def test_an_emergency_is_answered_at_once_and_once(talk: Talk) -> None:
    told = talk("高压190低压115，头痛得厉害，还恶心")
    assert len(told) == 1
    assert "120" in told[0]


def test_lines_belong_to_one_conversation(talk: Talk) -> None:
    told = talk("14892", "对")
    assert len(told) == 2
    assert "148/92" in told[0]
    assert told[0] != told[1]


def test_what_is_known_of_the_speaker_counts(talk: Talk) -> None:
    line = "血压142/92，水肿，眼睛花"
    plain = talk(line, speaker=Speaker(30))
    with_child = talk(line, speaker=Speaker(30, (Programme.HYPERTENSION,), pregnant=True))
    assert plain != with_child


def test_nothing_is_left_behind(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    talk("你好")
    assert list(tmp_path.iterdir()) == []


def test_words_or_lines_are_said_at_the_terminal(suifang: Command, home: Path) -> None:
    words = suifang("say", "血压128/78", "--age", "66", "--condition", "hypertension")
    lines = suifang("say", "--age", "66", "--condition", "hypertension", typed="血压128/78\n")
    assert "128/78" in words.out
    assert words == lines
    assert not home.exists()


def test_an_age_or_a_condition_that_cannot_be_is_refused(suifang: Command, home: Path) -> None:
    for words in (("--age", "200"), ("--condition", "gout")):
        refused = suifang("say", "你好", *words)
        assert refused.code == 2
        assert "Traceback" not in refused.err


def test_a_batch_goes_from_file_to_file(suifang: Command, home: Path, tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text('{"id": "1", "text": "血压128/78"}\n', encoding="utf-8")
    assert suifang("batch", str(source), str(target)).code == 0
    assert json.loads(target.read_text(encoding="utf-8"))["id"] == "1"
    source.write_text("nope\n", encoding="utf-8")
    refused = suifang("batch", str(source), str(target))
    assert refused.code == 1
    assert refused.err.startswith("line 1: not JSON")


def test_a_file_that_is_not_there_is_named(suifang: Command, home: Path, tmp_path: Path) -> None:
    refused = suifang("batch", str(tmp_path / "none"), "-")
    assert refused.code == 78
    assert refused.err.startswith("✗ Cannot read")
    assert "Traceback" not in refused.err


@pytest.mark.slow
def test_a_stranger_pipes_lines_through_without_any_setting(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if "SUIFANG" not in name}
    lines = '{"id": "a", "text": "高压190低压115，头痛得厉害"}\nnope\n{"id": "b", "text": "你好"}\n'
    done = subprocess.run(
        [sys.executable, "-m", "suifang.cli", "batch", "-", "-"],
        input=lines.encode(),
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    first, second = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert (first["id"], first["level"], second["id"]) == ("a", "emergency", "b")
    assert done.stderr.decode().startswith("line 2: not JSON")
    assert done.stderr.count(b"\n") == 1
    assert list(tmp_path.iterdir()) == []
