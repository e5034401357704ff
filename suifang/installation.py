"""What every command opens first: the database and the vault of one installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from care.level import Level
from channels.reception import Reception, Watch
from records import duty, migrations
from records.db import Database
from records.vault import Vault
from suifang.errors import ConfigurationError
from suifang.keys import load_keys
from suifang.settings import Settings
from suifang.words import settle_words


@dataclass(frozen=True, slots=True)
class Installation:
    """An open installation. Whoever opened it disposes of the database."""

    settings: Settings
    database: Database
    vault: Vault

    @property
    def reception(self) -> Reception:
        settle = timedelta(seconds=self.settings.settle_seconds)
        return Reception(self.vault, watch, settle=settle)


def open_installation(settings: Settings) -> Installation:
    """Open an installation whose schema is current.

    Raises:
        ConfigurationError: there are no keys, the schema is older or newer than this program, or
            the county's words cannot be used.
    """
    settle_words(settings)
    vault = load_keys(settings).vault()
    database = Database(settings.database)
    if not migrations.is_current(database):
        database.dispose()
        msg = "The database is not up to date: run `suifang migrate` first."
        raise ConfigurationError(msg)
    return Installation(settings, database, vault)


def migrate(settings: Settings) -> None:
    """Bring the schema to the newest revision."""
    database = Database(settings.database)
    try:
        migrations.upgrade(database)
    finally:
        database.dispose()


def watch(session: Session, facility_id: str | None, _level: Level, now: datetime) -> Watch:
    """Who is there for a person of this facility. The first ring is due at once."""
    nearest = duty.chain(session, facility_id)
    phone = next((facility.phone for facility in nearest if facility.phone), None)
    return Watch(
        on_duty=duty.somebody_on_duty(session, facility_id, now), rings_at=now, phone=phone
    )
