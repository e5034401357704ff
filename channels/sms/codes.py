"""What a provider's code means: its table says so, else the beginning of the code does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from channels.port import Result, SendOutcome


def named(
    code: str,
    table: Mapping[str, tuple[Result, str]],
    unlisted: Sequence[tuple[str, Result, str]],
    entry: str = "",
) -> SendOutcome:
    """The named result of a code. `entry`: where it stands in the table, if not under itself.

    A code that neither the table nor a beginning knows is unknown: perhaps it was sent.
    """
    if (listed := table.get(entry or code)) is not None:
        return SendOutcome(listed[0], code, listed[1])
    for beginning, result, reason in unlisted:
        if code.startswith(beginning):
            return SendOutcome(result, code, reason)
    return SendOutcome(Result.UNKNOWN, code, "unlisted")
