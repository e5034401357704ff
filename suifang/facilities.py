"""The facility tree, for the operator: brought in from a list, and shown."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.tree import Tree
from sqlmodel import col, func, select

from records import audit, belonging, duty
from records.register.facilities import place
from records.register.workbook import FileError, read_file
from records.tables import Facility, Person
from suifang import clock
from suifang.errors import ConfigurationError
from suifang.installation import Installation
from suifang.staff import facility_called


def bring_in_facilities(installation: Installation, screen: Console, path: Path) -> bool:
    """Read a list into the tree. Returns False when some row could not be used."""
    try:
        sheets = read_file(path.read_bytes())
    except FileError as error:
        raise ConfigurationError(str(error)) from error
    except OSError as error:
        msg = f"读不到文件 {path}。"
        raise ConfigurationError(msg) from error
    clean = True
    for sheet in sheets:
        with installation.database.transaction() as session:
            placed = place(session, sheet.lines)
            audit.note(
                session,
                actor="operator",
                action="facilities.imported",
                subject="facility",
                subject_id=path.name[:60],
                now=clock.now(),
                detail={"created": placed.created, "updated": placed.updated},
            )
        screen.print(
            f"新增 {placed.created} 个，更新 {placed.updated} 个，没有变化 {placed.unchanged} 个。"
        )
        for number, why in placed.refused or []:
            clean = False
            screen.print(f"  第 {number} 行：{why}")
    with installation.database.transaction() as session:
        belonging.settle_default(session, clock.now())
    return clean


def set_default(installation: Installation, name_or_id: str) -> None:
    """Say which facility looks after strangers.

    Raises:
        ConfigurationError: no single facility is called so, or nobody can be rung there.
    """
    now = clock.now()
    with installation.database.transaction() as session:
        place = facility_called(session, name_or_id)
        if not duty.somebody_on_duty(session, place.id, now):
            msg = f"{place.name}和它上面没有能叫到的医生，先用 suifang staff add 开账号。"
            raise ConfigurationError(msg)
        belonging.say_where(session, place.id, now)
        audit.note(
            session,
            actor="operator",
            action="facility.default",
            subject="facility",
            subject_id=place.id,
            facility_id=place.id,
            now=now,
        )


def shown_default(installation: Installation) -> str:
    """Which facility looks after strangers, as a sentence."""
    with installation.database.reading() as session:
        place = belonging.default_place(session)
    if place is None:
        return "没有指定：陌生的号码报急，就叫所有卫生院和县里的医生。"
    return f"陌生的号码归{place.name}管。"


def show_facilities(installation: Installation, screen: Console) -> None:
    """The tree with its phones, and how many people belong to each place."""
    with installation.database.reading() as session:
        rows = session.exec(select(Facility).order_by(col(Facility.path))).all()
        counted = session.exec(
            select(Person.facility_id, func.count())
            .where(Person.status == "active")
            .group_by(col(Person.facility_id))
        ).all()
    people = {row[0]: int(row[1]) for row in counted}
    branches: dict[str | None, Tree] = {None: Tree("机构")}
    for row in rows:
        about = "，".join(filter(None, (row.code, row.phone, f"{people.get(row.id, 0)} 人")))
        above = branches.get(row.parent_id, branches[None])
        branches[row.id] = above.add(f"{row.name}（{about}）")
    screen.print(branches[None])
