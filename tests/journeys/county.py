"""The demonstration as real processes: web and worker, the simulated WeChat, a seeded county.

Built from the same functions as `suifang demo`, in a folder and on ports of its own.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from sqlmodel import col, select, update

from records import migrations, people
from records.db import Database
from records.escalations import CLOSED
from records.follow_ups import CANCELLED, OPEN, PLANNED
from records.tables import ContactPoint, Escalation, FollowUp, Person, StoredReading
from records.vault import Vault
from simulator.background import serving
from simulator.platform import Platform
from simulator.settings import DemoPatient
from suifang import clock, demo, demo_sms
from suifang.installation import Installation
from suifang.keys import ensure_keys, load_keys
from suifang.seed import seed_demo
from suifang.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
PASSWORD = "suifang-demo"
DOCTORS = {"上塘村": "doctor1", "河口村": "doctor2", "石桥村": "doctor3"}
NAMES = {"doctor1": "陈建国", "doctor2": "刘桂香", "doctor3": "赵永平"}
_READY_WITHIN = 60.0


def grow(folder: Path) -> None:
    """Keys and a seeded county with no follow-up open or due and no case open: the journeys open theirs."""
    bare = Settings(data_dir=folder)
    ensure_keys(bare)
    vault = load_keys(bare).vault()
    database = Database(bare.database)
    try:
        migrations.upgrade(database)
        seed_demo(database, vault, clock.now(), account=demo.APP_ID)
        with database.transaction() as session:
            waiting = col(FollowUp.state).in_((PLANNED, OPEN))
            session.exec(update(FollowUp).where(waiting).values(state=CANCELLED))
            still_open = col(Escalation.state) != CLOSED
            ended = {"state": CLOSED, "outcome": "reached", "next_escalation_at": None}
            session.exec(
                update(Escalation).where(still_open).values(closed_at=clock.now(), **ended)
            )
    finally:
        database.dispose()


@dataclass
class County:
    """One running installation, whoever is at its phones, and the judge of what arrived."""

    folder: Path
    pages: str
    phones: str
    platform: Platform
    patients: tuple[DemoPatient, ...]
    environment: Mapping[str, str]
    settings: Settings
    vault: Vault
    database: Database
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def patient(self, number: int) -> DemoPatient:
        """The holder of one of the twelve phones."""
        return self.patients[number]

    def doctor_of(self, patient: DemoPatient) -> str:
        return DOCTORS[patient.village]

    def person_of(self, patient: DemoPatient) -> Person:
        """The row of the one who holds this phone."""
        index = self.vault.index(patient.openid, "address")
        with self.database.reading() as session:
            contact = session.exec(
                select(ContactPoint).where(ContactPoint.address_index == index)
            ).one()
            return people.behind(session, contact.id)[0].person

    def readings_of(self, patient: DemoPatient, since: datetime) -> list[StoredReading]:
        """What was stored for this person after a moment, oldest first."""
        person = self.person_of(patient)
        with self.database.reading() as session:
            return list(
                session.exec(
                    select(StoredReading)
                    .where(StoredReading.person_id == person.id)
                    .where(col(StoredReading.recorded_at) >= since)
                    .order_by(col(StoredReading.taken_at))
                ).all()
            )

    def seen(self, patient: DemoPatient) -> list[str]:
        """What the account made appear on this phone, oldest first: the platform's own log."""
        return self.platform.log.texts_seen(patient.openid)

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "suifang.cli", name],
                cwd=self.folder,
                env=dict(self.environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def kill(self, name: str) -> None:
        """End a process as a power cut would."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            process.wait(30)
        self.processes.clear()

    def health(self) -> httpx.Response:
        return httpx.get(f"{self.pages}/health", timeout=5.0, trust_env=False)

    def ready(self) -> None:
        """Wait until the web process answers and has heard a worker."""
        until = time.monotonic() + _READY_WITHIN
        while time.monotonic() < until:
            ended = [name for name, one in self.processes.items() if one.poll() is not None]
            assert not ended, (self.folder / f"{ended[0]}.log").read_text()[-2000:]
            try:
                if self.health().status_code == httpx.codes.OK:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        logs = {one.name: one.read_text()[-1000:] for one in self.folder.glob("*.log")}
        msg = f"the county did not start: {logs}"
        raise TimeoutError(msg)

    def logged(self) -> str:
        """Everything that web and worker wrote to their logs."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))


@contextmanager
def living(grown: Path, folder: Path, *, sms: bool = False) -> Iterator[County]:
    """A running copy of a grown county; with `sms` it has a line over the simulated Aliyun."""
    shutil.copytree(grown, folder, dirs_exist_ok=True)
    pages, phones = demo.free_port(0), demo.free_port(0)
    keys = load_keys(Settings(data_dir=folder))
    made = demo.secrets(keys)
    environment = {
        **demo.place(folder),
        **demo.settings(pages, phones),
        **demo.secret_settings(made),
        "SUIFANG_EMBEDDINGS": "none",
        # The same county with the optional extras and without; tests/sight and tests/voice try those.
        "SUIFANG_PHOTO": "off",
        "SUIFANG_VOICE": "off",
        "SUIFANG_SETTLE_SECONDS": "1",
        "SUIFANG_LOG_LEVEL": "info",
        "SUIFANG_LOG_FORMAT": "json",
    }
    if sms:
        environment |= demo_sms.settings(folder, pages, phones, keys)
        demo_sms.approve(folder)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        settings = load_settings(None)
    vault, database = keys.vault(), Database(settings.database)
    patients = demo.phones(database, vault, clock.now())
    platform = demo.simulator_settings(settings, made, patients, folder / "simulator.jsonl")
    platform = demo_sms.beside(platform, Installation(settings, database, vault), clock.now())
    with serving(platform, port=phones) as served:
        county = County(
            folder=folder,
            pages=f"http://{demo.HOST}:{pages}",
            phones=served.url,
            platform=served.platform,
            patients=patients,
            environment={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
            settings=settings,
            vault=vault,
            database=database,
        )
        try:
            county.start("web")
            county.start("worker")
            county.ready()
            yield county
        finally:
            county.stop()
            database.dispose()
