"""Any server of `/audio/transcriptions`, over real HTTP: its words are taken, its faults are not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from starlette.responses import Response, StreamingResponse

from simulator.transcription import LIE, SCRIPTS, hears
from voice.endpoint import EndpointError, EndpointSettings, EndpointTranscriber
from voice.sound import RATE, Sound

if TYPE_CHECKING:
    from tests.voice.conftest import Running

SECOND = Sound(b"\x01\x02" * RATE)


def ask(url: str, timeout: float = 5.0) -> str:
    settings = EndpointSettings(url, "secret", "sense-voice", timeout)
    return EndpointTranscriber(settings).transcribe(SECOND).text


def test_the_voice_travels_as_a_wav_file_and_nothing_else_with_it(
    transcription: Running,
) -> None:
    transcription.stand.script = hears("空腹血糖7.8")
    assert ask(transcription.url) == "空腹血糖7.8"
    (heard,) = transcription.stand.heard
    assert heard.file == SECOND.wav
    assert heard.file_name == "voice.wav"
    assert heard.authorization == "Bearer secret"
    assert heard.fields["model"] == "sense-voice"
    assert set(heard.fields) == {"model", "language", "response_format", "temperature", "prompt"}


def test_a_lie_is_taken_for_what_it_is_words_to_be_read_back(transcription: Running) -> None:
    transcription.stand.script = SCRIPTS["lie"]
    assert ask(transcription.url) == LIE


@pytest.mark.parametrize(
    "script",
    ["fail", "too_many", "refuse", "garbage", "not_json", "wrong_shape", "a_list", "endless"],
)
def test_whatever_is_no_proper_answer_is_an_error(transcription: Running, script: str) -> None:
    transcription.stand.script = SCRIPTS[script]
    with pytest.raises(EndpointError):
        ask(transcription.url)


def test_a_server_that_stalls_costs_the_time_out_and_no_more(transcription: Running) -> None:
    transcription.stand.script = SCRIPTS["stall"]
    began = time.monotonic()
    with pytest.raises(EndpointError):
        ask(transcription.url, timeout=0.3)
    assert time.monotonic() - began < 3


def test_a_server_that_drips_costs_the_time_out_and_no_more(transcription: Running) -> None:
    async def dripping(_: object) -> Response:
        async def words() -> AsyncIterator[bytes]:
            for _ in range(60):
                yield b" "
                await asyncio.sleep(0.1)
            yield b'{"text": "x"}'

        return StreamingResponse(words(), media_type="application/json")

    transcription.stand.script = dripping
    began = time.monotonic()
    with pytest.raises(EndpointError, match="TimeoutError"):
        ask(transcription.url, timeout=0.5)
    assert time.monotonic() - began < 3


def test_a_voice_is_not_carried_elsewhere(transcription: Running) -> None:
    transcription.stand.script = SCRIPTS["redirect"]
    with pytest.raises(EndpointError):
        ask(transcription.url)
    assert transcription.stand.elsewhere == 0


def test_a_server_that_is_away_is_an_error() -> None:
    with pytest.raises(EndpointError):
        ask("http://127.0.0.1:9/v1")
