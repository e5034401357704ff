"""The `suifang` command. Heavy parts are imported by the commands that need them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from care.situation import Programme
from suifang import (
    article_commands,
    channel_commands,
    clock,
    figure_commands,
    lesson_commands,
    question_commands,
    register_commands,
    staff_commands,
    startup,
    template_commands,
    words_commands,
)
from suifang.errors import EXIT_CONFIGURATION, ConfigurationError
from suifang.logs import configure_logs
from suifang.settings import Settings, load_settings
from suifang.telemetry import silence_telemetry

app = typer.Typer(
    name="suifang",
    help="随访 Suifang:高血压、糖尿病村级随访。Follow-up for village clinics over WeChat and SMS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
staff_app = typer.Typer(help="Accounts of doctors and officers.", no_args_is_help=True)
app.add_typer(staff_app, name="staff")
wechat_app = typer.Typer(help="The official account itself.", no_args_is_help=True)
app.add_typer(wechat_app, name="wechat")
for commands in (
    register_commands, figure_commands, words_commands, lesson_commands, article_commands,
    question_commands, template_commands, channel_commands,
):  # fmt: skip
    commands.add_to(app)
staff_commands.add_to(staff_app)
screen = Console(stderr=True)


def main() -> None:
    """Run a command; what a person can mend is shown as a sentence, not as a traceback."""
    silence_telemetry()
    try:
        app()
    except ConfigurationError as error:
        _give_up(*error.problems)
    except Exception as error:
        # Only a command that opened the database can have lost it.
        sqlalchemy = sys.modules.get("sqlalchemy.exc")
        if sqlalchemy is None or not isinstance(error, sqlalchemy.OperationalError):
            raise
        _give_up(f"The database cannot be reached ({type(error.orig).__name__}): is it running?")


def _give_up(*problems: str) -> NoReturn:
    for problem in problems:
        screen.print(f"[red]✗[/red] {problem}")
    sys.exit(EXIT_CONFIGURATION)


def _settings(log_level: str | None = None) -> Settings:
    settings = load_settings()
    configure_logs(log_level or settings.log_level, settings.log_format)
    return settings


@app.command()
def keys() -> None:
    """Make the two keys of a new installation in the data folder."""
    from suifang.keys import ensure_keys

    settings = _settings()
    ensure_keys(settings)
    screen.print(f"Keys are in {settings.data_dir / 'keys'}. Keep a copy somewhere safe.")


@app.command()
def migrate() -> None:
    """Create the database or bring it to the newest version."""
    from suifang.installation import migrate as upgrade

    upgrade(_settings())
    screen.print("The database is up to date.")


@app.command()
def index() -> None:
    """Build the index of the education articles."""
    from suifang.index_command import build

    build(screen, _settings())


@app.command()
def serve() -> None:
    """Run web and worker together until stopped."""
    from suifang.serve import service_commands, supervise

    _settings()
    raise typer.Exit(supervise(service_commands()))


@app.command()
def web() -> None:
    """Run the web process: pages and callbacks."""
    startup.begin()
    from suifang import web as web_process
    from suifang.installation import open_installation

    web_process.run(open_installation(_settings()))


@app.command()
def worker() -> None:
    """Run a worker: answers, deliveries and every clock."""
    startup.begin()
    from suifang import worker as worker_process
    from suifang.installation import open_installation

    worker_process.run(open_installation(_settings()))


@app.command(hidden=True)
def simulator() -> None:
    """Run the simulated WeChat of the demonstration."""
    from simulator.server import run
    from suifang import demo, demo_sms
    from suifang.installation import open_installation
    from suifang.keys import load_keys

    settings = _settings()
    installation = open_installation(settings)
    patients = demo.phones(installation.database, installation.vault, clock.now())
    made = demo.secrets(load_keys(settings))
    log_path = settings.data_dir / "simulator.jsonl"
    port = int(settings.wechat_api_base.rsplit(":", 1)[1])
    outside = demo.simulator_settings(settings, made, patients, log_path)
    run(demo_sms.beside(outside, installation, clock.now()), demo.HOST, port)


@app.command(name="demo")
def run_demo(
    port: Annotated[int, typer.Option(help="Port of the pages.")] = 8000,
    simulator_port: Annotated[int, typer.Option(help="Port of the simulated phones.")] = 8090,
    data_dir: Annotated[Path, typer.Option(help="Where the demonstration lives.")] = Path(
        "var/demo"
    ),
) -> None:
    """Set up a county with sixty people on this machine and show where to look."""
    from suifang.demonstration import demonstrate

    raise typer.Exit(demonstrate(screen, data_dir, port, simulator_port))


@app.command()
def seed() -> None:
    """Fill an empty database with the demonstration's county."""
    from suifang.demonstration import seed_county
    from suifang.installation import open_installation

    installation = open_installation(_settings())
    seed_county(screen, installation)
    installation.database.dispose()


@app.command()
def say(
    text: Annotated[list[str] | None, typer.Argument(help="What the patient writes.")] = None,
    age: Annotated[int | None, typer.Option(min=0, max=130)] = None,
    condition: Annotated[list[Programme] | None, typer.Option(help="Repeat for several.")] = None,
    pregnant: Annotated[bool, typer.Option("--pregnant")] = False,
) -> None:
    """Talk as a throw-away patient; without words, line by line from the keyboard."""
    from suifang import education, saying, worker
    from suifang.words import settle_words

    settings = _settings("error")
    settle_words(settings)
    speaker = saying.Speaker(age, tuple(condition or ()), pregnant)
    saying.converse(
        text or (line.rstrip("\n") for line in sys.stdin),
        speaker,
        education.library(settings, serve_pending=True),
        worker.model(settings),
        clock.now,
        typer.echo,
    )


