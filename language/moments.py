"""When a value was taken, as far as the words say it: 昨晚, 8号早上, 星期三, 今早六点, 两小时前.

Only what was said is kept here; `language.instants` turns it into a time once it is known when the
message came. What is vague (这几天, 前几天) says nothing, and the value is of when it was sent.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from language.draft import Draft
from language.lexicon import table
from language.moment import Moment
from language.numerals import number_at
from language.tokens import Tokens

_NUMBER = r"(?:[0-9]{1,2}|[一二三]?十[一二三四五六七八九]?|[一二两三四五六七八九])"
_NEXT = r"(?=\s*(?:[:：是测量查扎的]|血|高|低|空|餐|饭|[0-9一二两三四五六七八九十百]))"
_STOP = re.compile(r"[。!?;！？；]")
_VERB = re.compile(r"[量测查扎验]")
_AFTER = re.compile(r"[\s,，、(（\[]*(?:这|这个|这是|是|都是|于)*$")
_TOLD = re.compile(r"\s*(?:[量测查扎打]|血压|的|时|[)）\]。!！]|$)")
_WEEK = {sign: day for day, sign in enumerate("一二三四五六", start=1)} | dict.fromkeys("日天末", 7)
_DAY_HOURS = 24
_HOUR = 60
_HALF = 30
_QUARTER = 15
_NEAR = 2
_FAR = 12
_BEHIND = 8


_NOW = Moment(minutes_ago=0)


@dataclass(frozen=True, slots=True)
class _Piece:
    start: int
    end: int
    said: Moment | None


def mark(drafts: Sequence[Draft], tokens: Tokens) -> None:
    """Give each draft the moment it was taken at, where the text says one."""
    if not drafts:
        return
    pieces = [p for p in _pieces(tokens.text) if not _inside(p, drafts)]
    if not pieces:
        return
    behind = _all_behind(drafts, pieces, tokens)
    for place, draft in enumerate(drafts):
        if draft.when in {"past", "habitual", "highest", "untreated"}:
            continue
        until = drafts[place + 1].start if place + 1 < len(drafts) else len(tokens.text)
        before = None if behind else _before(draft, pieces, tokens)
        draft.moment = before or _behind(draft, pieces, tokens.text, until, alone=behind)


def moment_of(text: str) -> Moment | None:
    """The one moment that a text without values names."""
    said: Moment | None = None
    for piece in _pieces(text):
        if piece.said is not None and piece.said.minutes_ago != 0:
            said = _joined(said, piece.said, touching=True)
    return said


def _inside(piece: _Piece, drafts: Sequence[Draft]) -> bool:
    return any(draft.start < piece.end and piece.start < draft.end for draft in drafts)


def _before(draft: Draft, pieces: Sequence[_Piece], tokens: Tokens) -> Moment | None:
    """The words of time in force: a day lasts until the next day, a part of it until the next part."""
    said: Moment | None = None
    last = -1
    for piece in pieces:
        if piece.start >= draft.start:
            break
        if last >= 0 and _STOP.search(tokens.text, last, piece.start):
            said = None
        said = _joined(said, piece.said, touching=piece.start - last <= 1) if piece.said else None
        last = piece.end
    if said is None or last < 0 or _STOP.search(tokens.text, last, draft.start):
        return None
    gap = tokens.loose(last, draft.start)
    measured = _VERB.search(tokens.text, last, draft.start) is not None
    return said if gap <= (_FAR if measured else _NEAR) else None


def _joined(before: Moment | None, new: Moment, *, touching: bool) -> Moment:
    """昨天 + 晚上 + 8点; after another value 晚上 still is of the day said before."""
    if before is None or new.dated or new.minutes_ago is not None or before.minutes_ago is not None:
        return new
    if new.part is None:
        return replace(before, hour=new.hour, minute=new.minute)
    late = touching and before.part == "evening" and new.part in {"dawn", "night"}
    return replace(before, part="night" if late else new.part, hour=new.hour, minute=new.minute)


def _all_behind(drafts: Sequence[Draft], pieces: Sequence[_Piece], tokens: Tokens) -> bool:
    """150/90早上 140/85晚上: every moment stands behind its value, the last one too."""
    first, last = drafts[0], drafts[-1]
    if len(drafts) < _NEAR or pieces[0].start < first.end or pieces[-1].start < last.end:
        return False
    return all(
        any(d.end <= p.start and tokens.loose(d.end, p.start) == 0 for p in pieces) for d in drafts
    )


def _behind(
    draft: Draft, pieces: Sequence[_Piece], text: str, until: int, *, alone: bool
) -> Moment | None:
    """150/90(昨晚), 150/90,昨晚量的: right behind the value, and not the time of the next one."""
    said: Moment | None = None
    last = draft.end
    for piece in pieces:
        if piece.start < draft.end:
            continue
        between = text[last : piece.start]
        if piece.end > until or piece.said is None or piece.start - last > _BEHIND:
            break
        if not _AFTER.match(re.sub(r"^(?:mmhg|mmol/l)", "", between)):
            break
        said, last = _joined(said, piece.said, touching=True), piece.end
    if said is None or not (alone or _TOLD.match(text, last)):
        return None
    return said


# -- the pieces ------------------------------------------------------------------------------------


def _pieces(text: str) -> Iterator[_Piece]:
    for found in _pattern().finditer(text):
        said = _SAYS[found.lastgroup or ""](found)
        if said is not _NOTHING:
            yield _Piece(found.start(), found.end(), said)


_NOTHING = Moment(hour=-1)


def _day(found: re.Match[str]) -> Moment:
    days, *part = table("moments")["days"][found["day"]]
    return Moment(days_ago=days, part=part[0] if part else None)


def _part(found: re.Match[str]) -> Moment:
    return Moment(part=_parts()[found["part"]])


def _clock(found: re.Match[str]) -> Moment:
    hour, minute = _number(found["hour"]), found["minute"] or ""
    if hour > _DAY_HOURS:
        return _NOTHING
    minutes = {"半": _HALF, "一刻": _QUARTER}.get(minute)
    return Moment(hour=hour, minute=_number(minute) % _HOUR if minutes is None else minutes)


def _digital(found: re.Match[str]) -> Moment:
    return Moment(hour=int(found["hh"]), minute=int(found["mm"]))


def _date(found: re.Match[str]) -> Moment:
    return Moment(month=_number(found["month"] or "") or None, day=_number(found["dom"]))


def _dotted(found: re.Match[str]) -> Moment:
    return Moment(month=int(found["m"]), day=int(found["d"]))


def _weekday(found: re.Match[str]) -> Moment:
    return Moment(weekday=_WEEK[found["weekday"]])


def _ago(found: re.Match[str]) -> Moment:
    amount, unit = found["amount"], found["unit"]
    half = amount.startswith("半")
    count = 0.5 if half else float(_number(amount))
    if found["half"]:
        count += 0.5
    if unit == "天":
        return Moment(days_ago=int(count)) if not half else _NOTHING
    return Moment(minutes_ago=int(count * (_HOUR if "分" not in unit else 1)))


def _now(_found: re.Match[str]) -> Moment:
    return _NOW


def _vague(_found: re.Match[str]) -> Moment | None:
    return None


_SAYS = {
    "day": _day, "part": _part, "hour": _clock, "minute": _clock, "mm": _digital, "dom": _date,
    "d": _dotted, "weekday": _weekday, "unit": _ago, "now": _now, "vague": _vague,
}  # fmt: skip


def _number(text: str) -> int:
    found = number_at(text, 0) if text else None
    return int(found.value) if found else 0


@functools.cache
def _parts() -> dict[str, str]:
    parts = table("moments")["parts"]
    return {word: name for name, entry in parts.items() for word in entry["words"]}


@functools.cache
def _pattern() -> re.Pattern[str]:
    data = table("moments")
    long = [word for word in _parts() if len(word) > 1]
    short = "".join(word for word in _parts() if len(word) == 1)
    return re.compile(
        rf"(?P<vague>{_any(data['vague']['words'])})"
        rf"|(?P<day>{_any(data['days'])})"
        rf"|(?P<amount>半|{_NUMBER})个?(?P<half>半)?个?(?P<unit>小时|钟头|分钟|天)(?:之前|以前|前)(?!后)"
        rf"|(?P<now>{_any(data['now']['words'])})"
        rf"|(?P<part>{_any(long)}|[{short}]{_NEXT})"
        rf"|(?<![0-9.:])(?P<hh>[012]?[0-9]):(?P<mm>[0-5][0-9])(?![0-9])"
        rf"|(?<![上下])(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天末])"
        rf"|(?<![0-9./-])(?:(?P<month>1[0-2]|0?[1-9]|十?[一二三四五六七八九]|十)月(?:份)?)?"
        rf"(?P<dom>[0-3]?[0-9]|[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])[号日](?![线楼床码常])"
        rf"|(?<![0-9./-])(?P<m>1[0-2]|[1-9])[./](?P<d>[12][0-9]|3[01]|[1-9])(?=[\s:]+[^0-9\s]*[0-9]{{2,3}}\s*[/-])"
        rf"|(?<![0-9.])(?P<hour>{_NUMBER})点(?P<minute>半|一刻|[0-5][0-9](?![0-9/.多几-])|{_NUMBER}(?=分))?"
    )


def _any(words: object) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))  # type: ignore[call-overload]
