"""`kill -9` of web and worker, twenty times each, while five hundred messages come in.

Lost: a message without a turn, or a text of ours that neither arrived nor is visibly in doubt.
Doubled: a routine text that arrives twice, or a value that is stored twice. The judge is the
simulated platform's own log, beside the rows.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlmodel import Session, col, select

from bench.service import Service
from channels.limits import Limits
from records import outbound
from records.conversations import DONE
from records.tables import (
    ContactPoint,
    Escalation,
    InboundMessage,
    OutboundMessage,
    Person,
    PersonContact,
    StoredReading,
    Task,
    Turn,
)
from records.tasks import CALL
from simulator.log import Kind
from simulator.traffic import Ack, send_many
from tests.system.stage import Scene, Stage

ROUNDS, PEOPLE, MESSAGES = 20, 50, 500
RATE = 40.0
# Every tenth person reports a hypertensive crisis once, half-way.
EMERGENCY_EVERY, EMERGENCY_NUMBER = 10, 5
EMERGENCY = "血压200/130,头痛得厉害,看东西模糊"
# The leases of turns and deliveries are a minute; a killed worker's are waited for.
RESTS_WITHIN = 150.0
SETTLE = 0.3
SEED = 20261122
ENGINES = ("sqlite", "postgres")
NUMBERED = re.compile(r"(\d{3})/70")
# Of several values at one sitting the reply names the average too, which nobody sent.
AVERAGE = re.compile(r"平均\D{0,4}\d{3}/70")
FIRST_NUMBER = 100
# How many texts a worker has under way at most.
LANES = Limits().lanes

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Evidence:
    """What was sent and acknowledged, and what the rows and the platform's log say of it."""

    scene: Scene
    acks: list[Ack]
    inbound: dict[str, InboundMessage]
    turns: dict[str, Turn]
    outbound: list[OutboundMessage]
    bodies: dict[str, str]
    openids: dict[str, str]
    stored: dict[str, list[int]]
    alarms: Counter[str]
    calls: Counter[str | None]

    def acks_of(self, openid: str) -> list[Ack]:
        """What one person sent, in the order it was sent."""
        return [ack for ack in self.acks if ack.openid == openid]

    def arrived(self, openid: str) -> list[str]:
        """The customer-service texts on a phone, in the order they came."""
        return [entry.text for entry in self.scene.platform.log.entries(openid, Kind.CUSTOM)]


@dataclass
class Campaign:
    """Sends in rounds, and kills one web and one worker process at random moments of each."""

    scene: Scene
    workers: Sequence[str]
    dice: random.Random

    def run(self) -> list[Ack]:
        service = self.scene.service
        for name in ("web", *self.workers):
            service.start(name)
        service.ready(self.workers)
        acks: list[Ack] = []
        messages = _messages()
        step = MESSAGES // ROUNDS
        for begin in range(0, MESSAGES, step):
            acks += asyncio.run(self._round(messages[begin : begin + step]))
        _rest(service)
        service.stop()
        return acks

    async def _round(self, messages: list[tuple[str, str]]) -> Sequence[Ack]:
        lasts = len(messages) / RATE
        victim = self.dice.choice(self.workers)
        # A worker begins a little after the first message and goes on after the last one.
        killings = (
            self._kill("web", self.dice.uniform(0.0, lasts)),
            self._kill(victim, self.dice.uniform(SETTLE, SETTLE + lasts + 1.5)),
        )
        sending = send_many(
            messages, self.scene.service.line, rate=RATE, attempts=None, retry_pause=0.2
        )
        report, *_ = await asyncio.gather(sending, *killings)
        assert report.unacknowledged == []
        return report.acks

    async def _kill(self, name: str, after: float) -> None:
        """Kill a process and start it again, as `suifang serve` or systemd would."""
        service = self.scene.service
        await asyncio.sleep(after)
        await asyncio.to_thread(service.kill, name)
        log_ends = service.log(name).stat().st_size
        service.start(name)
        back = service.answers if name == "web" else lambda: service.works(name, log_ends)
        await asyncio.to_thread(_wait_for, back)


