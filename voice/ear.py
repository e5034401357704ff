"""The sense of hearing: decodes a voice message, has it transcribed, and says plainly what came of it.

What it returns is kept beside the message: `text` (empty: nothing that may be used), `why` it is
empty, `seconds` and `by` whom it was heard. A fault of the file is an outcome; a fault of ours is
an exception, after which the file is tried again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voice.sound import Fault, Sound, SoundError, audible, decode
from voice.transcriber import PROMPT, Transcriber

_LONGEST_TEXT = 1000
# What a transcriber invents when it has nothing to hear; learned from the subtitles of films.
_INVENTED = re.compile(
    r"字幕|訂閱|订阅|点赞|點贊|谢谢观看|謝謝觀看|謝謝收看|谢谢收看|請不吝|请不吝|明鏡|明镜与点点|打赏支持|Amara"
)
# The same few characters over and over are no speech either.
_STUTTER = re.compile(r"(.{1,6}?)\1{6,}", re.DOTALL)
_WORD = re.compile(r"[\w]")
# Nobody names seven words of the prompt in one breath: it came back instead of what was said.
_ECHO_FROM = 7


@dataclass(frozen=True, slots=True)
class Ear:
    """Listens to files with one transcriber."""

    transcriber: Transcriber

    def perceive(self, content: bytes, content_type: str) -> Mapping[str, Any]:
        """What was said, or why nothing is known of it. The declared type is not believed."""
        del content_type
        try:
            sound = audible(decode(content))
        except SoundError as error:
            return {"text": "", "why": error.fault.value, "by": self.transcriber.name}
        found = self.transcriber.transcribe(sound)
        text = _plain(found.text)
        why = "" if _usable(text) and not found.doubtful else Fault.NOT_UNDERSTOOD.value
        return {**self._about(sound), "text": "" if why else text, "why": why, "guess": text}

    def _about(self, sound: Sound) -> dict[str, Any]:
        return {"by": self.transcriber.name, "seconds": round(sound.seconds, 1)}


def _plain(text: str) -> str:
    """One line of ordinary characters: what an endpoint answers comes from outside."""
    kept = "".join(
        sign if sign.isprintable() else " " for sign in unicodedata.normalize("NFC", text)
    )
    return " ".join(kept.split())[:_LONGEST_TEXT]


def _usable(text: str) -> bool:
    invented = _INVENTED.search(text) or _STUTTER.search(text) or _echo(text)
    return bool(_WORD.search(text)) and not invented


def _echo(text: str) -> bool:
    words = PROMPT.strip("。").replace("，", "、").split("、")
    return sum(word in text for word in words) >= _ECHO_FROM
