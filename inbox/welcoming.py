"""A stranger whom a doctor recognised: moved over to the person, and told who we are."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from records import consents, duty, links, outbound, strangers
from records.people import UNIDENTIFIED, name_of
from records.reader import Reader
from records.tables import ContactPoint, Person
from records.vault import Vault
from texts.catalogue import fit, render

_LIVES = timedelta(hours=48)
_AGREE = "agree"


def identify(
    session: Session,
    vault: Vault,
    reader: Reader,
    stranger_id: str,
    person_id: str,
    now: datetime,
    *,
    relation: str = links.SELF,
) -> bool | None:
    """Move everything of the stranger to the person. None: not for this reader. False: too late."""
    stranger = _visible(session, reader, stranger_id)
    person = _visible(session, reader, person_id)
    if stranger is None or person is None or person.status == UNIDENTIFIED:
        return None
    if not strangers.adopt(session, stranger, person, now, actor=reader.actor, relation=relation):
        return False
    for tied in links.phones_of(session, person_id):
        if tied.linked_at == now:
            _greet(session, vault, person, tied, now)
    return True


def _visible(session: Session, reader: Reader, person_id: str) -> Person | None:
    return session.exec(select(Person).where(Person.id == person_id).where(reader.people())).first()


def _greet(session: Session, vault: Vault, person: Person, tied: links.Tied, now: datetime) -> None:
    """Who we are, that this is no doctor, and what we ask consent for."""
    name = fit("name", name_of(vault, person))
    clinic = next((place.name for place in duty.chain(session, person.facility_id)), "卫生院")
    own = tied.relation == links.SELF
    key = "bound.seen" if own else "bound.family"
    said, keys = [render(key, name=name, clinic=fit("clinic", clinic))], [key]
    if consents.standing(session, person.id, tied.contact_point_id).pending:
        said.append(render("consent.ask") if own else render("consent.ask_family", name=name))
        keys.append("consent.ask" if own else "consent.ask_family")
        contact = session.exec(
            select(ContactPoint).where(col(ContactPoint.id) == tied.contact_point_id)
        ).one()
        contact.awaiting = {**contact.awaiting, _AGREE: True}
        session.add(contact)
    draft = outbound.Draft(
        purpose=outbound.REPLY,
        text_key=key,
        body="\n".join(said),
        send_key=f"{key}:{tied.link_id}:{now.isoformat()}",
        contact_point_id=tied.contact_point_id,
        person_id=person.id,
        template={"keys": keys},
        expires_at=now + _LIVES,
    )
    outbound.queue(session, vault, draft, now)
