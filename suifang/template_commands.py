"""`suifang templates`: the words that SMS providers must approve, and how far that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from suifang.errors import EXIT_CONFIGURATION, ConfigurationError
from suifang.settings import Settings, load_settings

if TYPE_CHECKING:
    from channels.template_rows import TemplateRow
    from channels.templates import Registry

screen = Console()
Name = Annotated[str, typer.Argument(help="模板名。The name of a template, as `list` shows it.")]

_SAID = {
    "approved": "已通过",
    "pending": "审核中",
    "rejected": "没通过",
    "paused": "暂停",
    "not_registered": "没报备",
}
_PROVIDERS = {"aliyun": "阿里云", "tencent": "腾讯云"}


def add_to(app: typer.Typer) -> None:
    """Hang these commands under `suifang`."""
    group = typer.Typer(help="短信模板。Templates of SMS providers.", no_args_is_help=True)
    group.command(name="list")(list_all)
    group.command(name="check")(check)
    group.command(name="show")(show)
    group.command(name="example-ids")(example_ids)
    app.add_typer(group, name="templates")


def list_all() -> None:
    """所有短信模板。Every template as it is sent, what it costs, and where it is approved."""
    table = Table("模板", show_lines=True)
    # Whole words are read here, in however many lines.
    table.add_column("发出去的话", overflow="fold")
    for title in ("字数", "条数", *_PROVIDERS.values()):
        table.add_column(title)
    for row in _rows(load_settings()):
        states = (_SAID.get(row.states[kind], row.states[kind]) for kind in _PROVIDERS)
        table.add_row(row.name, row.text, str(row.units), str(row.segments), *states)
    screen.print(table)


def check() -> None:
    """检查模板。Whether any template holds what providers refuse. Ends with 1 when one does."""
    found = [row for row in _rows(load_settings()) if row.problems]
    for row in found:
        screen.print(f"{row.name}: {'; '.join(row.problems)}", markup=False, soft_wrap=True)
    if found:
        raise typer.Exit(1)
    screen.print("没有问题。No template holds what providers refuse.")


def show(name: Name) -> None:
    """一个模板。One template: the words for each provider's form, and what it stands in for."""
    settings = load_settings()
    row = next((one for one in _rows(settings) if one.name == name), None)
    if row is None:
        _give_up(f"There is no template {name}.")
    entry = _registry(settings).template(name)
    screen.print(f"{row.text}\n", markup=False, soft_wrap=True)
    for kind, called in _PROVIDERS.items():
        state = _SAID.get(row.states[kind], row.states[kind])
        screen.print(
            f"{called}（{state}）：{entry.as_registered(kind)}", markup=False, soft_wrap=True
        )
    screen.print(f"用途说明：{row.note}", markup=False, soft_wrap=True)
    screen.print(
        f"最长 {row.units} 个字，{row.segments} 条短信。审阅：{row.review}",
        markup=False,
        soft_wrap=True,
    )
    screen.print(f"代替：{'、'.join(row.stands_for)}", markup=False, soft_wrap=True)
    if row.instead:
        screen.print(f"没通过时改发：{row.instead}", markup=False, soft_wrap=True)
    if row.calls:
        screen.print("发出以后，医生还要打电话。", markup=False, soft_wrap=True)


def example_ids() -> None:
    """模板编号文件的样子。A file of ids to be filled in, for SUIFANG_SMS_TEMPLATES_FILE."""
    from channels.template_rows import example_file

    typer.echo(example_file(_registry(load_settings())), nl=False)


def _rows(settings: Settings) -> tuple[TemplateRow, ...]:
    from channels.template_rows import rows
    from suifang.sms import template_ids

    signature = settings.aliyun_sign_name or settings.tencent_sign_name or ""
    try:
        ids = template_ids(settings)
    except ConfigurationError as error:
        _give_up(*error.problems)
    return rows(_registry(settings), ids, signature=signature, told=_told(settings))


def _registry(settings: Settings) -> Registry:
    from channels.templates import registry

    return registry(settings.sms_phone or "")


def _told(settings: Settings) -> dict[tuple[str, str], str]:
    """What the providers last said themselves; nothing before the installation is set up."""
    from records.template_approvals import states
    from suifang.installation import open_installation

    try:
        installation = open_installation(settings)
    except ConfigurationError:
        return {}
    try:
        with installation.database.reading() as session:
            return states(session)
    finally:
        installation.database.dispose()


def _give_up(*problems: str) -> NoReturn:
    for problem in problems:
        Console(stderr=True).print(problem, markup=False)
    raise typer.Exit(EXIT_CONFIGURATION)