@app.command()
def rules(
    html: Annotated[Path | None, typer.Option(help="Write the page to print and sign.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Print it as plain text.")] = False,
) -> None:
    """The rules, numbers, words and sentences in use, with source, review and a line to sign."""
    from suifang.rules_command import rules as write

    typer.echo(write(html, text), nl=False)


@app.command()
def batch(
    source: Annotated[str, typer.Argument(help="JSON lines to read; - for standard input.")],
    target: Annotated[str, typer.Argument(help="JSON lines to write; - for standard output.")],
) -> None:
    """Answer many messages without a database; bad lines are named and passed over."""
    from suifang import batching, education, worker
    from suifang.words import settle_words

    settings = _settings("error")
    settle_words(settings)
    library = education.library(settings, serve_pending=True)
    bad = batching.batch(source, target, library, clock.now(), worker.model(settings))
    raise typer.Exit(1 if bad else 0)


@app.command()
def simulate(
    patients: Annotated[int, typer.Option(min=1, max=20_000)] = 200,
    days: Annotated[int, typer.Option(min=1, max=1_100)] = 90,
    seed: Annotated[int, typer.Option(help="The same seed lives the same life.")] = 7,
    first_day: Annotated[str, typer.Option(help="Like 2026-01-01.")] = "2026-01-01",
    as_json: Annotated[bool, typer.Option("--json", help="For another program.")] = False,
) -> None:
    """Let an invented county live through the real ticks on a fast clock, and judge it."""
    import json

    from rich.progress import Progress

    from knowledge.library import Library
    from suifang.simulation.run import Plan
    from suifang.simulation.run import simulate as live
    from suifang.simulation.showing import show

    _settings("error")
    plan = Plan.of(patients, days, seed, first_day)
    with Progress(console=screen, transient=True) as progress:
        task = progress.add_task("Living", total=days)
        found = live(
            plan,
            Library(None, None, serve_pending=True),
            lambda day: progress.update(task, completed=day, description=f"Day {day}"),
        )
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False, indent=1))
    else:
        show(found, Console())
    raise typer.Exit(0 if found.sound else 1)


@app.command()
def report(
    month: Annotated[str, typer.Option(help="Like 2026-11; the present month if left out.")] = "",
    area: Annotated[str, typer.Option(help="Name or id of a facility; all if left out.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="For another program.")] = False,
) -> None:
    """Figures of an area and a month, with every definition."""
    from suifang import reporting
    from suifang.installation import open_installation

    found = reporting.report(open_installation(_settings("error")), area, month, clock.now())
    if as_json:
        typer.echo(reporting.as_json(found))
    else:
        reporting.show(found, Console())


@app.command()
def doctor(
    online: Annotated[bool, typer.Option("--online", help="Also ask WeChat for a token.")] = False,
) -> None:
    """Examine the installation and say what is wrong."""
    from suifang.doctor import examine, print_findings

    raise typer.Exit(print_findings(examine(_settings(), clock.now(), online=online)))


@staff_app.command()
def add(
    login: str,
    name: Annotated[str, typer.Option(prompt=True)],
    role: Annotated[
        str,
        typer.Option(
            prompt=True,
            help="角色：village_doctor 村医，family_doctor 家庭医生，township_doctor 卫生院医生，"
            "county_duty 县值班医生，curator 知识审核，bureau_officer 卫健局，operator 管理员。",
        ),
    ],
    facility: Annotated[str, typer.Option(prompt=True, help="Name or id of the facility.")],
    password: Annotated[str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True)],
) -> None:
    """Open an account."""
    from records.practitioners import Account
    from suifang.installation import open_installation
    from suifang.staff import add_account, role_of

    installation = open_installation(_settings())
    account = Account(login, password, name, role_of(role), facility)
    add_account(installation, account, clock.now())
    screen.print(f"{login} may sign in now.")


@staff_app.command(name="list")
def list_staff() -> None:
    """Every account with its role and facility."""
    from rich.table import Table

    from suifang.installation import open_installation
    from suifang.staff import list_accounts

    table = Table("账号", "姓名", "角色", "机构", "状态")
    for row in list_accounts(open_installation(_settings())):
        table.add_row(*row)
    Console().print(table)


@staff_app.command()
def reset(
    login: str,
    password: Annotated[str, typer.Option(prompt=True, confirmation_prompt=True, hide_input=True)],
) -> None:
    """Give an account a new password; its open sessions end."""
    from suifang.installation import open_installation
    from suifang.staff import reset_password

    reset_password(open_installation(_settings()), login, password, clock.now())
    screen.print(f"{login} has a new password.")


@staff_app.command()
def disable(login: str) -> None:
    """Close an account at once."""
    from suifang.installation import open_installation
    from suifang.staff import disable_account

    disable_account(open_installation(_settings()), login, clock.now())
    screen.print(f"{login} can no longer sign in.")


@wechat_app.command()
def menu(
    publish: Annotated[bool, typer.Option("--publish", help="Put ours under the chat.")] = False,
) -> None:
    """Show the menu under the chat: ours, and the one that WeChat shows now."""
    from suifang import wechat_menu
    from suifang.installation import open_installation

    installation = open_installation(_settings("error"))
    if publish:
        wechat_menu.publish(installation, clock.now())
        typer.echo("已发布。手机上一天内换成新的；取消关注再关注，马上能看到。")
        return
    published = wechat_menu.published(installation, clock.now())
    typer.echo("我们的菜单：\n" + "\n".join(wechat_menu.ours()))
    typer.echo("\n微信上现在的：\n" + "\n".join(published or ["（没有菜单，用 --publish 发布）"]))


if __name__ == "__main__":
    main()
