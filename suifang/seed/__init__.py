"""A county to try things out with: one township, three villages, sixty people, a year of history.

Everything is written by the functions that write live data, and depends on the seed alone. The
accounts are refused anywhere but on this machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, SQLModel, col, func, select

from agent.loading import Tools
from knowledge.library import Library
from records import follow_ups, people
from records.db import Database
from records.tables import Escalation, FollowUp, Person, Practitioner, StoredReading
from records.vault import Vault
from suifang.errors import ConfigurationError
from suifang.seed.arrivals import Resident, register_people
from suifang.seed.history import Said, Year
from suifang.seed.places import DemoAccount, demo_accounts, settle_places
from suifang.seed.roster import county, villagers
from suifang.seed.talks import Stage, talk

YEAR = timedelta(days=365)
SEED = 20

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class SeedSummary:
    """What stands in the database now, and how to look at it."""

    people: int
    readings: int
    follow_ups: int
    escalations: int
    fresh: bool
    accounts: tuple[DemoAccount, ...] = demo_accounts()


def seed_demo(
    db: Database,
    vault: Vault,
    now: datetime,
    progress: Progress | None = None,
    *,
    account: str = "demo",
    seed: int = SEED,
) -> SeedSummary:
    """Fill an empty database; one that was seeded already is left as it is.

    `account` is the WeChat account that the patients follow; `progress` is told what is done, how
    much of it, and out of how much.

    Raises:
        ConfigurationError: the database holds people who are not of the demonstration.
    """
    tell = progress or (lambda _what, _done, _total: None)
    if _seeded(db):
        return _summary(db, fresh=False)
    chance = random.Random(seed)  # noqa: S311 -- a story, not a secret
    begin = now - YEAR
    with db.transaction() as session:
        places = settle_places(session, vault, begin)
        tell("places", len(places.villages), len(places.villages))
        roster = villagers(chance)
        residents = register_people(session, vault, roster, places, account=account, now=begin)
        tell("people", len(residents), len(residents))
    said = _scenes(residents, now)
    for done, resident in enumerate(residents, 1):
        with db.transaction() as session:
            year = Year(
                session=session,
                vault=vault,
                resident=resident,
                doctor=places.doctor(resident.villager.village),
                chance=chance,
                now=now,
                talks_from=now - timedelta(days=county()["talk"]["last_days"]),
            )
            year.live()
        said += year.said
        tell("history", done, len(residents))
    with db.transaction() as session:
        _fall_due(session, [residents[place] for place in county()["sms"]["people"]], now)
    tools = Tools(vault, Library(None, None, serve_pending=True))
    talk(Stage(db, tools, account, places.readers()), said)
    tell("conversations", len(said), len(said))
    return _summary(db, fresh=True)


def _fall_due(session: Session, residents: Sequence[Resident], now: datetime) -> None:
    """Whoever has a phone with keys is reminded on the first day, so that its screen is not empty."""
    for resident in residents:
        planned = session.exec(
            select(FollowUp)
            .where(FollowUp.person_id == resident.person_id)
            .where(FollowUp.state == follow_ups.PLANNED)
            .order_by(col(FollowUp.due_on))
        ).first()
        if planned is not None:
            planned.due_on = min(planned.due_on, people.china_date(now))
            session.add(planned)


def _scenes(residents: Sequence[Resident], now: datetime) -> list[Said]:
    """What a newcomer finds on the first page: a question, an answer, two alarms."""
    return [
        Said(
            at=now - timedelta(minutes=scene["minutes_ago"]),
            openid=residents[scene["who"]].openid or "",
            words=scene["words"],
            taken_by=scene.get("taken_by"),
        )
        for scene in county()["talk"]["scenes"]
    ]


def _seeded(db: Database) -> bool:
    with db.reading() as session:
        if session.exec(select(Practitioner.id).where(Practitioner.demo)).first():
            return True
        if session.exec(select(Person.id)).first():
            msg = "This database holds people already; the demonstration needs an empty one."
            raise ConfigurationError(msg)
    return False


def _summary(db: Database, *, fresh: bool) -> SeedSummary:
    with db.reading() as session:
        return SeedSummary(
            people=_count(session, Person),
            readings=_count(session, StoredReading),
            follow_ups=_count(session, FollowUp),
            escalations=_count(session, Escalation),
            fresh=fresh,
        )


def _count(session: Session, table: type[SQLModel]) -> int:
    return session.exec(select(func.count()).select_from(table)).one()
