"""Plays a conversation of several turns through the graph, with nothing kept but what a row would hold."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

from agent.context import Answers, Heard, Member, TurnContext
from agent.decision import Decision
from agent.graph import decide
from care.situation import Background, Programme

Line = dict[str, Any]
_BETWEEN = timedelta(minutes=1)


def play(line: Line, library: Answers, now: datetime) -> list[Decision]:
    """Every turn's decision."""
    members = (
        _member("self", line, line),
        *(_member(m["relation"], m, {}) for m in line.get("members", ())),
    )
    awaiting: dict[str, Any] = {}
    decisions = []
    for number, turn in enumerate(line["turns"]):
        now += timedelta(minutes=turn["minutes"]) if "minutes" in turn else _BETWEEN
        heard = Heard(f"m{number}", "text", turn["say"], received_at=now)
        context = TurnContext(
            now=now, messages=(heard,), members=members, answers=library, awaiting=awaiting
        )
        decision = decide(context)
        decisions.append(decision)
        # As in a row: what cannot be written as JSON would be lost.
        awaiting = json.loads(json.dumps(dict(decision.awaiting)))
    return decisions


def wrong(turn: Line, decision: Decision) -> list[str]:
    """What a careful reader would object to in this reply."""
    reply, cited = decision.reply, {citation.article for citation in decision.citations}
    found = [f"lacks {one}" for one in turn.get("says", ()) if not re.search(one, reply)]
    found += [f"holds {one}" for one in turn.get("not", ()) if re.search(one, reply)]
    if "cites" in turn and not cited & set(turn["cites"]):
        found.append(f"cites {sorted(cited)} instead of {turn['cites']}")
    if "key" in turn and turn["key"] not in {part.key for part in decision.parts}:
        found.append(f"says {[part.key for part in decision.parts]}")
    if "level" in turn and str(decision.level) != turn["level"]:
        found.append(f"level {decision.level}")
    if "answered" in turn and decision.answered is not turn["answered"]:
        found.append(f"answered is {decision.answered}")
    return found


def _member(relation: str, line: Line, own: Line) -> Member:
    background = Background(
        conditions=frozenset(Programme(name) for name in line.get("conditions", ())),
        pregnant=own.get("pregnant", False),
        ailments=frozenset(own.get("ailments", ())),
    )
    return Member(f"person-{relation}", relation, background=background)
