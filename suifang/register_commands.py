"""Getting in and out, as commands: registers, facilities, FHIR, a person's own data and erasure."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from suifang.logs import configure_logs
from suifang.settings import load_settings

if TYPE_CHECKING:
    from suifang.installation import Installation

screen = Console(stderr=True)


def _open() -> Installation:
    from suifang.installation import open_installation

    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    return open_installation(settings)


def add_to(app: typer.Typer) -> None:
    """Hang these commands under `suifang`."""
    app.command(name="import")(bring_in_register)
    export_app = typer.Typer(help="导出。Data for other systems.", no_args_is_help=True)
    export_app.command(name="fhir")(export_fhir)
    app.add_typer(export_app, name="export")
    person_app = typer.Typer(help="本人的资料。What a person may ask for.", no_args_is_help=True)
    person_app.command(name="export")(copy_for_person)
    person_app.command(name="erase")(erase_person)
    app.add_typer(person_app, name="person")
    facility_app = typer.Typer(help="机构。The tree of facilities.", no_args_is_help=True)
    facility_app.command(name="import")(bring_in_facilities)
    facility_app.command(name="list")(list_facilities)
    facility_app.command(name="default")(default_facility)
    app.add_typer(facility_app, name="facility")


def bring_in_register(
    file: Annotated[Path, typer.Argument(help="名册，.xlsx 或 .csv。")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只试算，不保存。")] = False,
    sheet: Annotated[str, typer.Option(help="哪一张工作表；不写就取最像名册的。")] = "",
    facility: Annotated[str, typer.Option(help="在哪个机构的辖区里导入；不写就是全部。")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。")] = False,
) -> None:
    """导入名册。Bring a register in from a spreadsheet; rows that fail come back with their reasons."""
    from suifang.importing import bring_in

    installation = _open()
    try:
        agreed = bring_in(
            installation,
            screen,
            file,
            facility=facility,
            sheet=sheet,
            dry_run=dry_run,
            asked=yes,
        )
    finally:
        installation.database.dispose()
    raise typer.Exit(0 if agreed else 1)


def export_fhir(
    out: Annotated[Path, typer.Option(help="放到哪个文件夹。")],
    person: Annotated[str, typer.Option(help="一个人的编号：一个 Bundle。")] = "",
    catchment: Annotated[str, typer.Option(help="机构：辖区里所有人，NDJSON。")] = "",
    without_names: Annotated[
        bool, typer.Option("--without-names", help="不带姓名、电话、证件号和生日。")
    ] = False,
) -> None:
    """导出 FHIR R4。One person as a Bundle, or a catchment as NDJSON; noted in the audit trail."""
    from suifang.errors import ConfigurationError
    from suifang.exporting import export_catchment, export_person

    if bool(person) == bool(catchment):
        msg = "请写 --person 或 --catchment 其中一个。"
        raise ConfigurationError(msg)
    installation = _open()
    identified = not without_names
    if person:
        path = export_person(installation, person, out, identified=identified)
        screen.print(f"写好了：{path}")
    else:
        counts = export_catchment(installation, screen, catchment, out, identified=identified)
        told = "，".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
        screen.print(f"写好了：{out}（{told}）")
    installation.database.dispose()


def copy_for_person(
    person: Annotated[str, typer.Argument(help="人的编号。")],
    out: Annotated[Path, typer.Option(help="放到哪个文件夹。")] = Path(),
) -> None:
    """给本人的副本。Everything kept about a person, to read and as JSON, in one ZIP."""
    from suifang.exporting import copy_for_person as copy

    installation = _open()
    screen.print(f"写好了：{copy(installation, person, out)}")
    installation.database.dispose()


def erase_person(
    person: Annotated[str, typer.Argument(help="人的编号。")],
    yes: Annotated[bool, typer.Option("--yes", help="不再询问。")] = False,
) -> None:
    """应本人要求删除。Erase names, phones and words; nameless values stay, as the law demands."""
    from suifang.exporting import erase_person as erase

    installation = _open()
    if not yes:
        typer.confirm("删除后不能恢复。继续吗？", abort=True)
    count = erase(installation, person)
    screen.print(f"已删除：姓名、电话、证件号和 {count} 条消息。测量值不带姓名保留。")
    installation.database.dispose()


def bring_in_facilities(
    file: Annotated[Path, typer.Argument(help="机构名单，.xlsx 或 .csv。")],
) -> None:
    """导入机构。County, townships and villages with codes and phones; safe to run again."""
    from suifang import facilities

    installation = _open()
    clean = facilities.bring_in_facilities(installation, screen, file)
    installation.database.dispose()
    raise typer.Exit(0 if clean else 1)


def list_facilities() -> None:
    """机构一览。The tree, with phones and how many people belong to each place."""
    from suifang import facilities

    installation = _open()
    facilities.show_facilities(installation, Console())
    installation.database.dispose()


def default_facility(
    name: Annotated[str, typer.Argument(help="机构的名称或编号；不写就看现在是哪一家。")] = "",
) -> None:
    """陌生人归谁。Which facility looks after whoever writes and is in no file."""
    from suifang import facilities

    installation = _open()
    try:
        if name:
            facilities.set_default(installation, name)
        told = facilities.shown_default(installation)
    finally:
        installation.database.dispose()
    screen.print(told)
