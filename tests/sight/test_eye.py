"""The process that looks: it answers, dies or is stopped, and the worker goes on."""

from __future__ import annotations

import os
import random
import sys

import pytest

from sight import weights
from sight.eye import Eye, EyeError
from simulator.pictures import Difficulty, Look, photograph, pressure_meter


def test_a_file_that_is_no_picture_is_an_answer_not_a_fault() -> None:
    assert Eye().perceive(b"", "image/jpeg") == {"what": "unreadable", "why": "empty", "text": ""}


@pytest.mark.parametrize(
    "script", ["import time; time.sleep(30)", "raise SystemExit(1)", "print('not json')"]
)
def test_a_process_that_does_not_answer_is_a_failed_try(script: str) -> None:
    with pytest.raises(EyeError):
        Eye(seconds=0.5, command=(sys.executable, "-c", script)).perceive(b"x", "")


def test_the_process_is_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUIFANG_SECRET_KEY", "secret")
    script = "import json, os; print(json.dumps({'names': sorted(os.environ)}))"
    seen = Eye(command=(sys.executable, "-c", script)).perceive(b"", "")
    assert not [name for name in seen["names"] if name.startswith("SUIFANG")]


@pytest.mark.slow
def test_a_photo_is_read_in_a_process_of_its_own() -> None:
    if weights.missing() and not os.environ.get("CI"):
        pytest.skip(weights.INSTALL)
    dice = random.Random(5)
    photo = photograph(pressure_meter(185, 112, 84, Look.chosen(dice)), Difficulty.MEDIUM, dice)
    seen = Eye().perceive(photo, "image/jpeg")
    assert (seen["what"], seen["text"][:9]) == ("pressure", "血压185/112")
