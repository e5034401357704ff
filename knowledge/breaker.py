"""A short circuit: what has failed is left alone for a while, so that it slows nobody else."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

_FAILURES = 2
_REST_SECONDS = 30.0


class Breaker:
    """Counts failures in a row. After two it rests; then one call may try, and one failure is enough."""

    def __init__(self, rest: float = _REST_SECONDS, clock: Callable[[], float] = monotonic) -> None:
        self._rest, self._clock = rest, clock
        self._lock = threading.Lock()
        self._failures, self._until = 0, 0.0

    @property
    def rests(self) -> bool:
        """Whether not to call now. When the rest is over, the first to ask goes alone."""
        with self._lock:
            if self._failures < _FAILURES:
                return False
            now = self._clock()
            if now < self._until:
                return True
            self._until = now + self._rest
            return False

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._until = self._clock() + self._rest

    def worked(self) -> None:
        with self._lock:
            self._failures = 0
