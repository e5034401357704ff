"""From a file that somebody sent to plain samples: one channel, 16 kHz, 16 bit.

The bytes decide what a file is, never its declared type. Each format has one decoder with the
container named, so that nothing in a file can choose another; it runs as a process of its own that
may neither take long, nor much memory, nor open a file or an address.
"""

from __future__ import annotations

import array
import resource
import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

RATE = 16_000
_WIDTH = 2
# WeChat stops at sixty seconds and two megabytes; endpoints and phones of other makers go further.
LONGEST_SECONDS = 120
LARGEST_FILE = 4 * 1024 * 1024
_SHORTEST_SECONDS = 0.4
# The loudest twentieth of a second of speech is far above this even when a phone lies on the table.
_QUIETEST = 150
_WINDOW = RATE // 20

_DECODING_SECONDS = 20
_CPU_SECONDS = 15
_MEMORY = 512 * 1024 * 1024
_SAMPLES = ("-r", str(RATE), "-c", "1", "-b", "16", "-e", "signed-integer", "-L", "-t", "raw", "-")


class Fault(StrEnum):
    """Why a file holds nothing to listen to."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    UNKNOWN_FORMAT = "unknown_format"
    BROKEN = "broken"
    SILENT = "silent"
    NOT_UNDERSTOOD = "not_understood"


class SoundError(Exception):
    """The file is at fault: another try would end the same."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class NoDecoderError(Exception):
    """sox or ffmpeg is not installed here: the installation is at fault, not the file."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Plain samples."""

    samples: bytes

    @property
    def seconds(self) -> float:
        return len(self.samples) / (RATE * _WIDTH)

    @property
    def wav(self) -> bytes:
        """The same as a file that every browser plays and every endpoint takes."""
        size = len(self.samples)
        about = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE * _WIDTH, _WIDTH, 16)
        head = struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE")
        return head + about + struct.pack("<4sI", b"data", size) + self.samples

    @property
    def loudest(self) -> float:
        """The mean height of the loudest twentieth of a second."""
        heights = array.array("h", self.samples)
        windows = range(0, max(1, len(heights) - _WINDOW + 1), _WINDOW)
        return max((_mean(heights[start : start + _WINDOW]) for start in windows), default=0.0)


def _sox(kind: str) -> tuple[str, ...]:
    """For AMR: ffmpeg drops its silence, and with it the time between two numbers."""
    return ("sox", "-V1", "-D", "-t", kind, "-", *_SAMPLES, "trim", "0", str(LONGEST_SECONDS + 1))


def _ffmpeg(container: str) -> tuple[str, ...]:
    source = ("-protocol_whitelist", "pipe", "-f", container, "-i", "pipe:0")
    wanted = ("-vn", "-sn", "-dn", "-t", str(LONGEST_SECONDS + 1), "-ac", "1", "-ar", str(RATE))
    quiet = ("ffmpeg", "-nostdin", "-v", "error", "-threads", "1")
    return (*quiet, *source, *wanted, "-f", "s16le", "pipe:1")


# The first bytes of each format, and who decodes it.
_FORMATS: Sequence[tuple[bytes, tuple[str, ...]]] = (
    (b"#!AMR-WB\n", _sox("amr-wb")),
    (b"#!AMR\n", _sox("amr-nb")),
    (b"OggS", _ffmpeg("ogg")),
    (b"ID3", _ffmpeg("mp3")),
    (b"\xff\xfb", _ffmpeg("mp3")),
    (b"\xff\xf3", _ffmpeg("mp3")),
    (b"RIFF", _sox("wav")),
)
TOOLS = ("sox", "ffmpeg")


def decode(content: bytes) -> Sound:
    """The sound of a file; raises `SoundError` for the file's fault, `NoDecoderError` for ours."""
    if not content:
        raise SoundError(Fault.EMPTY)
    if len(content) > LARGEST_FILE:
        raise SoundError(Fault.TOO_LARGE)
    command = next((how for magic, how in _FORMATS if content.startswith(magic)), None)
    if command is None:
        raise SoundError(Fault.UNKNOWN_FORMAT)
    sound = Sound(_run(command, content))
    if sound.seconds > LONGEST_SECONDS:
        raise SoundError(Fault.TOO_LONG)
    return sound


def audible(sound: Sound) -> Sound:
    """The sound, when somebody may be speaking in it: from silence a transcriber invents words."""
    if sound.seconds < _SHORTEST_SECONDS:
        raise SoundError(Fault.TOO_SHORT)
    if sound.loudest < _QUIETEST:
        raise SoundError(Fault.SILENT)
    return sound


def _run(command: tuple[str, ...], content: bytes) -> bytes:
    """What the decoder wrote, even if it complained about the end of a file that was cut off."""
    program = shutil.which(command[0])
    if program is None:
        raise NoDecoderError(command[0])
    with (
        subprocess.Popen(  # noqa: S603 - fixed arguments; the file goes in by the pipe only
            (program, *command[1:]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": "", "LC_ALL": "C"},
        ) as process
    ):
        resource.prlimit(process.pid, resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
        resource.prlimit(process.pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))
        try:
            samples, _ = process.communicate(content, timeout=_DECODING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise SoundError(Fault.BROKEN) from None
    if not samples:
        raise SoundError(Fault.BROKEN)
    return samples[: len(samples) // _WIDTH * _WIDTH]


def _mean(heights: array.array[int]) -> float:
    return sum(abs(height) for height in heights) / max(1, len(heights))
