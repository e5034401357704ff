"""SQLite lets one writer in and makes the others sleep and ask again, up to a tenth of a second.

Here they stand in line instead: the threads of a process behind a lock, the processes of a machine
behind a lock on a file, which the kernel takes from a process that dies.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from threading import RLock
from types import TracebackType
from typing import Self
from weakref import finalize


class Line:
    """A context in which nobody else on this machine writes to the database beside it.

    There are two locks, because one alone goes to whoever releases it and asks again: a process
    that waits for the pen holds the front of the line, so the others line up behind it.
    """

    def __init__(self, database: Path) -> None:
        self._paths = [database.with_name(f"{database.name}-{lock}") for lock in ("line", "pen")]
        self._threads = RLock()
        self._files: list[int] = []
        self._closers: list[finalize[[int], Line]] = []
        self._depth = 0

    def __enter__(self) -> Self:
        self._threads.acquire()
        self._depth += 1
        if self._depth == 1:
            front, pen = self._opened()
            fcntl.flock(front, fcntl.LOCK_EX)
            fcntl.flock(pen, fcntl.LOCK_EX)
            fcntl.flock(front, fcntl.LOCK_UN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if self._depth == 0:
            fcntl.flock(self._opened()[1], fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        """Leave the files. Whoever forgets it leaves them with the last reference."""
        self._files = []
        while self._closers:
            self._closers.pop()()

    def _opened(self) -> list[int]:
        if not self._files:
            for path in self._paths:
                file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._files.append(file)
                self._closers.append(finalize(self, os.close, file))
        return self._files
