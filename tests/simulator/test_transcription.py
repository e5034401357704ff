"""The scripted transcriber, asked with the official OpenAI client."""

from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from simulator.transcription import SCRIPTS, TranscriptionStand, create_transcription_app, hears
from simulator.voices import CLIPS, SILENCE, clip


@pytest.fixture
def stand() -> TranscriptionStand:
    return TranscriptionStand()


@pytest.fixture
async def client(serve: Any, stand: TranscriptionStand) -> AsyncIterator[openai.AsyncOpenAI]:
    address = await serve(create_transcription_app(stand))
    async with openai.AsyncOpenAI(
        base_url=f"{address}/v1", api_key="any", max_retries=0, timeout=0.5
    ) as made:
        yield made


async def test_it_says_what_it_was_told_and_keeps_what_it_was_sent(
    client: openai.AsyncOpenAI, stand: TranscriptionStand
) -> None:
    stand.script = hears("空腹血糖7.8")
    said = await client.audio.transcriptions.create(
        file=("voice.wav", b"RIFF"), model="m", language="zh"
    )
    assert said.text == "空腹血糖7.8"
    (heard,) = stand.heard
    assert (heard.file, heard.file_name, heard.fields["language"]) == (b"RIFF", "voice.wav", "zh")
    assert heard.authorization == "Bearer any"


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("fail", openai.InternalServerError),
        ("too_many", openai.RateLimitError),
        ("refuse", openai.AuthenticationError),
        ("stall", openai.APITimeoutError),
    ],
)
async def test_it_fails_as_it_was_told(
    client: openai.AsyncOpenAI, stand: TranscriptionStand, script: str, error: type[Exception]
) -> None:
    stand.script = SCRIPTS[script]
    with pytest.raises(error):
        await client.audio.transcriptions.create(file=("voice.wav", b"RIFF"), model="m")


def test_every_clip_of_the_phone_is_a_small_amr_file_and_any_other_is_silent() -> None:
    for name in CLIPS:
        content = clip(name)
        assert content.startswith(b"#!AMR\n")
        assert len(content) < 12_000
    assert clip("") == clip("../settings") == SILENCE
