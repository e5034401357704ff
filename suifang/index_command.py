"""`suifang index`: builds the index and shows how far it is, on a terminal and in a log alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from suifang import education
from suifang.settings import Settings

_TENTHS = 10

Tell = Callable[[int, int], None]


def build(screen: Console, settings: Settings) -> None:
    """Build it, and say in one line what was done."""
    waited = False

    def wait() -> None:
        nonlocal waited
        if not waited:
            screen.print("Another process is building the index; waiting for it.")
        waited = True

    with _bar(screen) if screen.is_terminal else _lines(screen) as tell:
        built = education.build_index(settings, tell, wait)
    if built is None:
        screen.print("Embeddings are off; answers are found by words alone.")
    elif built.fresh:
        fresh = f"{built.embedded} texts embedded, {built.reused} known from before"
        screen.print(f"Index {built.version}: built ({fresh}).", soft_wrap=True)
    else:
        screen.print(f"Index {built.version}: already there.")


@contextmanager
def _bar(screen: Console) -> Iterator[Tell]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left:"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task("Reading articles", total=None)

        def tell(done: int, total: int) -> None:
            progress.update(task, description="Embedding texts", completed=done, total=total)

        yield tell


@contextmanager
def _lines(screen: Console) -> Iterator[Tell]:
    """A line for every tenth."""
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        tenth = _TENTHS * done // max(1, total)
        if tenth > told:
            told = tenth
            screen.print(f"{done} of {total} texts")

    yield tell
