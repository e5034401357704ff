"""`suifang questions`: what the library could not answer well, as it is kept: without anybody's name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from suifang import clock
from suifang.errors import EXIT_CONFIGURATION
from suifang.settings import load_settings

if TYPE_CHECKING:
    from records.question_queue import Detail, Kept
    from suifang.installation import Installation

screen = Console()
_SHORT_ID = 8
Many = Annotated[int, typer.Option(min=1, max=1000, help="最多列多少组。")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands under `suifang`."""
    questions_app = typer.Typer(
        help="没答好的问题。Questions the library could not answer well, without who asked.",
        no_args_is_help=True,
    )
    questions_app.command(name="list")(list_groups)
    questions_app.command(name="show")(show)
    questions_app.command(name="export")(export)
    app.add_typer(questions_app, name="questions")


def list_groups(
    state: Annotated[str, typer.Option(help="waiting, covered, dismissed")] = "waiting",
    most: Many = 30,
) -> None:
    """问得最多的在前。The groups in one state, the most asked first."""
    with _opened() as installation:
        found = [one for one in _every(installation) if one.heap.state == state]
    found.sort(key=lambda one: -one.heap.size)
    table = Table("编号", "次数", "村", "最近", "问题")
    for heap in (one.heap for one in found[:most]):
        short = heap.id[:_SHORT_ID]
        table.add_row(short, str(heap.size), str(heap.places), heap.latest.isoformat(), heap.title)
    screen.print(table)
    if not found:
        screen.print("没有这样的问题。")


def show(group: Annotated[str, typer.Argument(help="编号，或它的开头。")]) -> None:
    """一组里的每一句。Every wording of one group."""
    with _opened() as installation:
        found = [one for one in _every(installation) if one.heap.id.startswith(group)]
    if len(found) != 1:
        typer.echo(f"{len(found)} groups begin with {group}: give more of the id.", err=True)
        raise typer.Exit(EXIT_CONFIGURATION)
    heap = found[0].heap
    typer.echo(f"{heap.state} {heap.article_id or heap.dismissed_as or ''}".strip())
    for one in found[0].questions:
        typer.echo(f"{one.asked_on} {one.reason} {one.text}")


def export() -> None:
    """导出。One line of JSON per group; a dismissed one names the decoy it may become."""
    from records import audit

    with _opened() as installation:
        found = _every(installation)
        with installation.database.transaction() as session:
            audit.note(
                session,
                actor="operator",
                action="questions.exported",
                subject="question",
                subject_id="all",
                now=clock.now(),
                detail={"groups": len(found)},
            )
    for one in found:
        typer.echo(json.dumps(_as_json(one), ensure_ascii=False))


def _as_json(one: Detail) -> dict[str, Any]:
    from records.question_groups import AS_DECOYS

    heap = one.heap
    return {
        "group": heap.id,
        "state": heap.state,
        "article": heap.article_id,
        "dismissed_as": heap.dismissed_as,
        "decoy": heap.dismissed_as if heap.dismissed_as in AS_DECOYS else None,
        "questions": [_question(kept) for kept in one.questions],
    }


def _question(kept: Kept) -> dict[str, Any]:
    return {
        "text": kept.text,
        "reason": kept.reason,
        "refusal": kept.refusal,
        "day": kept.asked_on.isoformat(),
        "conditions": kept.conditions,
        "age_band": kept.age_band,
        "articles": kept.articles,
    }


def _every(installation: Installation) -> tuple[Detail, ...]:
    """All groups: the operator of the machine reads what any curator of it could."""
    from records.question_queue import every
    from records.reader import Reader

    everywhere = Reader("operator", "curator", "", "")
    with installation.database.reading() as session:
        return every(session, installation.vault, everywhere)


@contextmanager
def _opened() -> Iterator[Installation]:
    from suifang.installation import open_installation

    installation = open_installation(load_settings())
    try:
        yield installation
    finally:
        installation.database.dispose()
