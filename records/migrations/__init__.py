"""Numbered migrations. `upgrade` brings a database to the newest; `is_current` asks."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from records.db import Database


def config(database: Database) -> Config:
    """Alembic's settings, pointed at this database."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.attributes["engine"] = database.engine
    return settings


def upgrade(database: Database) -> None:
    """Bring the schema to the newest revision. Safe to run again."""
    command.upgrade(config(database), "head")


def is_current(database: Database) -> bool:
    """True when the schema is at the newest revision."""
    head = ScriptDirectory.from_config(config(database)).get_current_head()
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == head
