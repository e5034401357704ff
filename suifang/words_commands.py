"""`suifang words`: look at the dialect packs, check a county's own file, try a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from suifang.errors import EXIT_CONFIGURATION
from suifang.settings import Settings, load_settings

screen = Console()


def add_to(app: typer.Typer) -> None:
    """Hang these commands under `suifang`."""
    words_app = typer.Typer(
        help="方言与本地话。Dialect packs and a county's words.", no_args_is_help=True
    )
    words_app.command(name="list")(list_packs)
    words_app.command(name="check")(check)
    words_app.command(name="try")(try_words)
    words_app.command(name="unknown")(unknown)
    app.add_typer(words_app, name="words")


def list_packs() -> None:
    """有哪些方言包。The packs, how many words each holds, and which are spoken here."""
    from language.dialects import ALL
    from language.pack import packs
    from suifang.words import names, own_words

    settings = load_settings()
    named = names(settings)
    table = Table("id", "方言", "地区", "词", "启用")
    for pack in packs().values():
        spoken = "点名" if pack.id in named else "是" if ALL in named else ""
        words = sum(len(entry.words) for entry in pack.entries)
        table.add_row(pack.id, pack.name, pack.area, str(words), spoken)
    own = own_words(settings)
    if own is not None:
        words = sum(len(entry.words) for entry in own.entries)
        table.add_row("own", own.name, own.area, str(words), "是")
    screen.print(table)


def check(file: Annotated[Path, typer.Argument(help="本地话的文件，.toml。")]) -> None:
    """检查本地话文件。Every problem with its line; and whether each example is understood."""
    from language.pack import PackError, load
    from suifang.words import names, unheard

    try:
        pack = load(file)
    except PackError as error:
        for problem in error.problems:
            typer.echo(f"✗ {problem}", err=True)
        raise typer.Exit(EXIT_CONFIGURATION) from None
    for said, meant in unheard(names(load_settings()), pack):
        typer.echo(f"! {said} is not understood as {meant}: look at example and standard.")
    words = sum(len(entry.words) for entry in pack.entries)
    typer.echo(f"✓ {file.name}: {words} words can be used. Name it in SUIFANG_WORDS_FILE.")


def try_words(text: Annotated[str, typer.Argument(help="一句话。")]) -> None:
    """试一句话。Show a sentence as it is read here, and what was understood."""
    from suifang.words import settle_words, told

    settle_words(load_settings())
    for line in told(text):
        typer.echo(line)


def unknown(
    days: Annotated[int, typer.Option(min=1, max=366, help="最近多少天。")] = 30,
    most: Annotated[int, typer.Option(min=1, max=500, help="最多列多少个。")] = 50,
) -> None:
    """听不懂的词。The words seen most often that no list knows; never a message."""
    from suifang import clock
    from suifang.installation import open_installation
    from suifang.unknown_words import unknown_words

    settings: Settings = load_settings()
    installation = open_installation(settings)
    try:
        found = unknown_words(installation, clock.now(), days)[:most]
    finally:
        installation.database.dispose()
    table = Table("词", "会话数")
    for word in found:
        table.add_row(word.text, str(word.conversations))
    screen.print(table)
    if not found:
        screen.print("没有五个以上的会话都用到、而词表里没有的词。")
