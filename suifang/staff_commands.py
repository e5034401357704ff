"""`suifang staff notify` and `unbind`: how an account is rung, and who it is elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from suifang import clock
from suifang.errors import ConfigurationError
from suifang.logs import configure_logs
from suifang.settings import load_settings

if TYPE_CHECKING:
    from suifang.installation import Installation

screen = Console(stderr=True)
_WAYS = "Say one of --webhook, --sms, --no-sms, --off and --common."


def add_to(app: typer.Typer) -> None:
    """Hang these commands under `suifang staff`."""
    app.command()(notify)
    app.command()(unbind)


def notify(
    login: str,
    webhook: Annotated[str, typer.Option(help="Ring this account at this address.")] = "",
    sms: Annotated[str, typer.Option(help="Ring this account at this phone by SMS.")] = "",
    no_sms: Annotated[bool, typer.Option("--no-sms", help="No SMS to it any more.")] = False,
    off: Annotated[bool, typer.Option("--off", help="Ring this account nowhere.")] = False,
    common: Annotated[bool, typer.Option("--common", help="Ring it where all are rung.")] = False,
) -> None:
    """Where an account is rung: a webhook or a phone of its own, the common bell, or nowhere.

    A bound WeCom member is rung in WeCom first, whatever is said here, except with --off.
    """
    from suifang.staff import (
        drop_number,
        set_notices,
        set_number,
        stop_notices,
    )

    if [bool(webhook), bool(sms), no_sms, off, common].count(True) != 1:
        raise ConfigurationError(_WAYS)
    installation, now = _open(), clock.now()
    if webhook:
        secret = set_notices(installation, login, webhook, now)
        screen.print(
            f"{login} is rung at this address. Posts are signed with this secret, told once:"
        )
        typer.echo(secret)
    elif sms:
        screen.print(f"{login} is rung by SMS at {set_number(installation, login, sms, now)}.")
    elif no_sms:
        drop_number(installation, login, now)
        screen.print(f"{login} gets no SMS any more.")
    else:
        stop_notices(installation, login, now, common=common)
        screen.print(f"{login} is rung {'where everybody is' if common else 'nowhere'}.")


def unbind(
    login: str,
    provider: Annotated[str, typer.Argument(help="wecom or wechat")],
) -> None:
    """End what ties an account to WeCom or WeChat: a lost phone, somebody who left."""
    from suifang.staff import unbind_identity

    unbind_identity(_open(), login, provider, clock.now())
    screen.print(f"{login} signs in with the password only, and is known to {provider} no more.")


def _open() -> Installation:
    from suifang.installation import open_installation

    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    return open_installation(settings)
