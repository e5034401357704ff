"""`suifang lessons`: what would be taught, what was taught, and in which words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from suifang import clock
from suifang.errors import EXIT_CONFIGURATION
from suifang.settings import load_settings

if TYPE_CHECKING:
    from sqlmodel import Session

    from suifang.installation import Installation

# The groups of words for the codes.
_WHY, _AGAINST = "lesson_reason", "lesson_hindrance"
screen = Console()
Person = Annotated[str, typer.Argument(help="患者编号。The id in the address of her page.")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands under `suifang`."""
    lessons_app = typer.Typer(help="每周小课。The weekly lessons.", no_args_is_help=True)
    lessons_app.command(name="plan")(plan)
    lessons_app.command(name="show")(show)
    lessons_app.command(name="preview")(preview)
    app.add_typer(lessons_app, name="lessons")


def plan() -> None:
    """往后一周会发什么。Who would be taught what: counts, why, and how many sends. Sends nothing."""
    from schedules.lesson_plan import foresee, sum_up
    from suifang.schooling import at_hand

    with _reading() as (installation, session):
        school = at_hand(installation, session)
        total = sum_up(foresee(session, installation.vault, school, clock.now()))
    if not installation.settings.lessons:
        screen.print("SUIFANG_LESSONS is off: nothing is sent.")
    screen.print(
        f"{total.phones} phones: {total.sends} lessons could go now, {total.waiting} more once "
        f"nothing stands against them. SMS parts: {total.sms_parts}."
    )
    for title, counted, group in (
        ("为什么选", total.reasons, _WHY),
        ("内容", total.subjects, ""),
        ("为什么还不发", total.hindrances, _AGAINST),
    ):
        _table(title, counted, group)


def show(person: Person) -> None:
    """一个人学过什么。What somebody was taught, and what would come next."""
    from inbox.words import word
    from records import lessons
    from records.people import china_date
    from schedules.lesson_plan import foresee
    from suifang.schooling import at_hand

    with _reading() as (installation, session):
        _known(session, person)
        school, now = at_hand(installation, session), clock.now()
        table = Table("日期", "文章", "内容", "为什么", "结果")
        for one in lessons.for_operator(session, person):
            table.add_row(
                china_date(one.at).isoformat(),
                one.article_id,
                one.subject,
                word(_WHY, one.reason),
                one.state,
            )
        screen.print(table)
        for coming in foresee(session, installation.vault, school, now, person_id=person):
            if coming.found is None or coming.found.pupil.person.id != person:
                screen.print("Nothing for her now.")
                continue
            choice = coming.found.choice
            screen.print(
                f"Next: {choice.article.id} ({choice.subject}, {word(_WHY, choice.reason)}, {choice.score}); "
                f"{word(_AGAINST, coming.hindrance) or 'at her time of the day'}."
            )


def preview(person: Person) -> None:
    """下一课的原文。The words of somebody's next lesson."""
    from schedules.lesson_plan import foresee
    from suifang.schooling import at_hand

    with _reading() as (installation, session):
        _known(session, person)
        school = at_hand(installation, session)
        texts = [
            one.found.text
            for one in foresee(session, installation.vault, school, clock.now(), person_id=person)
            if one.found is not None and one.found.pupil.person.id == person
        ]
    for text in texts:
        typer.echo(text)
    if not texts:
        screen.print("Nothing for her now.")


@contextmanager
def _reading() -> Iterator[tuple[Installation, Session]]:
    from suifang.installation import open_installation

    installation = open_installation(load_settings())
    try:
        with installation.database.reading() as session:
            yield installation, session
    finally:
        installation.database.dispose()


def _known(session: Session, person_id: str) -> None:
    from records.tables import Person as Row

    if session.get(Row, person_id) is None:
        _refuse(f"There is no person {person_id}.")


def _refuse(problem: str) -> NoReturn:
    typer.echo(f"✗ {problem}", err=True)
    raise typer.Exit(EXIT_CONFIGURATION)


def _table(title: str, counted: Counter[str], group: str) -> None:
    from inbox.words import word

    if not counted:
        return
    table = Table(title, "几个")
    for code, number in counted.most_common():
        table.add_row(word(group, code) if group else code, str(number))
    screen.print(table)
