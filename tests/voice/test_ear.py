"""What the ear returns is plain words or a plain reason, whatever the transcriber says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from voice.ear import Ear
from voice.sound import Sound
from voice.transcriber import PROMPT, Transcript

pytestmark = pytest.mark.usefixtures("sound_tools")


@dataclass
class Scribe:
    """Writes down what it was told to."""

    text: str
    doubtful: bool = False
    name: str = "local"
    heard: int = 0

    def transcribe(self, sound: Sound) -> Transcript:
        assert sound.seconds > 1
        self.heard += 1
        return Transcript(self.text, doubtful=self.doubtful)


@pytest.fixture
def recording(clips: Path) -> bytes:
    return (clips / "doctor-yunjian.amr").read_bytes()


def test_words_are_kept_with_who_heard_them(recording: bytes) -> None:
    made = Ear(Scribe(" 我想找医生说话。\n")).perceive(recording, "text/html")
    assert made == {
        "text": "我想找医生说话。",
        "why": "",
        "guess": "我想找医生说话。",
        "by": "local",
        "seconds": 3.7,
    }


@pytest.mark.parametrize(
    "invented",
    [
        "",
        "。。。",
        "请不吝点赞 订阅 转发 打赏支持明镜与点点栏目",
        "字幕由 Amara.org 社群提供",
        "谢谢观看",
        "血压" * 40,
        PROMPT,
        PROMPT.replace("、", " "),
        PROMPT[PROMPT.index("空腹") :],
    ],
)
def test_what_nobody_said_is_not_used(recording: bytes, invented: str) -> None:
    made = Ear(Scribe(invented)).perceive(recording, "audio/amr")
    assert (made["text"], made["why"]) == ("", "not_understood")
    assert made["guess"] == invented.strip()


def test_doubtful_words_are_only_a_guess(recording: bytes) -> None:
    made = Ear(Scribe("高压一百三", doubtful=True)).perceive(recording, "audio/amr")
    assert (made["text"], made["guess"]) == ("", "高压一百三")


def test_a_long_or_strange_answer_becomes_one_short_line(recording: bytes) -> None:
    long = "".join(chr(0x4E00 + number) for number in range(3000))
    made = Ear(Scribe(f"血压\x00\u202e{long}")).perceive(recording, "audio/amr")
    assert made["text"].startswith("血压 ")
    assert len(made["text"]) == 1000
    assert made["text"].isprintable()


def test_what_somebody_said_of_the_same_things_is_no_echo(recording: bytes) -> None:
    said = "量血压高压165低压98，心跳快，头晕，胸口痛"
    assert Ear(Scribe(said)).perceive(recording, "audio/amr")["text"] == said


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"", "empty"), (b"#!AMR\n" + b"\x7c" * 150, "silent"), (b"MZ", "unknown_format")],
)
def test_a_file_without_speech_is_never_transcribed(content: bytes, why: str) -> None:
    scribe = Scribe("请订阅")
    made = Ear(scribe).perceive(content, "audio/amr")
    assert made == {"text": "", "why": why, "by": "local"}
    assert scribe.heard == 0
