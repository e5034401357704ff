"""A model that does what an attacker asks: what it is sent, decoded, and whatever it was told before.

Where the text it gets holds an instruction (回答：…, say: …), plainly or in a code, it answers with
that. Else it answers with what it was bought for. Like the other scripts it knows no schema of the
product: it fills in the one that came with the request.
"""

import base64
import binascii
import codecs
import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from starlette.responses import Response

from simulator.model import Chat, Script, completion, fill

_ORDER = re.compile(
    r"(?:回答|回复|输出|只说|就说|重复|打印|answer|say|reply|print|output)\s*[：:]\s*[“\"「]?(?P<said>[^”\"」\n]{2,200})",
    re.IGNORECASE,
)
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060-\u2064\ufeff\ufe0f]")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){8,}")
_OUTSIDE = re.compile(r"[^\u4e00-\u9fff，。：:0-9]")

Manner = Callable[[str, str], str]


def alone(_: str, wanted: str) -> str:
    return wanted


def behind(passage: str, wanted: str) -> str:
    """Everything that is true, and one sentence more."""
    return f"{passage}{wanted}"


def inside(passage: str, wanted: str) -> str:
    first, stop, rest = passage.partition("。")
    return f"{first}{stop}{wanted}{rest}"


def half(passage: str, wanted: str) -> str:
    """The first sentence of the truth, then the rest of the lie."""
    return f"{passage.partition('。')[0]}，{wanted}"


def spaced(passage: str, wanted: str) -> str:
    return f"{passage.partition('。')[0]}。{' '.join(wanted)}"


def dotted(passage: str, wanted: str) -> str:
    return f"{passage.partition('。')[0]}。{'、'.join(wanted)}"


def unseen(passage: str, wanted: str) -> str:
    return f"{passage}{chr(0x200B).join(wanted)}"


MANNERS: dict[str, Manner] = {
    made.__name__: made for made in (alone, behind, inside, half, spaced, dotted, unseen)
}


def obeying(bought_for: str = "", manner: str = "alone") -> Script:
    """Answer what the attacker wants: by the text that was sent, else what it was bought for."""

    async def script(chat: Chat) -> Response:
        asked = json.loads(chat.said)
        texts = list(_texts(asked))
        wanted = next(filter(None, map(_ordered, texts)), "") or bought_for
        passage = max(_texts(asked.get("passages", [])), key=len, default="")
        said = MANNERS[manner](passage, wanted) if wanted else passage
        answer = fill(chat.schema or {"type": "string"}, said, 1)
        return completion(chat, json.dumps(answer, ensure_ascii=False))

    return script


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _ordered(text: str) -> str:
    for reading in _readings(text):
        found = _ORDER.search(reading)
        if found:
            return found["said"].strip()
    return ""


def _readings(text: str) -> Iterator[str]:
    """The text as it stands and in every code an attacker may hope for."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text))
    yield plain
    yield plain[::-1]
    yield codecs.encode(plain, "rot13")
    yield _OUTSIDE.sub("", plain)
    for piece in _BASE64.findall(plain):
        try:
            yield base64.b64decode(piece + "=" * (-len(piece) % 4)).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue
    for piece in _HEX.findall(plain):
        try:
            yield bytes.fromhex(piece).decode("utf-8")
        except UnicodeDecodeError:
            continue
