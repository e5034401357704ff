"""What `suifang demo` does, step by step, and what it shows."""

from __future__ import annotations

import shutil
from pathlib import Path

from rich.console import Console
from rich.panel import Panel
from rich.progress import Progress
from rich.table import Table

from knowledge.index import current
from suifang import clock, demo, demo_sms, education
from suifang.installation import Installation, migrate, open_installation
from suifang.keys import ensure_keys, load_keys
from suifang.logs import configure_logs
from suifang.seed import SeedSummary, seed_demo
from suifang.serve import supervise
from suifang.settings import Settings, load_settings

_ROLES = {
    "village_doctor": "村医",
    "township_doctor": "卫生院医生",
    "county_duty": "县里值班",
    "bureau_officer": "卫健局",
    "operator": "运维",
    "curator": "知识审核",
}


def demonstrate(screen: Console, data_dir: Path, port: int, simulator_port: int) -> int:
    """Set everything up, start it and tell where to look. Returns the exit code."""
    pages, phones = demo.free_port(port), demo.free_port(simulator_port)
    demo.apply(demo.place(data_dir.resolve()))
    bare = load_settings(None)
    ensure_keys(bare)
    keys = load_keys(bare)
    demo.apply(demo.settings(pages, phones))
    demo.apply(demo.secret_settings(demo.secrets(keys)))
    demo.apply(demo_sms.settings(data_dir.resolve(), pages, phones, keys))
    demo_sms.approve(data_dir.resolve())
    settings = load_settings(None)
    configure_logs(settings.log_level, settings.log_format)
    migrate(settings)
    installation = open_installation(settings)
    seeded = seed_county(screen, installation)
    installation.database.dispose()
    _index(screen, settings)
    addresses = (f"http://{demo.HOST}:{pages}", f"http://{demo.HOST}:{phones}")

    def tell(seconds: float | None) -> None:
        if seconds is None:
            screen.print(
                "[red]✗[/red] It did not start; run with SUIFANG_LOG_LEVEL=info to see why."
            )
        else:
            screen.print(_welcome(addresses, seeded, seconds))

    demo.when_ready((f"{addresses[0]}/health", addresses[1]), tell)
    return supervise(demo.commands())


def seed_county(screen: Console, installation: Installation) -> SeedSummary:
    """Fill the county, with progress, and say what stands in it."""
    with Progress(console=screen, transient=True) as progress:
        tasks = {}

        def tell(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = progress.add_task(what, total=total)
            progress.update(tasks[what], completed=done, total=total)

        summary = seed_demo(
            installation.database,
            installation.vault,
            clock.now(),
            tell,
            account=installation.settings.wechat_app_id or "demo",
        )
    screen.print(
        f"County: {summary.people} people, {summary.readings} readings, "
        f"{summary.follow_ups} follow-ups, {summary.escalations} alarms."
    )
    return summary


def _index(screen: Console, settings: Settings) -> None:
    """Use the index that set-up built, or build it."""
    built = Path("var/index")
    if (built / "current").exists() and current(built) != current(settings.index_dir):
        shutil.rmtree(settings.index_dir, ignore_errors=True)
        shutil.copytree(built, settings.index_dir)
    with Progress(console=screen, transient=True) as progress:
        task = progress.add_task("Indexing the articles", total=None)
        education.build_index(
            settings, lambda done, total: progress.update(task, completed=done, total=total)
        )


def _welcome(addresses: tuple[str, str], seeded: SeedSummary, seconds: float) -> Panel:
    pages, phones = addresses
    table = Table.grid(padding=(0, 2))
    table.add_row("当病人  Be a patient", f"[link={phones}]{phones}[/link]")
    table.add_row("", "… 也有人用老年机，只收发短信  one of them has a keypad phone and only SMS")
    table.add_row("当医生  Be the doctor", f"[link={pages}]{pages}[/link]")
    table.add_row("", "")
    for account in seeded.accounts:
        role = _ROLES.get(account.role, account.role)
        table.add_row(f"{role}  {account.place}", f"{account.login} / {account.password}")
    title = f"随访 Suifang is ready after {seconds:.1f} s — stop with Ctrl+C"
    return Panel(table, title=title, expand=False)
