"""`suifang channels`: how the ways out stand, the stop, a canary now, and what wants somebody."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from suifang import clock
from suifang.errors import EXIT_CONFIGURATION
from suifang.settings import load_settings

if TYPE_CHECKING:
    import httpx

    from channels.port import Channel, SendOutcome
    from suifang.installation import Installation

_ACTOR = "operator"
_TOOK = ("accepted", "delivered")
screen = Console()
Why = Annotated[str, typer.Option(help="为什么。Why: kept in the audit trail.")]
Started = Annotated[bool, typer.Option("--started-by-us", help="只停提醒和小课。Answers go on.")]
Provider = Annotated[str, typer.Argument(help="哪一家，比如 aliyun。As `status` names it.")]
Address = Annotated[str, typer.Argument(help="自己的手机号，或自己的 openid。Your own.")]
Take = Annotated[str, typer.Option(help="接手这一条（编号前几位）。Take it: it rings no more.")]


def add_to(app: typer.Typer) -> None:
    """Hang these commands under `suifang`."""
    channels_app = typer.Typer(help="消息通道。The ways out.", no_args_is_help=True)
    for command in (status, stop, resume, test, alarms):
        channels_app.command()(command)
    app.add_typer(channels_app, name="channels")


def status() -> None:
    """各条通道怎么样。Each provider, what waits, and whether everything is stopped."""
    from channels.limits import peace_ended_at
    from inbox import moments, ways
    from inbox.words import word
    from records import canaries, channel_board, halting, unsent
    from suifang.ways import providers_of

    now = clock.now()
    with _installation() as installation, installation.database.reading() as session:
        found = channel_board.ways(session, providers_of(installation.settings), now)
        waiting = unsent.heaps(session, now, peace_ended_at(now))
        pulse = channel_board.pulse(session, now, peace_ended_at(now))
        halt = halting.halted(session)
    if halt is not None:
        since = moments.clock(halt.since, now)
        screen.print(f"✗ {word('stop_scope', halt.scope)}（{since}起）：{halt.why}", markup=False)
    table = Table("通道", "状态", "今天", "最近一小时", "自检", "余额", "最后收下")
    for way in found:
        bird = way.canary
        last = way.state.last_accepted_at if way.state else None
        table.add_row(
            f"{ways.name_of(way.provider)} {way.provider}",
            word("condition", way.condition),
            ways.spelled(way.today) or "没有发",
            ways.spelled(way.hour) or "没有发",
            word("canary", canaries.verdict(bird, now)) if bird else "还没有",
            ways.money(way),
            moments.clock(last, now) if last else "",
        )
    screen.print(table if found else "没有设通道。No provider is set up.")
    for missing in ways.missing(found):
        screen.print(word("not_set_up", missing), markup=False)
    for purpose, many, heaps in ways.by_purpose(waiting):
        reasons = "，".join(f"{ways.held_by(one.reason) or '正要发'} {one.count}" for one in heaps)
        screen.print(f"等着发：{word('purpose', purpose)} {many} 条（{reasons}）", markup=False)
    screen.print(
        f"该发没发的最早等了 {pulse.oldest_unsent_seconds} 秒；"
        f"今天不知到没到的 {pulse.unknown_today} 条；要有人看的事 {pulse.open_alarms} 件。"
    )


def stop(why: Why, started_by_us: Started = False) -> None:
    """停止发送。Nothing goes out any more, until `resume`."""
    from records import halting, switches

    scope = switches.ONLY_WHAT_WE_START if started_by_us else switches.EVERYTHING
    with _installation() as installation, installation.database.transaction() as session:
        done = halting.halt(session, _ACTOR, scope, _reason(why), clock.now())
    screen.print("停发了，每一页上都有红条。" if done else "本来就停着。")


def resume(why: Why) -> None:
    """恢复发送。What waited goes out one by one."""
    from records import halting

    with _installation() as installation, installation.database.transaction() as session:
        waited = halting.go_on(session, _ACTOR, _reason(why), clock.now())
    screen.print(
        "本来就没有停。" if waited is None else f"恢复了，压着的 {waited} 条会慢慢发出去。"
    )


def test(provider: Provider, address: Address) -> None:
    """现在就发一条自检。One canary now, to a phone of your own; says what came back."""
    from inbox import ways
    from inbox.outcomes import meaning_of
    from inbox.words import word

    with _installation() as installation:
        found = asyncio.run(_fly(installation, provider, address))
    if isinstance(found, str):
        meaning = meaning_of(provider, found)
        _refuse(f"{meaning.says}。{meaning.do}")
    channel, outcome = found
    said = word("send_result", outcome.result.value)
    screen.print(f"{ways.name_of(channel)}：{said}（{outcome.result.value}）", markup=False)
    if outcome.result.value in _TOOK:
        screen.print("看看手机收到没有；回执到了会出现在 suifang channels status 里。")
        return
    meaning = meaning_of(channel, outcome.reason or outcome.code)
    screen.print(f"{outcome.code} {meaning.says}。{meaning.do}", markup=False)
    raise typer.Exit(1)


def alarms(take: Take = "") -> None:
    """要有人看的事。What is open, and what to do about it."""
    from inbox import moments, ways
    from inbox.words import label
    from records import alarms as rows

    now = clock.now()
    with _installation() as installation, installation.database.transaction() as session:
        found = rows.open_alarms(session)
        if take:
            meant = [one for one in found if one.id.endswith(take)]
            if len(meant) != 1 or not rows.acknowledge_alarm(session, meant[0].id, now, _ACTOR):
                _refuse("没有这一条，或已经有人接手。")
            screen.print("记下了，它不再响铃。")
            return
    for one in found:
        meaning = ways.meaning_of_alarm(one)
        taken = "（有人在处理）" if one.acknowledged_at else ""
        screen.print(
            f"{one.id[-8:]}  {label('alarm', one.kind)} {ways.subject_of(one)}  "
            f"{moments.clock(one.opened_at, now)}起，{one.count} 次{taken}",
            markup=False,
        )
        screen.print(f"    {meaning.says} {meaning.do}", markup=False)
    if not found:
        screen.print("没有要看的事。")


async def _fly(
    installation: Installation, provider: str, address: str
) -> tuple[str, SendOutcome] | str:
    """The canary's own words, over the provider's own adapter; nothing is written down."""
    import httpx

    from records.identity import new_id
    from schedules import canary

    settings, now = installation.settings, clock.now()
    async with (
        httpx.AsyncClient(base_url=settings.wechat_api_base, trust_env=False) as platform,
        httpx.AsyncClient(trust_env=False) as elsewhere,
    ):
        channel = _channel(installation, provider, platform, elsewhere)
        if channel is None:
            _refuse(f"没有设 {provider}。看 suifang channels status 里的名字。")
        perch = canary.Perch.of(address, address)
        with installation.database.reading() as session:
            flight = canary.plan(session, installation.vault, channel, perch, now)
        if isinstance(flight, str):
            return flight
        letter = canary.letter_for(flight, new_id(), now)
        return channel.provider, await canary.fly(channel, letter, flight.way, now)


def _channel(
    installation: Installation,
    provider: str,
    platform: httpx.AsyncClient,
    elsewhere: httpx.AsyncClient,
) -> Channel | None:
    """The provider by its kind, or by the whole name that rows have."""
    from suifang import sms, wechat

    account = wechat.client(installation, platform)
    found: list[Channel] = [account] if account is not None else []
    found += sms.carriers_of(installation, elsewhere)
    kinds = ((one.provider, one.provider.partition(":")[0]) for one in found)
    return next((one for one, names in zip(found, kinds, strict=True) if provider in names), None)


@contextmanager
def _installation() -> Iterator[Installation]:
    from suifang.installation import open_installation

    installation = open_installation(load_settings())
    try:
        yield installation
    finally:
        installation.database.dispose()


def _reason(why: str) -> str:
    if not why.strip():
        _refuse("请写一句为什么。Say why.")
    return why.strip()


def _refuse(problem: str) -> NoReturn:
    typer.echo(f"✗ {problem}", err=True)
    raise typer.Exit(EXIT_CONFIGURATION)
