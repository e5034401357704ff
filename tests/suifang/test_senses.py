"""Which ear an installation gets by its settings, and what the examination says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from suifang import completeness, senses
from suifang.errors import ConfigurationError
from suifang.findings import State
from suifang.settings import Settings, load_settings
from voice.ear import Ear
from voice.endpoint import EndpointTranscriber
from voice.local import LocalTranscriber

ENDPOINT = {
    "SUIFANG_VOICE": "endpoint",
    "SUIFANG_VOICE_BASE_URL": "http://127.0.0.1:9000/v1/",
    "SUIFANG_VOICE_API_KEY": "k",
    "SUIFANG_VOICE_MODEL": "sense-voice",
}


@pytest.fixture
def everything_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completeness, "missing", lambda: ())
    monkeypatch.setattr(senses, "missing", lambda: ())
    monkeypatch.setattr("shutil.which", lambda tool: f"/usr/bin/{tool}")


def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **variables: str) -> Settings:
    for name, value in {"SUIFANG_DATA_DIR": str(tmp_path), **variables}.items():
        monkeypatch.setenv(name, value)
    return load_settings(env_file=None)


def test_voice_is_off_unless_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert senses.senses(settings(monkeypatch, tmp_path)) == {}


@pytest.mark.usefixtures("everything_installed")
def test_the_local_model_lies_in_the_data_folder_and_is_not_loaded_yet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = senses.senses(settings(monkeypatch, tmp_path, SUIFANG_VOICE="local"))
    ear = found["voice"]
    assert isinstance(ear, Ear)
    assert isinstance(ear.transcriber, LocalTranscriber)
    assert list(tmp_path.iterdir()) == []


def test_an_endpoint_is_taken_as_it_was_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = settings(monkeypatch, tmp_path, **ENDPOINT, SUIFANG_VOICE_TIMEOUT="12")
    endpoint = found.voice_endpoint
    assert endpoint is not None
    assert (endpoint.base_url, endpoint.timeout) == ("http://127.0.0.1:9000/v1", 12)
    ear = senses.senses(found)["voice"]
    assert isinstance(ear, Ear)
    assert isinstance(ear.transcriber, EndpointTranscriber)


def test_a_local_ear_that_is_not_installed_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(completeness, "missing", lambda: ("faster_whisper",))
    with pytest.raises(ConfigurationError) as refused:
        settings(monkeypatch, tmp_path, SUIFANG_VOICE="local")
    assert "requirements/voice.txt" in refused.value.problems[0]


def test_half_an_endpoint_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as refused:
        settings(monkeypatch, tmp_path, SUIFANG_VOICE="endpoint", SUIFANG_VOICE_MODEL="m")
    assert refused.value.problems == (
        "SUIFANG_VOICE is `endpoint`: set SUIFANG_VOICE_BASE_URL, SUIFANG_VOICE_API_KEY as well.",
    )


def test_a_server_elsewhere_hears_nobody_unless_it_is_allowed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    elsewhere = {**ENDPOINT, "SUIFANG_VOICE_BASE_URL": "https://asr.example.org/v1"}
    with pytest.raises(ConfigurationError) as refused:
        settings(monkeypatch, tmp_path, **elsewhere)
    assert "asr.example.org" in refused.value.problems[0]
    allowed = settings(monkeypatch, tmp_path, **elsewhere, SUIFANG_ALLOWED_HOSTS="asr.example.org")
    assert allowed.voice_endpoint is not None


@pytest.mark.usefixtures("everything_installed")
@pytest.mark.parametrize(
    ("variables", "says"),
    [({}, "都请医生听"), ({"SUIFANG_VOICE": "local"}, "本机"), (ENDPOINT, "服务")],
)
def test_the_examination_says_who_listens(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variables: dict[str, str], says: str
) -> None:
    (finding,) = senses.examine_voice(settings(monkeypatch, tmp_path, **variables))
    assert finding.state is State.OK
    assert says in finding.says


@pytest.mark.usefixtures("everything_installed")
def test_the_examination_names_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    local = settings(monkeypatch, tmp_path, SUIFANG_VOICE="local")
    monkeypatch.setattr(senses, "missing", lambda: ("faster_whisper",))
    (finding,) = senses.examine_voice(local)
    assert finding.state is State.ERROR
    monkeypatch.setattr("shutil.which", lambda tool: None if tool == "sox" else tool)
    (finding,) = senses.examine_voice(local)
    assert (finding.state, finding.do) == (State.WARN, "apt-get install sox")
