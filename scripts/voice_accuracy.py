"""How well the local model hears, per codec: the table of docs/quality.md.

    .venv/bin/python scripts/voice_accuracy.py CLIPS [SENTENCES]

CLIPS holds one folder for each codec, as scripts/voice_clips.py writes them. "Read" are clips whose
values the product read, every one right; "wrong" those of which it would have read back a wrong value. Calm ones count as
raised when what was heard alarms and what was said, typed, would not.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from care.level import Level  # noqa: E402 - the path comes first
from language.by_ear import as_it_sounds  # noqa: E402
from language.judgement import highest, judge  # noqa: E402
from language.reader import read  # noqa: E402
from voice.ear import Ear  # noqa: E402
from voice.local import LocalTranscriber  # noqa: E402

SENTENCES = ROOT / "tests" / "voice" / "sentences.tsv"
_SPOKEN_NUMBER = re.compile("[一二三四五六七八九十百两]+(?:点[一二三四五六七八九])?")
_DANGER = {"emergency": Level.EMERGENCY, "urgent": Level.URGENT}


@dataclass
class Score:
    """What became of one codec's clips."""

    clips: int = 0
    edits: int = 0
    characters: int = 0
    values: int = 0
    exact: int = 0
    wrong: int = 0
    dangers: int = 0
    raised: int = 0
    calm: int = 0
    falsely: int = 0
    seconds: float = 0.0
    took: float = 0.0
    lines: list[str] = field(default_factory=list)


def sentences(path: Path) -> dict[str, tuple[str, list[str], str]]:
    """Kind, numbers and words by name."""
    rows = (line.split("\t") for line in path.read_text("utf-8").splitlines())
    return {row[0]: (row[1], row[2].split(), row[3]) for row in rows if not row[0].startswith("#")}


def add(score: Score, made: Mapping[str, object], kind: str, numbers: list[str], said: str) -> None:
    heard = str(made["text"])
    score.clips += 1
    wanted = _plain(_with_digits(said, numbers))
    score.edits += _distance(wanted, _plain(heard))
    score.characters += len(wanted)
    understood = read(heard)
    by_ear = highest(judge(read(as_it_sounds(heard))))
    level = max(highest(judge(understood)), by_ear, key=lambda one: one.rank)
    if numbers:
        found = {
            f"{value:g}"
            for mention in understood.mentions
            if mention.certainty != "implausible"
            for value in (
                mention.reading.systolic,
                mention.reading.diastolic,
                mention.reading.value,
            )
            if value
        }
        score.values += 1
        score.exact += found == set(numbers)
        score.wrong += bool(found - set(numbers))
    if kind in _DANGER:
        score.dangers += 1
        score.raised += level >= _DANGER[kind]
    else:
        score.calm += 1
        score.falsely += level >= Level.URGENT and level > highest(judge(read(said)))
    score.lines.append(f"{level:9} {said} → {heard or made.get('guess')}")


def _with_digits(said: str, numbers: list[str]) -> str:
    left = iter(numbers)
    return _SPOKEN_NUMBER.sub(lambda one: next(left, one[0]), said) if numbers else said


def _plain(text: str) -> str:
    return re.sub(r"[^\w.]|(?<!\d)\.|\.(?!\d)", "", text)


def _distance(wanted: str, found: str) -> int:
    row = list(range(len(found) + 1))
    for number, sign in enumerate(wanted, start=1):
        before, row[0] = row[0], number
        for place, other in enumerate(found, start=1):
            before, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, before + (sign != other)),
            )
    return row[-1]


def main(clips: Path, path: Path) -> None:
    known = sentences(path)
    print("| codec | clips | CER | values read | wrong | danger raised | calm raised | s per s |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as cache:
        transcriber = LocalTranscriber(Path(cache))
        ear = Ear(transcriber)
        scores = {}
        for folder in sorted(one for one in clips.iterdir() if one.name != "wav"):
            score = scores[folder.name] = Score()
            for file in sorted(folder.iterdir()):
                began = time.monotonic()
                made = ear.perceive(file.read_bytes(), "")
                score.took += time.monotonic() - began
                score.seconds += float(str(made.get("seconds", 0)))
                add(score, made, *known[file.stem.rpartition("-")[0]])
            print(
                f"| {folder.name} | {score.clips} | {score.edits / score.characters:.3f} "
                f"| {score.exact}/{score.values} | {score.wrong} | {score.raised}/{score.dangers} "
                f"| {score.falsely}/{score.calm} | {score.took / score.seconds:.2f} |",
                flush=True,
            )
        transcriber.close()
    for name, score in scores.items():
        print(f"\n{name}", *score.lines, sep="\n")


def _asked() -> tuple[Path, Path]:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", type=Path, help="one folder a codec")
    parser.add_argument("sentences", nargs="?", type=Path, default=SENTENCES)
    asked = parser.parse_args()
    if not asked.clips.is_dir():
        parser.error(f"{asked.clips} is no folder of recordings")
    return asked.clips, asked.sentences


if __name__ == "__main__":
    main(*_asked())
