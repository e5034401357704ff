"""A county whose villages a register names, and hands to bring one in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from sqlmodel import Session, col, select

from records import registering
from records.db import Database
from records.register import chunk
from records.register.reasons import Note
from records.tables import Facility, ImportRow, ImportRun, Person
from records.vault import Vault

VILLAGES = ["上塘村", "河口村", "石桥村", "东沟村", "西坡村", "南湾村"]


@dataclass
class Registry:
    """The records of one county, and whoever brings registers in."""

    database: Database
    vault: Vault
    now: datetime
    county: str = ""
    town: str = ""

    def __post_init__(self) -> None:
        with self.database.transaction() as session:
            county = Facility(kind="county", name="清水县", path="")
            county.path = f"{county.id}/"
            session.add(county)
            session.flush()
            self.county = county.id
            for number, town in enumerate(("清水镇卫生院", "石桥镇卫生院")):
                above = self.place(session, county, "township_health_centre", town)
                self.town = self.town or above.id
                for village in VILLAGES[number * 3 : number * 3 + 3]:
                    self.place(session, above, "village_clinic", f"{village}卫生室")

    @staticmethod
    def place(session: Session, above: Facility, kind: str, name: str) -> Facility:
        place = Facility(parent_id=above.id, kind=kind, name=name, path="")
        place.path = f"{above.path}{place.id}/"
        session.add(place)
        session.flush()
        return place

    @staticmethod
    def villages(session: Session) -> list[str]:
        """The ids of the villages, in the order of `VILLAGES`."""
        places = select(Facility).where(Facility.kind == "village_clinic")
        by_name = {place.name.removesuffix("卫生室"): place.id for place in session.exec(places)}
        return [by_name[name] for name in VILLAGES]

    def keeps(self, content: bytes, *, at: str | None = None) -> str:
        """Read and store a file; returns the run."""
        prepared = registering.prepare(
            self.vault,
            "名册.xlsx",
            content,
            facility_id=at or self.county,
            started_by=None,
            now=self.now,
        )
        with self.database.transaction() as session:
            return registering.keep(session, prepared).id

    def begins(self, run_id: str, *, trial: bool = False) -> None:
        with self.database.transaction() as session:
            run = session.get_one(ImportRun, run_id)
            assert registering.begin(session, run, self.now, trial=trial)

    def works(self, run_id: str, chunks: int | None = None) -> None:
        with self.database.transaction() as session:
            claimed = registering.claim(session, self.now, run_id)
        assert claimed is not None
        done: int | None = 0
        while done is not None and chunks != 0:
            done = chunk.advance(self.database, self.vault, claimed, self.now)
            chunks = chunks - 1 if chunks is not None else None

    def brings_in(self, content: bytes, *, trial: bool = False, at: str | None = None) -> str:
        """The whole way of one file."""
        run_id = self.keeps(content, at=at)
        self.begins(run_id, trial=trial)
        self.works(run_id)
        return run_id

    def states(self, run_id: str) -> dict[int, str]:
        return {row.number: row.state for row in self.rows(run_id)}

    def codes(self, run_id: str) -> dict[int, set[str]]:
        return {row.number: {Note.of(n).code for n in row.notes} for row in self.rows(run_id)}

    def rows(self, run_id: str) -> list[ImportRow]:
        with self.database.reading() as session:
            rows = select(ImportRow).where(ImportRow.run_id == run_id)
            return list(session.exec(rows.order_by(col(ImportRow.number))).all())

    def tally(self, run_id: str) -> dict[str, int]:
        with self.database.reading() as session:
            return registering.tally(session, session.get_one(ImportRun, run_id))

    def people(self) -> list[Person]:
        with self.database.reading() as session:
            return list(session.exec(select(Person).order_by(col(Person.id))).all())

    def phone(self, person: Person) -> str:
        return self.vault.open(person.phone_sealed, "persons.phone", person.id)


BOTH = pytest.mark.parametrize(
    "engine", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)]
)


@pytest.fixture
def engine() -> str:
    """What a test marked `BOTH` runs on; the others need SQLite only."""
    return "sqlite"


@pytest.fixture
def registry(
    request: pytest.FixtureRequest, engine: str, vault: Vault, now: datetime
) -> Iterator[Registry]:
    """A county on the engine that the test asks for."""
    if engine == "sqlite":
        yield Registry(request.getfixturevalue("sqlite_database"), vault, now)
        return
    database = Database(request.getfixturevalue("postgres_url"))
    yield Registry(database, vault, now)
    database.dispose()
