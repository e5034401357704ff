"""The sense for photos: each one is looked at by a process of its own, which then ends.

A decoder that hangs or dies over a stranger's file costs one try and never the worker; that process
holds no key and no record; and its memory is gone with it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sight.weights import INSTALL, missing

# A 2-core machine needs about two seconds; a busy one many more.
_SECONDS = 60.0
_COMMAND = (sys.executable, "-m", "sight")


__all__ = ["INSTALL", "Eye", "EyeError", "missing"]


class EyeError(Exception):
    """The process did not answer; the next try gets a new one."""


class Eye:
    """Used by one thread at a time, as the step before the turn does."""

    def __init__(self, *, seconds: float = _SECONDS, command: Sequence[str] = _COMMAND) -> None:
        self._seconds = seconds
        self._command = command

    def perceive(self, content: bytes, content_type: str) -> Mapping[str, Any]:
        """What the picture shows. The type a stranger claims is not listened to."""
        del content_type
        try:
            done = subprocess.run(  # noqa: S603 - our own module
                self._command,
                input=content,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self._seconds,
                check=True,
                cwd=Path(__file__).parent.parent,
                env={"PATH": os.environ.get("PATH", ""), "OMP_NUM_THREADS": "1"},
            )
            made: dict[str, Any] = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            raise EyeError(type(error).__name__) from None
        return made
