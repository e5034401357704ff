"""Turns the log into what a phone's screen shows: bubbles, cards, small grey lines."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.callback import Outcome
from simulator.clock import PEOPLES_ZONE
from simulator.log import Entry, Kind

SHOWN = frozenset({Kind.INBOUND, Kind.PASSIVE, Kind.CUSTOM, Kind.TEMPLATE, Kind.SORRY})
TALK = frozenset({"text", "image", "voice", "location"})
TIME_SHOWN_AFTER = timedelta(minutes=5)
KEPT = 200

GREY_LINES = {
    "subscribe": "您已关注公众号",
    "unsubscribe": "您已取消关注",
    "SCAN": "您扫了一个二维码",
}


@dataclass(frozen=True, slots=True)
class Bubble:
    """One thing on the screen.

    Attributes:
        shape: `mine`, `theirs`, `card` (a template message) or `grey` (a small line).
        state: of one's own message: `sending`, `sent` or `failed`.
        time: shown above it when some minutes have passed.
    """

    shape: str
    text: str
    kind: str = "text"
    state: str = ""
    time: str = ""
    media_id: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    title: str = ""


def bubbles(entries: Iterable[Entry], now: datetime, *, attempts: int) -> list[Bubble]:
    """Return the latest bubbles, oldest first; `attempts` is how often the platform tries."""
    everything = list(entries)
    states = _states(everything, attempts)
    return list(_with_times(everything, states, now))[-KEPT:]


def _with_times(entries: list[Entry], states: dict[int, str], now: datetime) -> Iterator[Bubble]:
    before: datetime | None = None
    for entry in entries:
        if entry.kind not in SHOWN:
            continue
        gap = before is None or entry.at - before >= TIME_SHOWN_AFTER
        before = entry.at
        time = time_label(entry.at, now) if gap else ""
        yield _bubble(entry, states.get(entry.seq, "sending"), time)


def _bubble(entry: Entry, state: str, time: str) -> Bubble:
    media_id = str(entry.details.get("media_id", ""))
    if entry.kind is Kind.INBOUND:
        kind = str(entry.details["type"])
        if kind not in TALK:
            return Bubble("grey", GREY_LINES.get(kind, entry.text), state=state, time=time)
        return Bubble("mine", entry.text, kind, state, time, media_id)
    if entry.kind is Kind.SORRY:
        return Bubble("grey", entry.text, time=time)
    if entry.kind is Kind.TEMPLATE:
        lines = tuple((label, value) for label, value in entry.details["lines"])
        return Bubble("card", "", time=time, lines=lines, title=entry.details["title"])
    return Bubble("theirs", entry.text, "image" if media_id else "text", "", time, media_id)


def _states(entries: list[Entry], attempts: int) -> dict[int, str]:
    states: dict[int, str] = {}
    for entry in entries:
        if entry.kind is not Kind.ATTEMPT:
            continue
        about = int(entry.details["about"])
        if entry.details["outcome"] != Outcome.UNANSWERED:
            states[about] = "sent"
        elif entry.details["number"] >= attempts and states.get(about) != "sent":
            states[about] = "failed"
    return states


def time_label(at: datetime, now: datetime) -> str:
    """Return a time the way WeChat writes it between messages."""
    here, today = at.astimezone(PEOPLES_ZONE), now.astimezone(PEOPLES_ZONE).date()
    clock = f"{here:%H:%M}"
    days = (today - here.date()).days
    if days == 0:
        return clock
    if days == 1:
        return f"昨天 {clock}"
    if here.year == today.year:
        return f"{here.month}月{here.day}日 {clock}"
    return f"{here.year}年{here.month}月{here.day}日 {clock}"
