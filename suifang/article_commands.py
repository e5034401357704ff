"""`suifang articles`: look at the education articles, check files, and take them out for git."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
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

if TYPE_CHECKING:
    from inbox.desk import Piece

screen = Console()
ArticleId = Annotated[str, typer.Argument(metavar="ID", help="文章编号。For instance dm.fruit.")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands under `suifang`."""
    articles_app = typer.Typer(help="健康知识。The education articles.", no_args_is_help=True)
    articles_app.command(name="list")(list_articles)
    articles_app.command(name="show")(show)
    articles_app.command(name="check")(check)
    articles_app.command(name="history")(history)
    articles_app.command(name="export")(export)
    app.add_typer(articles_app, name="articles")


def list_articles(
    only: Annotated[
        str,
        typer.Option("--show", help="all, draft, pending, signed, expiring, expired, parted."),
    ] = "all",
) -> None:
    """有哪些文章。Every article: what is served, whether it is signed, until when."""
    from inbox.desk import FILTERS, pieces
    from records.people import china_date

    if only not in FILTERS:
        _give_up(f"--show knows {', '.join(FILTERS)}.")
    today = china_date(clock.now())
    table = Table("id", "标题", "状态", "有效到")
    with _reading() as (_, session):
        found = [one for one in pieces(session).values() if only in one.tags(today)]
    for one in found:
        until = one.served.expires.isoformat() if one.served else ""
        table.add_row(one.id, one.title, _state(one, today), until)
    screen.print(table)
    screen.print(f"{len(found)} 篇")


def show(article_id: ArticleId) -> None:
    """看一篇。The file of one article as it is in force; the draft when nothing is."""
    from knowledge.manuscript import written

    piece = _piece(article_id)
    typer.echo(written(piece.served) if piece.served else piece.manuscript, nl=False)


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="要检查的 .md 文件；不写就检查程序自带的。")
    ] = None,
) -> None:
    """检查文件。What is wrong in article files, by file and field; remarks on how they read."""
    from knowledge.article import ARTICLES
    from suifang.publishing import check as checked

    wrong = count = 0
    for one in checked(files or sorted(ARTICLES.glob("*.md"))):
        count += 1
        wrong += bool(one.problems)
        for problem in one.problems:
            typer.echo(f"✗ {problem}", err=True)
        for remark in one.remarks:
            typer.echo(f"! {one.name}: {remark}")
    if wrong:
        raise typer.Exit(EXIT_CONFIGURATION)
    typer.echo(f"✓ {count} 篇都能用。")


def history(article_id: ArticleId) -> None:
    """改过几次。Every revision of an article: who wrote it, who signed it."""
    from records import revisions
    from records.times import CHINA

    _piece(article_id)
    with _reading() as (installation, session):
        rows = revisions.history(session, article_id)
        names = revisions.authors(session, installation.vault, rows)
    table = Table("稿", "状态", "时间", "谁", "签发", "说明")
    for row in rows:
        signed = (
            f"{row.signer_name}（{row.signer_title}）{row.signed_on}" if row.signer_name else ""
        )
        at = row.made_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")
        by = names.get(row.author_id or "", "")
        table.add_row(str(row.number), row.state, at, by, signed, row.note)
    screen.print(table)


def export(folder: Annotated[Path, typer.Argument(metavar="DIR", help="写到哪个文件夹。")]) -> None:
    """写成文件。Write every article in force as DIR/<id>.md; files that say the same stay untouched."""
    from inbox.desk import pieces
    from suifang.publishing import export as exported

    with _reading() as (_, session):
        found = pieces(session)
    try:
        done = exported(found, folder)
    except OSError as error:
        _give_up(f"{folder} cannot be written: {error.strerror}.")
    for sign, ids in (("+", done.new), ("~", done.changed)):
        for article_id in ids:
            typer.echo(f"{sign} {article_id}.md")
    for article_id in done.extra:
        typer.echo(f"? {article_id}.md: no article in force; left as it is", err=True)
    typer.echo(f"新 {len(done.new)}，改 {len(done.changed)}，没变 {done.same}")


def _state(piece: Piece, today: date) -> str:
    from inbox.words import word

    told = [name for name in piece.tags(today) if name != "all"]
    return "、".join(sorted(word("article_filter", name) for name in told)) or "草稿"


def _piece(article_id: str) -> Piece:
    from inbox.desk import piece_of

    with _reading() as (_, session):
        found = piece_of(session, article_id)
    if found is None:
        _give_up(f"There is no article {article_id}; see `suifang articles list`.")
    return found


@contextmanager
def _reading() -> Iterator[tuple[Installation, Session]]:
    from suifang.installation import open_installation

    installation = open_installation(load_settings())
    try:
        with installation.database.reading() as session:
            yield installation, session
    finally:
        installation.database.dispose()


def _give_up(problem: str) -> NoReturn:
    typer.echo(f"✗ {problem}", err=True)
    raise typer.Exit(EXIT_CONFIGURATION)
