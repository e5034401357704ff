"""Every reading and triage line of the evaluation set, sent twice by an npm peer to the real thing.

The lines are read from beside the repository and never copied into it; a failure names ids only.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlmodel import Session, col, select

from agent.batch import run as batch
from bench.service import AES_KEY, APP_ID, ROOT, TOKEN, Service, running
from knowledge.library import Library
from records import outbound
from records.conversations import DONE
from records.tables import ContactPoint, InboundMessage, OutboundMessage, StoredReading, Turn
from simulator.codec import read_xml
from tests.system.stage import Scene, Stage, missing

LINES = ROOT.parent / "shared" / "evaluation" / "dev.jsonl"
COPIES = 2
ANSWERED_WITHIN = 60.0
# A kind, and its numbers.
Value = tuple[str, float | None, float | None]

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Evidence:
    """What is known once every line was sent and the service has come to rest."""

    lines: dict[str, str]
    outcomes: list[dict[str, Any]]
    customs: dict[str, list[str]]
    inbound: dict[str, InboundMessage]
    stored: dict[str, list[StoredReading]]
    replies: dict[str, list[OutboundMessage]]
    turns: set[str]
    senders: set[str]

    def passive(self, line: str) -> set[str]:
        """The different passive replies that the copies of a line got."""
        bodies = [one["body"] for one in self.outcomes if one["id"] == line]
        return {read_xml(body)["Content"] for body in bodies if body not in ("", "success")}


def _lines() -> dict[str, str]:
    if not LINES.exists():
        missing("the evaluation set does not lie beside this repository")
    rows = map(json.loads, LINES.read_text("utf-8").splitlines())
    return {row["id"]: row["text"] for row in rows if row["task"] in ("readings", "triage")}


def _openid(line: str) -> str:
    return f"o-{line}"


def _send(npm_sender: list[str], service: Service, lines: dict[str, str]) -> list[dict[str, Any]]:
    """Send each line twice under one MsgId, as WeChat does when it is unsure."""
    fed = [{"id": line, "text": text, "openid": _openid(line)} for line, text in lines.items()]
    sent = subprocess.run(
        npm_sender,
        input="".join(json.dumps(one) + "\n" for one in fed),
        capture_output=True,
        check=True,
        encoding="utf-8",
        env={
            **os.environ,
            "CALLBACK_URL": service.line.callback_url,
            "WECHAT_TOKEN": TOKEN,
            "WECHAT_AES_KEY": AES_KEY,
            "WECHAT_APP_ID": APP_ID,
            "COPIES": str(COPIES),
        },
    )
    return [json.loads(line) for line in sent.stdout.splitlines()]


def _rest(service: Service) -> None:
    """Wait until no message waits and nothing is left to be sent."""
    until = time.monotonic() + ANSWERED_WITHIN
    with service.database() as database:
        while time.monotonic() < until:
            with database.reading() as session:
                if not _left(session):
                    return
            time.sleep(0.2)
    msg = "the service did not come to rest"
    raise TimeoutError(msg)


def _left(session: Session) -> bool:
    waiting = select(InboundMessage.id).where(InboundMessage.state == "waiting")
    unsent = select(OutboundMessage.id).where(
        col(OutboundMessage.state).in_((outbound.QUEUED, outbound.SENDING))
    )
    return any(session.exec(query).first() is not None for query in (waiting, unsent))


@pytest.fixture(scope="module")
def evidence(npm_sender: list[str], stage: Stage) -> Evidence:
    """Send everything once for all tests of this module."""
    lines = _lines()
    scene = stage(settle_seconds="0.5", embeddings="none")
    with running(scene.service) as service:
        outcomes = _send(npm_sender, service, lines)
        _rest(service)
    return _gathered(scene, lines, outcomes)


def _gathered(scene: Scene, lines: dict[str, str], outcomes: list[dict[str, Any]]) -> Evidence:
    ids = {one["msg_id"]: one["id"] for one in outcomes}
    with scene.service.database() as database, database.reading() as session:
        rows = session.exec(select(InboundMessage)).all()
        inbound = {ids[row.external_id]: row for row in rows}
        line_of = {row.id: line for line, row in inbound.items()}
        stored: dict[str, list[StoredReading]] = defaultdict(list)
        for reading in session.exec(select(StoredReading)).all():
            stored[line_of[reading.inbound_message_id or ""]].append(reading)
        by_contact = {row.contact_point_id: line for line, row in inbound.items()}
        replies: dict[str, list[OutboundMessage]] = defaultdict(list)
        for message in session.exec(select(OutboundMessage)).all():
            if message.contact_point_id is not None:
                replies[by_contact[message.contact_point_id]].append(message)
        return Evidence(
            lines=lines,
            outcomes=outcomes,
            customs={line: scene.texts(_openid(line)) for line in lines},
            inbound=inbound,
            stored=stored,
            replies=replies,
            turns=set(session.exec(select(Turn.id)).all()),
            senders=set(session.exec(select(ContactPoint.id)).all()),
        )


def test_every_copy_is_acknowledged_within_a_second(evidence: Evidence) -> None:
    assert Counter(one["id"] for one in evidence.outcomes) == dict.fromkeys(evidence.lines, COPIES)
    assert {one["status"] for one in evidence.outcomes} == {200}
    slow = {one["id"]: one["ms"] for one in evidence.outcomes if one["ms"] >= 1000}
    assert slow == {}


def test_every_line_is_stored_once_and_taken_up_by_one_turn(evidence: Evidence) -> None:
    assert evidence.inbound.keys() == evidence.lines.keys()
    assert len({row.external_id for row in evidence.inbound.values()}) == len(evidence.lines)
    assert {row.state for row in evidence.inbound.values()} == {DONE}
    assert {row.turn_id for row in evidence.inbound.values()} == evidence.turns
    assert len(evidence.turns) == len(evidence.senders) == len(evidence.lines)


def test_every_line_is_answered_once(evidence: Evidence) -> None:
    """By the safety text in the answer to the callback, or by one customer-service text."""
    wrong = {
        line: (len(evidence.passive(line)), len(evidence.customs[line]))
        for line in evidence.lines
        if len(evidence.passive(line)) + len(evidence.customs[line]) != 1
    }
    assert wrong == {}


def test_what_arrived_is_what_was_queued_and_nothing_else(evidence: Evidence) -> None:
    states = {message.state for sent in evidence.replies.values() for message in sent}
    assert states == {outbound.ACCEPTED}
    counts = {line: len(evidence.replies[line]) for line in evidence.lines}
    assert counts == {line: len(evidence.customs[line]) for line in evidence.lines}


def test_a_repeat_gets_the_same_safety_text_again(evidence: Evidence) -> None:
    emergencies = [line for line in evidence.lines if evidence.passive(line)]
    assert emergencies
    for line in emergencies:
        bodies = [one["body"] for one in evidence.outcomes if one["id"] == line]
        assert all(read_xml(body)["Content"] for body in bodies)
        assert len(evidence.passive(line)) == 1


def test_the_readings_are_stored_once_and_are_those_of_a_batch(
    evidence: Evidence, now: datetime
) -> None:
    library = Library(None, None, serve_pending=True)
    given = [json.dumps({"id": i, "text": t}).encode() for i, t in evidence.lines.items()]
    expected = {row["id"]: row for row in batch(given, library, now) if isinstance(row, dict)}
    wrong = [
        line
        for line in evidence.lines
        if sorted(map(_value, evidence.stored[line]))
        != sorted(map(_batch_value, expected[line]["readings"]))
    ]
    assert wrong == []
    assert sum(map(len, evidence.stored.values())) > len(evidence.lines) / 2


def _value(row: StoredReading) -> Value:
    if row.kind == "bp":
        return "bp", row.systolic or 0, row.diastolic or 0
    return row.kind, row.value or 0, 0


def _batch_value(reading: dict[str, Any]) -> Value:
    if reading["kind"] == "bp":
        return "bp", reading["sbp"] or 0, reading["dbp"] or 0
    return reading["kind"], reading["value"], 0
