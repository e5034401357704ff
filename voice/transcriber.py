"""The port: sound goes in, words come out, or a reason why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from voice.sound import Sound

# Words that are said here: a transcriber uses them to choose between words that sound alike. No
# numbers: whatever is in a prompt may come back although nobody said it.
PROMPT = (
    "随访：量血压、高压、低压、心跳、空腹血糖、饭后血糖、胰岛素、降压药，"
    "头晕、眼前发黑、胸口痛、喘不上气、叫不醒，找医生。"
)


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard. `doubtful`: the transcriber itself does not trust it."""

    text: str
    doubtful: bool = False


class Transcriber(Protocol):
    """Makes words of sound. Any exception is our own fault and worth another try."""

    name: str

    def transcribe(self, sound: Sound) -> Transcript: ...
