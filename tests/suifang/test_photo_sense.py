"""Whether photos are read, and what the examination says of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sight import eye
from suifang import senses
from suifang.errors import ConfigurationError
from suifang.findings import State
from suifang.settings import Settings, load_settings


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eye, "missing", lambda: False)


@pytest.fixture
def not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(eye, "missing", lambda: True)


def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, photo: str) -> Settings:
    monkeypatch.setenv("SUIFANG_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("SUIFANG_PHOTO", photo)
    return load_settings(env_file=None)


def test_photos_are_for_doctors_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    off = settings(monkeypatch, tmp_path, "off")
    assert senses.senses(off) == {}
    (finding,) = senses.examine_photo(off)
    assert finding.state is State.OK


@pytest.mark.usefixtures("installed")
def test_the_eye_is_there_when_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    local = settings(monkeypatch, tmp_path, "local")
    assert isinstance(senses.senses(local)["image"], eye.Eye)
    (finding,) = senses.examine_photo(local)
    assert (finding.name, finding.state) == ("照片", State.OK)


@pytest.mark.usefixtures("not_installed")
def test_an_eye_that_is_not_installed_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        settings(monkeypatch, tmp_path, "local")
    assert "requirements/photo.txt" in refused.value.problems[0]


def test_one_that_was_removed_later_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(eye, "missing", lambda: False)
    local = settings(monkeypatch, tmp_path, "local")
    monkeypatch.setattr(eye, "missing", lambda: True)
    (finding,) = senses.examine_photo(local)
    assert finding.state is State.ERROR
    assert "requirements/photo.txt" in finding.do


def test_knowing_of_the_eye_loads_nothing_heavy() -> None:
    loaded = (
        "import sys, sight.eye; print([m for m in ('numpy', 'cv2', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
