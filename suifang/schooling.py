"""The weekly lessons of one installation: its settings, and the articles it may show."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, runtime_checkable

from sqlmodel import Session

from knowledge.article import Article, read_articles
from knowledge.corpus import overlaid
from records import revisions
from records.people import china_date
from schedules.lesson_hours import Timetable
from schedules.teaching import School
from suifang import lesson_times, wechat
from suifang.installation import Installation
from suifang.settings import Settings

Find = Callable[[str], Article | None]


@runtime_checkable
class Shelf(Protocol):
    """Where the articles stand that patients are answered from."""

    def article(self, article_id: str) -> Article | None: ...


def taught_from(settings: Settings, shelf: object) -> School | None:
    """Lessons from the same articles as answers; None where there are none."""
    return school(settings, shelf.article) if isinstance(shelf, Shelf) else None


def school(settings: Settings, find: Find) -> School | None:
    """What the worker teaches by; None where lessons are off.

    Args:
        settings: days, hours, and whether articles that nobody signed may be shown.
        find: an article as it stands now, signed or not, expired or not.
    """
    return _school(settings, find) if settings.lessons else None


def _school(settings: Settings, find: Find) -> School:
    article = _served(find, pending=settings.serve_pending)
    return School(
        article,
        timetable(settings),
        by_sms=settings.lessons_by_sms,
        leave=_leave(settings),
    )


def _leave(settings: Settings) -> tuple[str, str] | None:
    """The template that people subscribe to for their lessons, if the account has one."""
    account = wechat.account(settings)
    if account is None or account.template("lesson") is None:
        return None
    return account.id_of("lesson"), account.kind("lesson")


def _served(find: Find, *, pending: bool) -> Callable[[str, datetime], Article | None]:
    def article(article_id: str, now: datetime) -> Article | None:
        found = find(article_id)
        fit = found is not None and found.served(china_date(now), pending=pending)
        return found if fit else None

    return article


def at_hand(installation: Installation, session: Session) -> School:
    """The lessons as a command looks at them, whether they are switched on or not."""
    signed = {one.article_id: one.manuscript for one in revisions.in_force(session)}
    articles = {one.id: one for one in overlaid(read_articles(), signed).articles}
    return _school(installation.settings, articles.get)


def of_everything(shelf: Shelf) -> School:
    """The lessons of an invented county: whatever is on the shelf, signed or not."""
    return School(_served(shelf.article, pending=True))


def timetable(settings: Settings) -> Timetable:
    """The days and hours that the settings name; Monday is 1 there and 0 here."""
    first, last = lesson_times.hours(settings.lesson_hours)
    return Timetable(
        first_hour=first,
        last_hour=last,
        weekdays=frozenset(day - 1 for day in lesson_times.days(settings.lesson_days)),
        gap=timedelta(days=settings.lesson_gap_days),
    )
