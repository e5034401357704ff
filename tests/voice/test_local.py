"""The local model: a process of its own that may be slow, die or talk nonsense without harm."""

from __future__ import annotations

import io
import json
import os
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from language.judgement import highest, judge
from language.reader import read
from voice import whisper
from voice.ear import Ear
from voice.local import LocalError, LocalTranscriber, missing
from voice.sound import RATE, Sound
from voice.transcriber import Transcript
from voice.whisper import ModelError, model_folder

SECOND = Sound(b"\x01\x02" * RATE)
READS = (
    "import struct,sys;n=struct.unpack('>I',sys.stdin.buffer.read(4))[0];sys.stdin.buffer.read(n);"
)
ANSWERS = READS + 'print(\'{"text": "好", "doubtful": false}\',flush=True);'


def process(code: str, seconds: float = 10.0) -> LocalTranscriber:
    return LocalTranscriber(Path("x"), seconds=seconds, command=(sys.executable, "-c", code))


@pytest.mark.parametrize(
    "code",
    [
        "raise SystemExit(1)",
        READS + "import os;os.abort()",
        READS + "print('nonsense',flush=True)",
        READS + "print('[]',flush=True)",
        READS + "print('{}',flush=True)",
        READS + "print('x'*200000,flush=True)",
    ],
)
def test_a_process_that_dies_or_talks_nonsense_is_an_error(code: str) -> None:
    ear = process(code)
    with pytest.raises(LocalError):
        ear.transcribe(SECOND)


@pytest.mark.parametrize(
    "code", [READS + "import time;time.sleep(60)", "import time;time.sleep(60)"]
)
def test_a_process_that_stalls_is_killed(code: str) -> None:
    ear = process(code, seconds=0.5)
    began = time.monotonic()
    with pytest.raises(LocalError):
        ear.transcribe(Sound(b"\x01\x02" * RATE * 60))
    assert time.monotonic() - began < 5


def test_after_a_death_the_next_message_gets_a_new_process() -> None:
    ear = process(ANSWERS)
    assert ear.transcribe(SECOND) == Transcript("好")
    time.sleep(0.3)  # it answers one message and is gone
    assert ear.transcribe(SECOND) == Transcript("好")
    ear.close()
    ear.close()


def test_messages_are_answered_one_by_one_until_the_worker_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Echo:
        def __init__(self, cache: Path) -> None:
            assert cache == tmp_path

        def hear(self, samples: bytes) -> dict[str, object]:
            return {"text": samples.decode(), "doubtful": False}

    monkeypatch.setattr(whisper, "Whisper", Echo)
    end, start = os.pipe()
    with open(start, "wb") as said, open(end, "rb") as source:  # noqa: PTH123
        said.writelines(struct.pack(">I", len(word)) + word for word in (b"one", b"two"))
        said.close()
        sink = io.BytesIO()
        whisper.serve(source, sink, tmp_path)
    assert [json.loads(line)["text"] for line in sink.getvalue().splitlines()] == ["one", "two"]


def test_a_process_nobody_speaks_to_ends_and_gives_its_memory_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper, "_IDLE_SECONDS", 0.05)
    end, start = os.pipe()
    with open(start, "wb"), open(end, "rb") as source:  # noqa: PTH123
        sink = io.BytesIO()
        whisper.serve(source, sink, tmp_path)
    assert sink.getvalue() == b""


def test_a_model_that_is_not_the_measured_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in "12":
        package = tmp_path / f"forged_part{number}" / "data"
        package.mkdir(parents=True)
        (package.parent / "__init__.py").touch()
        (package / f"model.bin.part{number}").write_bytes(b"forged")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(whisper, "_PARTS", (("forged_part1", "1"), ("forged_part2", "2")))
    with pytest.raises(ModelError, match="checksum"):
        model_folder(tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_model_that_is_not_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whisper, "_PARTS", (("no_such_package", "1"),))
    with pytest.raises(ModelError, match="no_such_package"):
        model_folder(tmp_path)


# --- The real one --------------------------------------------------------------------------------

SENTENCES = {
    name: (kind, numbers.split())
    for name, kind, numbers, _ in (
        line.split("\t")
        for line in (Path(__file__).parent / "sentences.tsv").read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
}
HEARD = {
    "pressure-xiaoxiao": {"165", "98"},
    "two_words-yunjian": {"135", "85"},
    "fasting-yunjian": {"7.8"},
}


@pytest.fixture(scope="module")
def ear(sound_tools: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ear]:
    absent = missing()
    if absent and not os.environ.get("CI"):
        pytest.skip(f"the extra [voice] is not installed here: {', '.join(absent)}")
    assert not absent
    transcriber = LocalTranscriber(tmp_path_factory.mktemp("models"))
    yield Ear(transcriber)
    transcriber.close()


@pytest.mark.slow
@pytest.mark.parametrize("clip", ["chest-xiaoxiao", "stroke-yunjian", "hypo-xiaoxiao"])
def test_an_emergency_that_was_spoken_is_an_emergency(ear: Ear, clips: Path, clip: str) -> None:
    made = ear.perceive((clips / f"{clip}.amr").read_bytes(), "audio/amr")
    assert highest(judge(read(made["text"]))) == "emergency"


@pytest.mark.slow
@pytest.mark.parametrize("clip", HEARD)
def test_numbers_that_were_spoken_are_read(ear: Ear, clips: Path, clip: str) -> None:
    made = ear.perceive((clips / f"{clip}.amr").read_bytes(), "audio/amr")
    (mention,) = read(made["text"]).mentions
    found = mention.reading
    assert {f"{n:g}" for n in (found.systolic, found.diastolic, found.value) if n} == HEARD[clip]


@pytest.mark.slow
def test_the_wide_copy_of_the_platform_is_heard_too(ear: Ear, clips: Path) -> None:
    made = ear.perceive((clips / "fasting-yunjian.awb").read_bytes(), "audio/amr")
    assert "7.8" in made["text"]
    assert made["by"] == "local"
