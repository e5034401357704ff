"""Triggers that note whose figures may have changed, and from which day on.

In the database and not in the code that writes, so that no writer can forget it and a repair by hand
is noticed too. Notes are only ever added: two writers never wait for each other's note.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, Table, event
from sqlalchemy.schema import MetaData

from records.tables.base import metadata

_EVER = "'0001-01-01'"
_PERSON_COLUMNS = ("facility_id", "status", "status_since", "born_on")


@dataclass(frozen=True, slots=True)
class _Watched:
    """A table, how to say whose row it is and from when it counts, and which rows count at all.

    `{row}` is OLD or NEW; `{day}` reads a day from an instant in the dialect's own way.
    """

    table: str
    person: str
    since: str
    counts: str
    events: tuple[str, ...] = ("INSERT", "UPDATE", "DELETE")


_WATCHED = (
    _Watched("readings", "{row}.person_id", "{day}({row}.taken_at)", "{row}.state = 'stored'"),
    _Watched(
        "follow_ups",
        "{row}.person_id",
        "COALESCE({row}.held_on, {row}.due_on)",
        "{row}.state = 'signed'",
    ),
    _Watched("enrolments", "{row}.person_id", "{row}.enrolled_on", "1 = 1"),
    _Watched("persons", "{row}.id", _EVER, "1 = 1", ("UPDATE", "DELETE")),
)


def watch(connection: Connection) -> None:
    """Put the triggers in place. Safe to run again; needed again after a table was made anew."""
    statements = _for_sqlite() if connection.dialect.name == "sqlite" else _for_postgresql()
    for statement in statements:
        connection.exec_driver_sql(statement)


@event.listens_for(metadata, "after_create")
def _created(
    _target: MetaData, connection: Connection, *, tables: list[Table] | None = None, **_kept: object
) -> None:
    if tables is None or any(table.name == "touched" for table in tables):
        watch(connection)


def _rows(happened: str) -> tuple[str, ...]:
    return {"INSERT": ("NEW",), "DELETE": ("OLD",)}.get(happened, ("OLD", "NEW"))


def _note(watched: _Watched, row: str, day: str) -> str:
    """The statement that adds the note for one side of a change."""
    person, since, counts = (
        part.format(row=row, day=day) for part in (watched.person, watched.since, watched.counts)
    )
    return f"INSERT INTO touched (person_id, since) SELECT {person}, {since} WHERE {counts};"


def _columns(watched: _Watched, happened: str) -> str:
    only = watched.table == "persons" and happened == "UPDATE"
    return f"UPDATE OF {', '.join(_PERSON_COLUMNS)}" if only else happened


def _for_sqlite() -> list[str]:
    made = []
    for watched in _WATCHED:
        for happened in watched.events:
            name = f"touch_{watched.table}_{happened.lower()}"
            notes = " ".join(_note(watched, row, "date") for row in _rows(happened))
            made += [
                f"DROP TRIGGER IF EXISTS {name}",
                (
                    f"CREATE TRIGGER {name} AFTER {_columns(watched, happened)} ON {watched.table} "
                    f"FOR EACH ROW BEGIN {notes} END"
                ),
            ]
    return made


def _for_postgresql() -> list[str]:
    # The day of the server's own zone would depend on the server; a day early does no harm.
    made = [
        (
            "CREATE OR REPLACE FUNCTION touch_day(moment timestamptz) RETURNS date LANGUAGE sql "
            "IMMUTABLE AS $$ SELECT (moment AT TIME ZONE 'UTC')::date $$"
        )
    ]
    for watched in _WATCHED:
        for happened in watched.events:
            name = f"touch_{watched.table}_{happened.lower()}"
            notes = " ".join(
                _note(watched, row, "touch_day").replace(_EVER, f"DATE {_EVER}")
                for row in _rows(happened)
            )
            made += [
                (
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
                    f"AS $$ BEGIN {notes} RETURN NULL; END $$"
                ),
                f"DROP TRIGGER IF EXISTS {name} ON {watched.table}",
                (
                    f"CREATE TRIGGER {name} AFTER {_columns(watched, happened)} ON {watched.table} "
                    f"FOR EACH ROW EXECUTE FUNCTION {name}()"
                ),
            ]
    return made
