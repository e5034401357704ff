"""Errors meant for the operator: shown as plain sentences, without a traceback."""

from __future__ import annotations

from collections.abc import Iterable

# sysexits.h EX_CONFIG: tells the supervisor that starting again would not help.
EXIT_CONFIGURATION = 78


class ConfigurationError(Exception):
    """The installation is not set up fully; each problem says in one sentence what to do."""

    def __init__(self, problems: str | Iterable[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))
