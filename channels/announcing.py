"""A template only announces. The full words wait until the chat is opened, or a doctor phones."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlmodel import Session

from channels.limits import Limits
from channels.parcel import TEMPLATE, Parcel, Routes, templates_for
from channels.port import Channel, Licensed
from channels.routing import WORDS
from channels.sms.saying import phone_besides
from records import announced, outbound, windows
from records.outbound import REMINDER, Draft
from records.tables import ContactPoint, DeliveryAttempt, OutboundMessage
from records.vault import Vault, VaultError


def keep_words(
    session: Session, vault: Vault, routes: Routes, parcel: Parcel, limits: Limits, now: datetime
) -> None:
    """Queue the words of a message that went as a template, once, as long as they are true.

    A reminder says it all. Where no chat can be opened and the template says too little, somebody is
    asked to phone.
    """
    name = str(parcel.letter.template["name"])
    _keep(session, vault, routes, parcel.message, name, limits, now)


def announced_perhaps(
    session: Session,
    vault: Vault,
    routes: Routes,
    message: OutboundMessage,
    attempt: DeliveryAttempt,
    limits: Limits,
    now: datetime,
) -> None:
    """A worker died over a template that may have gone: what follows is what follows an unknown."""
    channel = next((one for one in routes.every() if one.provider == attempt.provider), None)
    if channel is None or not attempt.route.endswith(f":{TEMPLATE}"):
        return
    name = _name(session, message, channel, attempt.contact_point_id)
    if name is None:
        return
    if isinstance(channel, Licensed) and attempt.contact_point_id is not None:
        channel.template_sent(session, attempt.contact_point_id, name, now)
    with suppress(VaultError):
        # Words that cannot be opened any more must not stop the recovery of the others.
        _keep(session, vault, routes, message, name, limits, now)


def _name(
    session: Session, message: OutboundMessage, channel: Channel, contact_id: str | None
) -> str | None:
    """The template that was chosen, as it was chosen: the first one that may go there."""
    for name in templates_for(message, channel):
        if not isinstance(channel, Licensed) or contact_id is None:
            return name
        if channel.may_template(session, contact_id, name):
            return name
    return None


def _keep(
    session: Session,
    vault: Vault,
    routes: Routes,
    message: OutboundMessage,
    name: str,
    limits: Limits,
    now: datetime,
) -> None:
    chat = _chat(session, routes, message.contact_point_id)
    if chat is None:
        phone_besides(session, message, name, now)
    elif message.purpose != REMINDER and message.expires_at > now:
        body = outbound.text_of(vault, message)
        outbound.queue(session, vault, _words(message, body, chat, limits, now), now)


def _chat(session: Session, routes: Routes, contact_id: str | None) -> ContactPoint | None:
    """The conversation that the message belongs to, if it is one that people open.

    Locked, as by whoever opens it: either this sees it open, or they see the words.
    """
    contact = (
        session.get(ContactPoint, contact_id, populate_existing=True, with_for_update=True)
        if contact_id
        else None
    )
    if contact is None or not any(one.windowed and one.free_text for one in routes.to(contact)):
        return None
    return contact


def _words(
    message: OutboundMessage, body: str, chat: ContactPoint, limits: Limits, now: datetime
) -> Draft:
    opened = windows.room(chat, now).left > 0
    return Draft(
        purpose=message.purpose,
        text_key=message.text_key,
        body=body,
        send_key=announced.words_key(message.send_key),
        contact_point_id=chat.id,
        person_id=message.person_id,
        turn_id=message.turn_id,
        escalation_id=message.escalation_id,
        author_id=message.author_id,
        template=WORDS,
        not_before=now if opened else min(limits.again(message, now), message.expires_at),
        expires_at=message.expires_at,
    )
