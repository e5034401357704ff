"""Any server that speaks OpenAI's `/audio/transcriptions`: one call, one deadline, no redirects.

The server hears a voice, which is personal data: its host must be on the operator's list. Nothing
else travels with it, and nothing of an answer is believed but its text.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from voice.sound import Sound
from voice.transcriber import PROMPT, Transcript

_LARGEST_ANSWER = 64 * 1024


class EndpointError(Exception):
    """The server gave no usable answer; another try may."""


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """Where the transcriber is and how long it may take in all, in seconds."""

    base_url: str
    api_key: str
    model: str
    timeout: float = 30.0


class EndpointTranscriber:
    """The adapter."""

    def __init__(self, settings: EndpointSettings) -> None:
        self.name = "endpoint"
        self._settings = settings

    def transcribe(self, sound: Sound) -> Transcript:
        """Ask the server; raises `EndpointError` for whatever is not a proper answer."""
        try:
            return Transcript(asyncio.run(self._asked(sound)))
        except (TimeoutError, httpx.HTTPError) as error:
            raise EndpointError(type(error).__name__) from None

    async def _asked(self, sound: Sound) -> str:
        """One call. The deadline is of the whole: httpx knows only one for each read."""
        settings = self._settings
        form = {
            "model": settings.model,
            "language": "zh",
            "response_format": "json",
            "temperature": "0",
            "prompt": PROMPT,
        }
        # A client of its own each time: calls are rare, and no connection outlives its message.
        async with (
            asyncio.timeout(settings.timeout),
            httpx.AsyncClient(timeout=settings.timeout, trust_env=False) as http,
            http.stream(
                "POST",
                f"{settings.base_url}/audio/transcriptions",
                headers={"Authorization": f"Bearer {settings.api_key}"},
                data=form,
                files={"file": ("voice.wav", sound.wav, "audio/wav")},
            ) as answer,
        ):
            return await _text(answer)


async def _text(answer: httpx.Response) -> str:
    if answer.status_code != httpx.codes.OK:
        reason = f"status {answer.status_code}"
        raise EndpointError(reason)
    body = b""
    async for piece in answer.aiter_bytes():
        body += piece
        if len(body) > _LARGEST_ANSWER:
            reason = "answer too large"
            raise EndpointError(reason)
    return _said(httpx.Response(200, content=body))


def _said(answer: httpx.Response) -> str:
    try:
        found: Any = answer.json()
    except ValueError:
        reason = "no json"
        raise EndpointError(reason) from None
    text = found.get("text") if isinstance(found, dict) else None
    if not isinstance(text, str):
        reason = "no text"
        raise EndpointError(reason)
    return text
