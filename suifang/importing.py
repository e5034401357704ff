"""Brings a register in from the command line: shows the mapping, asks, works it off, says why not."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn
from rich.table import Table
from sqlmodel import Session, col, or_, select

from records import audit, registering
from records.register import chunk, mending
from records.register.columns import fields
from records.register.workbook import LARGEST_FILE, FileError
from records.registering import Outline, Prepared
from records.tables import Facility, ImportRun
from suifang import clock
from suifang.errors import ConfigurationError
from suifang.installation import Installation

_SHOWN_PROBLEMS = 12
_LOOK_AGAIN = 0.3
_STATES = {
    "created": "新建档",
    "updated": "已更新",
    "unchanged": "没有变化",
    "repeated": "表里重复",
    "failed": "没有导入",
    "left_out": "表尾和空行",
}


def bring_in(
    installation: Installation,
    screen: Console,
    path: Path,
    *,
    facility: str,
    sheet: str,
    dry_run: bool,
    asked: bool,
) -> bool:
    """The whole way. Returns False when somebody said no."""
    content = _content(path)
    root = facility_named(installation, facility)
    run_id = _resumed(installation, screen, content) if not dry_run else None
    if run_id is None:
        prepared = _prepared(installation, path, content, root.id)
        with installation.database.transaction() as session:
            run = registering.keep(session, prepared)
            _choose_sheet(session, installation, run, sheet)
            run_id = run.id
        _show(installation, screen, run_id)
        if not (dry_run or asked or _agreed(screen)):
            _forget(installation, run_id)
            return False
        _begin(installation, run_id, trial=dry_run)
    _work(installation, screen, run_id)
    _tell(installation, screen, run_id, path, dry_run=dry_run)
    if dry_run:
        _forget(installation, run_id)
    return True


def facility_named(installation: Installation, name_or_id: str) -> Facility:
    """The facility of that name; without a name, the top of the only tree."""
    with installation.database.reading() as session:
        query = select(Facility)
        if name_or_id:
            query = query.where(or_(Facility.id == name_or_id, Facility.name == name_or_id))
        else:
            query = query.where(col(Facility.parent_id).is_(None))
        found = session.exec(query).all()
        names = "、".join(sorted(session.exec(select(Facility.name)).all())) or "还没有"
    if len(found) != 1:
        msg = f"没有（或不止一个）机构叫“{name_or_id}”。现有：{names}。"
        raise ConfigurationError(msg)
    return found[0]


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            return b" " * (LARGEST_FILE + 1)
        return path.read_bytes()
    except OSError as error:
        msg = f"读不到文件 {path}。"
        raise ConfigurationError(msg) from error


def _prepared(installation: Installation, path: Path, content: bytes, facility_id: str) -> Prepared:
    try:
        return registering.prepare(
            installation.vault,
            path.name,
            content,
            facility_id=facility_id,
            started_by=None,
            now=clock.now(),
        )
    except FileError as error:
        raise ConfigurationError(str(error)) from error


def _resumed(installation: Installation, screen: Console, content: bytes) -> str | None:
    with installation.database.reading() as session:
        run = registering.unfinished(session, installation.vault, content)
    if run is None:
        return None
    screen.print(f"上次导入这个文件在第 {run.finished_rows} 行中断了，接着导入。")
    return run.id


def _choose_sheet(session: Session, installation: Installation, run: ImportRun, sheet: str) -> None:
    outline = registering.outline_of(installation.vault, run)
    if not sheet:
        return
    for number, family in enumerate(outline.families):
        if sheet in family.sheets:
            guessed = _guessed(outline, number)
            registering.choose(session, installation.vault, run, number, guessed)
            return
    msg = f"文件里没有叫“{sheet}”的工作表。有：{'、'.join(outline.sheets)}。"
    raise ConfigurationError(msg)


def _guessed(outline: Outline, family: int) -> dict[str, str]:
    from records.register.columns import guess  # noqa: PLC0415 - beside its only use

    return {str(i): key for i, key in guess(outline.families[family].words).items()}


def _show(installation: Installation, screen: Console, run_id: str) -> None:
    """Which column is taken for what, with the first row beside it."""
    with installation.database.reading() as session:
        run = session.get_one(ImportRun, run_id)
        outline = registering.outline_of(installation.vault, run)
        rows = registering.sample(session, installation.vault, run)
    family = outline.families[run.family]
    table = Table(
        "列",
        "当作",
        "第一行",
        title=f"{'、'.join(filter(None, family.sheets)) or outline.file}：{run.total} 行",
    )
    first: list[Any] = rows[0][1] if rows else []
    for column, word in enumerate(family.words):
        key = run.mapping.get(str(column), "")
        value = first[column] if column < len(first) else None
        label = fields()[key].label if key else "（不导入）"
        table.add_row(word, label, "" if value is None else str(value))
    screen.print(table)
    for other in outline.families:
        if other is not family:
            screen.print(f"没有导入：{'、'.join(other.sheets)}（{other.rows} 行，表头不同）")
    if "name" not in run.mapping.values():
        msg = "没有找到“姓名”这一列。请看表头是不是在前 8 行，或在网页上指定。"
        raise ConfigurationError(msg)


def _agreed(screen: Console) -> bool:
    return screen.input("导入吗？(y/n) ").strip().lower() in {"y", "yes", "是", "好"}


def _begin(installation: Installation, run_id: str, *, trial: bool) -> None:
    now = clock.now()
    with installation.database.transaction() as session:
        run = session.get_one(ImportRun, run_id)
        registering.begin(session, run, now, trial=trial)
        if not trial:
            audit.note(
                session,
                actor="operator",
                action="import.confirmed",
                subject="import_run",
                subject_id=run_id,
                facility_id=run.facility_id,
                now=now,
            )


def _work(installation: Installation, screen: Console, run_id: str) -> None:
    """Settle chunk after chunk. A worker that took the run over is watched instead."""
    database = installation.database
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task("导入", total=None)
        while True:
            with database.transaction() as session:
                claimed = registering.claim(session, clock.now(), run_id)
            done = None
            if claimed is not None:
                try:
                    done = chunk.advance(database, installation.vault, claimed, clock.now())
                finally:
                    with database.transaction() as session:
                        registering.let_go(session, claimed)
            with database.reading() as session:
                run = session.get_one(ImportRun, run_id)
            progress.update(task, total=run.total, completed=run.finished_rows)
            if run.state not in registering.AT_WORK:
                return
            if done is None:
                time.sleep(_LOOK_AGAIN)


def _tell(
    installation: Installation, screen: Console, run_id: str, path: Path, *, dry_run: bool
) -> None:
    with installation.database.reading() as session:
        run = session.get_one(ImportRun, run_id)
        counts = registering.tally(session, run)
        problems = chunk.problems(session, run)
        mend = len(mending.to_mend(session, run))
        sheet = mending.error_sheet(session, installation.vault, run) if mend else b""
    screen.print("试算，什么都没有存：" if dry_run else "导入完成：")
    for state, label in _STATES.items():
        if counts.get(state):
            screen.print(f"  {label} {counts[state]} 行")
    for code, field, count in problems[:_SHOWN_PROBLEMS]:
        screen.print(f"  {count} 行　{mending.said(code, field)}")
    if mend:
        errors = path.with_name(f"{path.stem}-要改的行.xlsx")
        errors.write_bytes(sheet)
        errors.chmod(0o600)
        screen.print(f"有 {mend} 行要看一下，连同原因写在 {errors.name}；改好后可以直接再导入。")


def _forget(installation: Installation, run_id: str) -> None:
    now: datetime = clock.now()
    with installation.database.transaction() as session:
        registering.cancel(session, session.get_one(ImportRun, run_id), now)
