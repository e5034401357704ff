"""The queue as a curator reads it: groups of questions, never who asked them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlmodel import Session, col, select

from records.asked import visible, words_of
from records.people import china_date
from records.question_groups import COVERED, MERGED, STATES, WAITING
from records.reader import Reader
from records.tables import AskedQuestion, QuestionGroup
from records.vault import Vault

PAGE = 20
_SAMPLES = 3
_LOOKED_THROUGH = 20
# So many check boxes a form may hold; what is older is counted.
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Wish:
    """What is looked for. Everything left empty does not narrow it."""

    state: str = WAITING
    reason: str = ""
    condition: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Heap:
    """One group. `title` is the question that opened it, `again` how many came after it was covered."""

    id: str
    state: str
    size: int
    places: int
    latest: date
    title: str
    samples: tuple[str, ...]
    reasons: tuple[tuple[str, int], ...]
    refusals: tuple[str, ...]
    conditions: tuple[str, ...]
    articles: tuple[str, ...]
    article_id: str | None = None
    dismissed_as: str | None = None
    decided_at: datetime | None = None
    again: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """One question of a group, opened."""

    id: str
    text: str
    reason: str
    refusal: str | None
    asked_on: date
    conditions: tuple[str, ...]
    age_band: str | None
    articles: tuple[str, ...]
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    """One page of groups, the largest first; how many there are in each state; what was done."""

    heaps: tuple[Heap, ...]
    total: int
    page: int
    pages: int
    counts: dict[str, int]
    covered_this_month: int
    answered_people: int


@dataclass(frozen=True, slots=True)
class Detail:
    """A group with all its questions, and the groups that were merged into it."""

    heap: Heap
    questions: tuple[Kept, ...]
    merged: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class _Gathered:
    group: QuestionGroup
    rows: list[AskedQuestion] = field(default_factory=list)


def queue(
    session: Session, vault: Vault, reader: Reader, wish: Wish, now: datetime, page: int = 1
) -> Queue:
    """The groups this curator may see, narrowed to what was wished for."""
    gathered = _gathered(session, reader)
    counts = {state: sum(one.group.state == state for one in gathered) for state in STATES}
    found = [one for one in gathered if _wanted(vault, one, wish)]
    found.sort(key=lambda one: (-len(one.rows), -_latest(one.rows).toordinal(), one.group.id))
    pages = max(1, -(-len(found) // PAGE))
    page = min(max(page, 1), pages)
    shown = found[(page - 1) * PAGE : page * PAGE]
    month = china_date(now).replace(day=1)
    done = [one for one in gathered if _covered_since(one.group, month)]
    return Queue(
        heaps=tuple(_heap(vault, one) for one in shown),
        total=len(found),
        page=page,
        pages=pages,
        counts=counts,
        covered_this_month=len(done),
        answered_people=sum(len(one.rows) for one in done),
    )


def detail(session: Session, vault: Vault, reader: Reader, group_id: str) -> Detail | None:
    """One group; None when this reader sees no question of it."""
    rows = _rows(session, reader, group_id)
    group = session.get(QuestionGroup, group_id) if rows else None
    if group is None:
        return None
    former = session.exec(
        select(QuestionGroup.id)
        .where(QuestionGroup.merged_into == group_id)
        .where(QuestionGroup.state == MERGED)
        .order_by(col(QuestionGroup.decided_at))
    ).all()
    first = {row.was_in: words_of(vault, row) for row in reversed(rows) if row.was_in}
    return Detail(
        heap=_heap(vault, _Gathered(group, rows)),
        questions=tuple(_kept(vault, row) for row in reversed(rows[-MOST_SHOWN:])),
        merged=tuple((one, first[one]) for one in former if one in first),
    )


def every(session: Session, vault: Vault, reader: Reader) -> tuple[Detail, ...]:
    """All groups with all their questions, the oldest group first."""
    return tuple(
        Detail(_heap(vault, one), tuple(_kept(vault, row) for row in one.rows))
        for one in _gathered(session, reader)
    )


def titles(
    session: Session, vault: Vault, reader: Reader, without: str
) -> tuple[tuple[str, str], ...]:
    """Id and title of the other waiting groups, for putting two together."""
    return tuple(
        (one.group.id, words_of(vault, one.rows[0]))
        for one in _gathered(session, reader)
        if one.group.state == WAITING and one.group.id != without
    )


def _gathered(session: Session, reader: Reader) -> list[_Gathered]:
    """Every group with its questions, the oldest question first."""
    found: dict[str, _Gathered] = {}
    rows = session.exec(
        select(AskedQuestion, QuestionGroup)
        .join(QuestionGroup, col(QuestionGroup.id) == col(AskedQuestion.group_id))
        .where(visible(reader))
        .order_by(col(AskedQuestion.asked_on), col(AskedQuestion.id))
    ).all()
    for row, group in rows:
        found.setdefault(group.id, _Gathered(group)).rows.append(row)
    return list(found.values())


def _rows(session: Session, reader: Reader, group_id: str) -> list[AskedQuestion]:
    return list(
        session.exec(
            select(AskedQuestion)
            .where(visible(reader))
            .where(AskedQuestion.group_id == group_id)
            .order_by(col(AskedQuestion.asked_on), col(AskedQuestion.id))
        ).all()
    )


def _wanted(vault: Vault, one: _Gathered, wish: Wish) -> bool:
    if one.group.state != wish.state:
        return False
    if wish.reason and all(row.reason != wish.reason for row in one.rows):
        return False
    if wish.condition and all(wish.condition not in row.conditions for row in one.rows):
        return False
    words = wish.words.casefold()
    return not words or any(words in words_of(vault, row) for row in one.rows)


def _heap(vault: Vault, one: _Gathered) -> Heap:
    group, rows = one.group, one.rows
    newest = [words_of(vault, row) for row in reversed(rows[1:][-_LOOKED_THROUGH:])]
    title = words_of(vault, rows[0])
    decided = group.decided_at
    return Heap(
        id=group.id,
        state=group.state,
        size=len(rows),
        places=len({row.place_index for row in rows} - {None}),
        latest=_latest(rows),
        title=title,
        samples=tuple(text for text in dict.fromkeys(newest) if text != title)[:_SAMPLES],
        reasons=tuple(Counter(row.reason for row in rows).most_common()),
        refusals=_often(row.refusal for row in rows),
        conditions=_often(code for row in rows for code in row.conditions),
        articles=_often(article for row in rows for article in row.articles),
        article_id=group.article_id,
        dismissed_as=group.dismissed_as,
        decided_at=decided,
        again=_after(rows, decided) if group.article_id else 0,
    )


def _kept(vault: Vault, row: AskedQuestion) -> Kept:
    return Kept(
        id=row.id,
        text=words_of(vault, row),
        reason=row.reason,
        refusal=row.refusal,
        asked_on=row.asked_on,
        conditions=tuple(row.conditions),
        age_band=row.age_band,
        articles=tuple(row.articles),
        removed=tuple(row.removed),
    )


def _often(codes: Iterable[str | None]) -> tuple[str, ...]:
    """The codes that occur, the most frequent first."""
    return tuple(code for code, _ in Counter(code for code in codes if code).most_common())


def _latest(rows: Sequence[AskedQuestion]) -> date:
    return max(row.asked_on for row in rows)


def _after(rows: Sequence[AskedQuestion], decided: datetime | None) -> int:
    return 0 if decided is None else sum(row.asked_on > china_date(decided) for row in rows)


def _covered_since(group: QuestionGroup, day: date) -> bool:
    decided = group.decided_at
    return group.state == COVERED and decided is not None and china_date(decided) >= day
