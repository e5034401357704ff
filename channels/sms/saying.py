"""What an SMS says: the sentence that is meant for it, and what a template could not say.

What we start names nobody, no disease and no value on a screen that lies open. Where a template only
told that something is to be said, or asked the same again in vain, a doctor says it on the telephone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from channels import templates
from channels.undelivered import hand_over
from records import sms_contacts
from records.tables import OutboundMessage
from texts.catalogue import CatalogError, Channel, key_for, render

# Why there is a call, beside a template that went.
BY_TEMPLATE = "by_template"
# Nobody need phone: the number was told the same for another of the household.
SAID_ALREADY = "said_already"
_A_DAY = timedelta(days=1)


def words_for(text_key: str, body: str) -> str:
    """The words as they go by SMS: those of the stand-in where the sentence is not meant for it."""
    try:
        allowed = key_for(text_key, Channel.SMS)
    except CatalogError:
        # A doctor's or an article's own words.
        return body
    return body if allowed in (None, text_key) else render(str(allowed))


def said_to_household(
    session: Session, message: OutboundMessage, contact_point_id: str, since: datetime
) -> bool:
    """Whether the same words, which name nobody, went to this number for another of the household."""
    words = words_for(message.text_key, "")
    return bool(words) and any(
        words_for(row.text_key, "") == words
        for row in sms_contacts.said_since(session, message, contact_point_id, since)
    )


def phone_besides(session: Session, message: OutboundMessage, name: str, now: datetime) -> bool:
    """After a template went: open the call for what it left to say. True when there is one.

    What the best one would have left to a doctor, no other that went in its place has said.
    """
    registry = templates.registry()
    if name not in registry:
        return False
    best = registry.name_for(message.purpose, message.text_key, message.template)
    entries = [registry.template(one) for one in (best, name) if one is not None]
    calls = any(entry.calls for entry in entries)
    asks = any(entry.asks for entry in entries)
    if calls or (asks and _asked_before(session, message, name, now)):
        return hand_over(session, message, BY_TEMPLATE, now)
    return False


def _asked_before(session: Session, message: OutboundMessage, name: str, now: datetime) -> bool:
    """What went now went, or may have gone, on this number within the day for another message."""
    registry = templates.registry()
    return any(
        name in registry.candidates(row.purpose, row.text_key, row.template)
        for row in sms_contacts.said_since(session, message, message.contact_point_id, now - _A_DAY)
    )
