"""UTF-16 that somebody on the way labelled as UTF-8: accepted as it stands, an emergency goes unread."""

from __future__ import annotations

import re
import unicodedata

# Whatever people write in a message here: the rest is in no phone's keyboard.
_SIGNS = re.compile(
    r"[\n\r\x20-\x7e\u2010-\u203b\u3000-\u303f\u4e00-\u9fff\uff01-\uff5e]|[\U0001f000-\U0001faff]"
)
_WORD = re.compile(r"(?:[A-Z]?[a-z]*|[A-Z]*)[,.!?]?")
_MOSTLY, _NOW_AND_THEN = 0.9, 0.2


def unlabelled_wide(content: bytes) -> str | None:
    """The words, if these bytes are no text in UTF-8 but good Chinese in UTF-16BE; else None."""
    if len(content) % 2 or not _doubtful(content):
        return None
    try:
        text = content.decode("utf-16-be")
    except UnicodeDecodeError:
        return None
    hanzi = sum(_is_everyday(sign) for sign in text)
    if content.isascii() and b"\x00" not in content:
        # Letters by twos are hanzi too: only where each of them is an everyday one.
        return text if hanzi == len(text) else None
    known = len(_SIGNS.findall(text))
    halves = hanzi * 2 >= len(text) or b"\x00" in content
    return text if known >= _MOSTLY * len(text) and halves else None


def _doubtful(content: bytes) -> bool:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return True
    control = sum(unicodedata.category(sign) == "Cc" and sign not in "\r\n\t" for sign in text)
    if control > _NOW_AND_THEN * len(text):
        return True
    return text.isascii() and not all(_WORD.fullmatch(word) for word in text.split())


def _is_everyday(sign: str) -> bool:
    try:
        return len(sign.encode("gb2312")) > 1
    except UnicodeEncodeError:
        return False