def _wait_for(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < until, "a process did not come back"
        time.sleep(0.05)


def _messages() -> list[tuple[str, str]]:
    """Everybody's messages are numbered by the value they report."""
    return [
        (f"o-{index % PEOPLE:02d}", _words(index % PEOPLE, index // PEOPLE))
        for index in range(MESSAGES)
    ]


def _words(person: int, number: int) -> str:
    if person % EMERGENCY_EVERY == 0 and number == EMERGENCY_NUMBER:
        return EMERGENCY
    return f"血压{FIRST_NUMBER + number}/70"


def _rest(service: Service) -> None:
    """Wait until nothing waits, nothing is queued and no lease is held."""
    until = time.monotonic() + RESTS_WITHIN
    with service.database() as database:
        while time.monotonic() < until:
            with database.reading() as session:
                if not _left(session):
                    return
            time.sleep(0.5)
    msg = "the service did not come to rest"
    raise TimeoutError(msg)


def _left(session: Session) -> bool:
    unsent = col(OutboundMessage.state).in_((outbound.QUEUED, outbound.SENDING))
    queries = (
        select(InboundMessage.id).where(InboundMessage.state == "waiting"),
        select(ContactPoint.id).where(col(ContactPoint.wake_at).is_not(None)),
        select(OutboundMessage.id).where(unsent),
    )
    return any(session.exec(query).first() is not None for query in queries)


@pytest.fixture(scope="module")
def empty_postgres(postgres_template: str) -> Iterator[str]:
    """A new database on a real PostgreSQL, for our own migrations to fill."""
    engine = create_engine(postgres_template, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE DATABASE kills"))
    yield make_url(postgres_template).set(database="kills").render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text("DROP DATABASE kills WITH (FORCE)"))
    engine.dispose()


@pytest.fixture(scope="module")
def campaigns(
    request: pytest.FixtureRequest, stage: Stage
) -> Iterator[dict[str, Future[Evidence]]]:
    """One campaign per engine that is asked for, both at once: most of a campaign is waiting."""
    named = {engine for item in request.session.items for engine in ENGINES if engine in item.name}
    running = {}
    with ThreadPoolExecutor(len(ENGINES)) as pool:
        for engine in sorted(named):
            postgres = engine == "postgres"
            url = request.getfixturevalue("empty_postgres") if postgres else ""
            scene = stage(url, settle_seconds=str(SETTLE), embeddings="none")
            # Alembic keeps its context in the module: one installation after the other.
            scene.service.prepare()
            workers = ("worker-1", "worker-2") if postgres else ("worker",)
            campaign = Campaign(scene, workers, random.Random(SEED))
            running[engine] = pool.submit(_found_after, campaign)
        yield running


def _found_after(campaign: Campaign) -> Evidence:
    scene, acks = campaign.scene, campaign.run()
    with scene.service.database() as database, database.reading() as session:
        return _gathered(session, scene, acks)


@pytest.fixture(scope="module", params=ENGINES)
def evidence(request: pytest.FixtureRequest, campaigns: dict[str, Future[Evidence]]) -> Evidence:
    """What a campaign left; all tests of this module look at it."""
    return campaigns[request.param].result()


def _gathered(session: Session, scene: Scene, acks: list[Ack]) -> Evidence:
    vault = scene.service.vault
    inbound = {row.external_id: row for row in session.exec(select(InboundMessage)).all()}
    contact_of = {inbound[ack.msg_id].contact_point_id: ack.openid for ack in acks}
    sent = [row for row in session.exec(select(OutboundMessage)).all() if row.contact_point_id]
    return Evidence(
        scene=scene,
        acks=acks,
        inbound=inbound,
        turns={turn.id: turn for turn in session.exec(select(Turn)).all()},
        outbound=sent,
        bodies={row.id: outbound.text_of(vault, row) for row in sent},
        openids={row.id: contact_of[row.contact_point_id or ""] for row in sent},
        stored=_stored(session, contact_of),
        alarms=Counter(
            contact_of[row.contact_point_id or ""] for row in session.exec(select(Escalation)).all()
        ),
        calls=Counter(
            session.exec(select(Task.outbound_message_id).where(Task.kind == CALL)).all()
        ),
    )


def _stored(session: Session, contact_of: dict[str, str]) -> dict[str, list[int]]:
    """The numbers stored for each phone, in the order they were taken."""
    query = (
        select(StoredReading, PersonContact)
        .join(Person, col(Person.id) == col(StoredReading.person_id))
        .join(PersonContact, col(PersonContact.person_id) == col(Person.id))
        .order_by(col(StoredReading.taken_at), col(StoredReading.id))
    )
    found: dict[str, list[int]] = defaultdict(list)
    for reading, contact in session.exec(query).all():
        found[contact_of[contact.contact_point_id]].append(int(reading.systolic or 0))
    return found


def _openids() -> list[str]:
    return sorted({openid for openid, _ in _messages()})


def _expected_numbers(openid: str) -> list[int]:
    words = [text for who, text in _messages() if who == openid]
    return [200 if one == EMERGENCY else int(one[2:5]) for one in words]


def test_every_message_is_stored_once_and_has_its_turn(evidence: Evidence) -> None:
    assert len(evidence.acks) == MESSAGES
    assert evidence.inbound.keys() == {ack.msg_id for ack in evidence.acks}
    assert {row.state for row in evidence.inbound.values()} == {DONE}
    assert {row.turn_id for row in evidence.inbound.values()} == evidence.turns.keys()


def test_the_turns_keep_the_order_of_each_conversation(evidence: Evidence) -> None:
    for openid in _openids():
        ids = [evidence.inbound[ack.msg_id].turn_id or "" for ack in evidence.acks_of(openid)]
        turns = [turn for turn, _ in groupby(ids)]
        assert len(turns) == len(set(turns)), openid
        began = [evidence.turns[turn].began_at for turn in turns]
        assert began == sorted(began), openid


def test_every_value_is_stored_once_and_in_order(evidence: Evidence) -> None:
    assert {o: evidence.stored[o] for o in _openids()} == {
        o: _expected_numbers(o) for o in _openids()
    }


def test_every_text_ends_delivered_or_visibly_in_doubt(evidence: Evidence) -> None:
    """Replies that piled up behind a killed delivery may find WeChat's five for a message used up.

    Then a doctor is asked to phone, and nothing is silent.
    """
    states = Counter(row.state for row in evidence.outbound)
    assert states.keys() <= {outbound.ACCEPTED, outbound.UNKNOWN, outbound.CHANNEL_CLOSED}
    closed = [row.id for row in evidence.outbound if row.state == outbound.CHANNEL_CLOSED]
    assert [evidence.calls[row] for row in closed] == [1] * len(closed)
    # A killed worker leaves at most as many in doubt as it sends at once.
    assert states[outbound.UNKNOWN] <= ROUNDS * LANES
    answered = {row.turn_id for row in evidence.outbound if row.send_key.startswith("reply:")}
    silent = [turn for turn in evidence.turns.values() if turn.id not in answered]
    assert all(turn.route == "alarm" for turn in silent)


def test_what_is_called_delivered_arrived_and_nothing_routine_arrived_twice(
    evidence: Evidence,
) -> None:
    for openid in _openids():
        seen = Counter(evidence.arrived(openid))
        rows = [row for row in evidence.outbound if evidence.openids[row.id] == openid]
        assert seen.keys() <= {evidence.bodies[row.id] for row in rows}
        for row in rows:
            count = seen[evidence.bodies[row.id]]
            assert count >= (row.state == outbound.ACCEPTED), (openid, row.state, count)
            assert count <= 1 or row.purpose == outbound.SAFETY, (openid, row.purpose, count)


def test_replies_arrive_in_the_order_of_the_messages(evidence: Evidence) -> None:
    for openid in _openids():
        said = [AVERAGE.sub("", reply) for reply in evidence.arrived(openid)]
        # A sitting that goes on names its earlier values again.
        seen = dict.fromkeys(int(number) for reply in said for number in NUMBERED.findall(reply))
        assert list(seen) == sorted(seen), openid


def test_no_emergency_went_without_its_safety_text_and_its_alarm(evidence: Evidence) -> None:
    emergencies = [ack for ack in evidence.acks if ack.text == EMERGENCY]
    assert len(emergencies) == PEOPLE // EMERGENCY_EVERY
    assert all("120" in ack.reply for ack in emergencies)
    assert evidence.alarms == Counter(ack.openid for ack in emergencies)
