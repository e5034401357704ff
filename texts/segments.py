"""How many SMS a text costs. Chinese SMS are UCS-2: 70 units alone, 67 each when joined."""

from __future__ import annotations

SINGLE = 70
JOINED = 67
_LAST_BMP = 0xFFFF


def sms_units(text: str) -> int:
    """UCS-2 units: characters beyond the basic plane (emoji, rare hanzi) take two."""
    return sum(2 if ord(character) > _LAST_BMP else 1 for character in text)


def sms_segments(text: str, *, signature: int = 0) -> int:
    """SMS parts the text is billed as; a two-unit character is never split over two parts.

    Args:
        text: what is sent, without the provider's signature.
        signature: length of the signature with its brackets, counted in front of the text.
    """
    if signature + sms_units(text) <= SINGLE:
        return 1
    parts, used = 1, signature
    for character in text:
        units = sms_units(character)
        if used + units > JOINED:
            parts, used = parts + 1, 0
        used += units
    return parts
