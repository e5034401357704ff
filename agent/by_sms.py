"""What differs by SMS: few words, none about buttons, and questions that grow old.

A reply carries no thread: it answers what was asked last on that number, while that is still fresh.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from agent.decision import Part
from records.sms_contacts import SMS
from records.tables import ContactPoint
from texts.catalogue import CatalogError, Channel, key_for, render
from texts.segments import JOINED, sms_segments

# When it was asked what a short answer would answer.
ASKED_AT = "asked_at"
# After so long 对 and 9 answer nothing any more, and we ask again.
STILL_FRESH = timedelta(hours=24)
MOST_SEGMENTS = 3

# Something was asked so long ago that a short answer is asked about.
STALE = "stale"
# What a short answer answers. What else is kept there has its own end.
_ANSWERED_SHORTLY = frozenset({"confirm", "stop", "hour", "agree", "of"})
# Said beside an answer where there is room; on a small screen they cost an SMS of their own.
_LEFT_OUT = frozenset({"feedback.hint", "follow.one_more"})
_SENTENCE_ENDS = "。！？"


def still_asked(contact: ContactPoint, now: datetime) -> Mapping[str, Any]:
    """What was asked last on this phone and may still be answered in a word."""
    kept = contact.awaiting
    asked_at = kept.get(ASKED_AT)
    if contact.channel != SMS or asked_at is None:
        return kept
    if now - datetime.fromisoformat(str(asked_at)) <= STILL_FRESH:
        return kept
    fresh = {name: value for name, value in kept.items() if name not in _ANSWERED_SHORTLY}
    return {**fresh, STALE: True} if len(fresh) < len(kept) else fresh


def dated(awaiting: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What is asked now, with the moment."""
    asked = {name: value for name, value in awaiting.items() if name not in (ASKED_AT, STALE)}
    return {**asked, ASKED_AT: now.isoformat()} if asked else {}


def fitted(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """As much of a reply as three SMS carry; what matters most stands first."""
    kept: list[Part] = []
    for part in filter(None, map(_worded, parts)):
        said = part if kept else Part(part.key, _cut(part.text))
        if sms_segments("\n".join(one.text for one in (*kept, said))) <= MOST_SEGMENTS:
            kept.append(said)
    return tuple(kept)


def _worded(part: Part) -> Part | None:
    """The sentence itself, its stand-in on SMS, or nothing where it may not go there."""
    if part.key in _LEFT_OUT:
        return None
    try:
        allowed = key_for(part.key, Channel.SMS)
    except CatalogError:
        # An answer's own words have no sentence in the catalogue.
        return part
    if allowed is None:
        return None
    return part if allowed == part.key else Part(allowed, render(allowed))


def _cut(text: str) -> str:
    """Whole sentences up to three SMS; the source at the end stays."""
    most = MOST_SEGMENTS * JOINED
    if sms_segments(text) <= MOST_SEGMENTS:
        return text
    end = max(text.rfind(sign, 0, most) for sign in _SENTENCE_ENDS)
    return text[: end + 1] if end > 0 else text[: most - 1] + "…"


def keys_of(parts: tuple[Part, ...]) -> list[str]:
    """Every sentence of a reply, for whoever must choose one template for all of them."""
    return [part.key for part in parts]
