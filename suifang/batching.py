"""The files around `agent.batch`: standard streams for "-", bad lines on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from agent.batch import BadLine, run
from agent.context import Answers, Model
from suifang.errors import ConfigurationError

STANDARD = "-"


def batch(
    source: str, target: str, answers: Answers, now: datetime, model: Model | None = None
) -> int:
    """Answer every line of `source` into `target`. Returns how many lines were bad.

    Raises:
        ConfigurationError: a file cannot be read or written.
    """
    bad = 0
    with ExitStack() as files:
        lines = _reader(source, files)
        out = _writer(target, files)
        for result in run(lines, answers, now, model):
            if isinstance(result, BadLine):
                bad += 1
                sys.stderr.write(f"{result}\n")
                continue
            # A lone surrogate is a valid message but not valid UTF-8: it is written as "?".
            out.write(json.dumps(result, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
        out.flush()
    return bad


def _reader(name: str, files: ExitStack) -> Iterator[bytes]:
    if name == STANDARD:
        return iter(sys.stdin.buffer)
    try:
        return iter(files.enter_context(Path(name).open("rb")))
    except OSError as error:
        msg = f"Cannot read {name}: {error.strerror}."
        raise ConfigurationError(msg) from None


def _writer(name: str, files: ExitStack) -> BinaryIO:
    if name == STANDARD:
        return sys.stdout.buffer
    try:
        return files.enter_context(Path(name).open("wb"))
    except OSError as error:
        msg = f"Cannot write {name}: {error.strerror}."
        raise ConfigurationError(msg) from None
