"""A template only announces. The full words wait until the chat is opened, or a doctor phones."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from channels.parcel import Parcel, Routes
from channels.routing import WORDS
from channels.sms.saying import phone_besides
from records import announced, outbound, windows
from records.outbound import REMINDER, Draft
from records.tables import ContactPoint
from records.vault import Vault


def keep_words(
    session: Session, vault: Vault, routes: Routes, parcel: Parcel, now: datetime
) -> None:
    """Queue the words of a message that went as a template, once, as long as they are true.

    A reminder says it all. Where no chat can be opened and the template says too little, somebody is
    asked to phone.
    """
    message = parcel.message
    chat = _chat(session, routes, message.contact_point_id)
    if chat is None:
        phone_besides(session, message, str(parcel.letter.template["name"]), now)
    elif message.purpose != REMINDER and message.expires_at > now:
        outbound.queue(session, vault, _words(parcel, chat, now), now)


def _chat(session: Session, routes: Routes, contact_id: str | None) -> ContactPoint | None:
    """The conversation that the message belongs to, if it is one that people open."""
    contact = session.get(ContactPoint, contact_id, populate_existing=True) if contact_id else None
    if contact is None or not any(one.windowed and one.free_text for one in routes.to(contact)):
        return None
    return contact


def _words(parcel: Parcel, chat: ContactPoint, now: datetime) -> Draft:
    message = parcel.message
    opened = windows.room(chat, now).left > 0
    return Draft(
        purpose=message.purpose,
        text_key=message.text_key,
        body=parcel.letter.body,
        send_key=announced.words_key(message.send_key),
        contact_point_id=chat.id,
        person_id=message.person_id,
        turn_id=message.turn_id,
        escalation_id=message.escalation_id,
        author_id=message.author_id,
        template=WORDS,
        not_before=now if opened else message.expires_at,
        expires_at=message.expires_at,
    )
