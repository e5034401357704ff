"""What the figures need from an operator: estimates of patients, and tokens for other programs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from care.situation import Programme
from suifang import clock
from suifang.errors import ConfigurationError
from suifang.logs import configure_logs
from suifang.settings import load_settings

if TYPE_CHECKING:
    from sqlmodel import Session

    from suifang.installation import Installation

_OPERATOR = "operator"
_PROBLEMS = {
    "patients": "The estimate must be a whole number of patients above nought.",
    "source": "Say where the estimate comes from, in at most {source} characters.",
    "name": "Give the token a name: who will use it.",
    "days": "A token lasts from 1 to {days} days.",
}
screen = Console(stderr=True)


def add_to(app: typer.Typer) -> None:
    """Hang these commands under `suifang`."""
    group = next(one.typer_instance for one in app.registered_groups if one.name == "facility")
    if group is not None:
        group.command(name="estimate")(estimate)
    token_app = typer.Typer(help="接口令牌。Tokens to read the figures.", no_args_is_help=True)
    token_app.command(name="add")(add_token)
    token_app.command(name="list")(list_tokens)
    token_app.command(name="revoke")(revoke_token)
    app.add_typer(token_app, name="token")


def estimate(
    area: Annotated[str, typer.Argument(help="Name or id of the facility.")],
    programme: Annotated[Programme, typer.Argument()],
    patients: Annotated[int, typer.Argument(help="How many patients it is thought to have.")],
    source: Annotated[str, typer.Option(prompt=True, help="On whose word, like 2025年普查.")],
    year: Annotated[int, typer.Option(help="This year if left out.")] = 0,
) -> None:
    """Set an area's estimated number of patients: the denominator of the managed rate."""
    installation, now = _open(), clock.now()
    keep_estimate(installation, area, programme, patients, source, year or now.year, now)
    screen.print(f"{area}: {patients} ({source}).")


def keep_estimate(
    installation: Installation,
    area: str,
    programme: Programme,
    patients: int,
    source: str,
    year: int,
    now: datetime,
) -> None:
    """Keep it, with a note of who did."""
    from records import audit, estimates
    from records.estimates import Estimate, EstimateError
    from suifang.reporting import facility

    with installation.database.transaction() as session:
        place = facility(session, area)
        given = Estimate(place.id, programme, year, patients, source)
        try:
            row = estimates.put(session, given, by=_OPERATOR, now=now)
        except EstimateError as error:
            raise ConfigurationError(_problem(error.reason)) from None
        audit.note(
            session,
            actor=_OPERATOR,
            action="estimate",
            subject="facility",
            subject_id=place.id,
            facility_id=place.id,
            now=now,
            detail={"estimate": row.id, "patients": patients, "year": year},
        )


def add_token(
    name: Annotated[str, typer.Argument(help="Who will use it.")],
    area: Annotated[
        str, typer.Option(help="Name or id of the facility it opens; the whole tree.")
    ] = "",
    days: Annotated[int, typer.Option(help="How long it lasts.")] = 90,
) -> None:
    """Make a token that reads the figures of one facility. It is shown once."""
    from records import api_tokens
    from records.api_tokens import TokenError
    from suifang.reporting import facility

    installation, now = _open(), clock.now()
    with installation.database.transaction() as session:
        place = facility(session, area)
        try:
            row, text = api_tokens.add(
                session,
                name=name,
                facility_id=place.id,
                lasts=timedelta(days=days),
                by=_OPERATOR,
                now=now,
            )
        except TokenError as error:
            raise ConfigurationError(_problem(error.reason)) from None
        _note(session, "token_add", row.id, place.id, now)
    screen.print(f"{place.name}, until {row.expires_at:%Y-%m-%d}. Keep it: it is not shown again.")
    typer.echo(text)


def list_tokens() -> None:
    """Tokens, newest first: id, name, facility, state."""
    from records import api_tokens

    installation, now = _open(), clock.now()
    with installation.database.reading() as session:
        for row, place in api_tokens.known(session):
            ended = "expired" if row.expires_at <= now else f"until {row.expires_at:%Y-%m-%d}"
            used = f"used {row.last_used_at:%Y-%m-%d}" if row.last_used_at else "never used"
            state = "revoked" if row.revoked_at else ended
            typer.echo(f"{row.id}  {row.name}  {place}  {state}  {used}")


def revoke_token(
    token_id: Annotated[str, typer.Argument(help="As `suifang token list` says.")],
) -> None:
    """End a token at once."""
    from records import api_tokens

    installation, now = _open(), clock.now()
    with installation.database.transaction() as session:
        if not api_tokens.revoke(session, token_id, now):
            msg = "There is no such token, or it was revoked before."
            raise ConfigurationError(msg)
        _note(session, "token_revoke", token_id, None, now)
    screen.print("The token no longer opens anything.")


def _problem(reason: str) -> str:
    from records import api_tokens
    from records.estimates import LONGEST_SOURCE

    return _PROBLEMS[reason].format(source=LONGEST_SOURCE, days=api_tokens.LONGEST.days)


def _open() -> Installation:
    from suifang.installation import open_installation

    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    return open_installation(settings)


def _note(
    session: Session, action: str, token_id: str, facility_id: str | None, now: datetime
) -> None:
    from records import audit

    audit.note(
        session,
        actor=_OPERATOR,
        action=action,
        subject="api_token",
        subject_id=token_id,
        facility_id=facility_id,
        now=now,
    )
