"""The port: sound goes in, words come out, or a reason why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voice.sound import Sound


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard. `doubtful`: the transcriber itself does not trust it."""

    text: str
    doubtful: bool = False


class Transcriber(Protocol):
    """Makes words of sound. Any exception is our own fault and worth another try."""

    name: str

    def transcribe(self, sound: Sound) -> Transcript: ...
