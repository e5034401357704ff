"""Files that people send become plain sound, and what is no sound is told apart."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voice import sound
from voice.sound import (
    LARGEST_FILE,
    LONGEST_SECONDS,
    RATE,
    Fault,
    NoDecoderError,
    Sound,
    SoundError,
    audible,
    decode,
)

pytestmark = pytest.mark.usefixtures("sound_tools")

SILENCE = b"#!AMR\n" + b"\x7c" * 150


def fault_of(content: bytes) -> Fault:
    with pytest.raises(SoundError) as refused:
        audible(decode(content))
    return refused.value.fault


@pytest.mark.parametrize("ending", ["amr", "awb", "spx", "opus"])
def test_every_format_of_a_phone_becomes_the_same_sound(clips: Path, ending: str) -> None:
    (file,) = clips.glob(f"chest-yunjian.{ending}")
    made = audible(decode(file.read_bytes()))
    assert made.seconds == pytest.approx(4.98, abs=0.1)


def test_the_silence_between_two_numbers_is_kept(clips: Path) -> None:
    """AMR leaves silence out and says so; the 16 kHz copy writes it down."""
    narrow = (clips / "pressure-xiaoxiao.amr").read_bytes()
    wide = (clips / "pressure-xiaoxiao.awb").read_bytes()
    assert len(narrow) < 32 * 50 * decode(wide).seconds * 0.8
    assert decode(narrow).seconds == pytest.approx(decode(wide).seconds, abs=0.1)


def test_its_own_wav_can_be_decoded_again(clips: Path) -> None:
    made = decode((clips / "doctor-yunjian.amr").read_bytes())
    again = decode(made.wav)
    assert again.samples == made.samples


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", Fault.EMPTY),
        (b"#!AMR\n", Fault.BROKEN),
        (SILENCE, Fault.SILENT),
        (b"#!AMR\n" + b"garbage" * 2000, Fault.BROKEN),
        (b"#!AMR-WB\n" + bytes(range(256)) * 100, Fault.BROKEN),
        (b"OggS" + bytes(3000), Fault.BROKEN),
        (b"ID3xxxx" * 99, Fault.BROKEN),
        (b"RIFF" + b"\xff" * 99, Fault.BROKEN),
        (b"\x02#!SILK_V3" + bytes(50), Fault.UNKNOWN_FORMAT),
        (b"<svg onload=alert(1)>", Fault.UNKNOWN_FORMAT),
        (b"#EXTM3U\nfile:///etc/passwd", Fault.UNKNOWN_FORMAT),
        (b"#!AMR\n" + bytes(LARGEST_FILE), Fault.TOO_LARGE),
        (b"#!AMR\n<" + bytes(3_900_000), Fault.TOO_LONG),
        (Sound(bytes(2 * RATE // 10)).wav, Fault.TOO_SHORT),
    ],
)
def test_a_file_that_holds_no_speech_says_why(content: bytes, fault: Fault) -> None:
    assert fault_of(content) is fault


def test_a_long_silence_does_not_take_long() -> None:
    began = time.monotonic()
    assert fault_of(Sound(bytes(2 * RATE * (LONGEST_SECONDS - 1))).wav) is Fault.SILENT
    assert time.monotonic() - began < 5


def test_a_file_cut_off_in_the_middle_is_heard_so_far(clips: Path) -> None:
    content = (clips / "pressure-xiaoxiao.amr").read_bytes()
    half = decode(content[: len(content) // 2])
    assert half.seconds == pytest.approx(decode(content).seconds / 2, abs=0.2)


@pytest.mark.slow
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(magic=st.sampled_from([b"#!AMR\n", b"#!AMR-WB\n", b"RIFF"]), rest=st.binary(max_size=4000))
def test_no_bytes_bring_anything_but_sound_or_a_fault(magic: bytes, rest: bytes) -> None:
    try:
        made = decode(magic + rest)
    except SoundError:
        return
    assert 0 < made.seconds <= LONGEST_SECONDS


def test_a_decoder_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    hanging = ((b"HANG", ("sleep", "60")),)
    monkeypatch.setattr(sound, "_FORMATS", hanging)
    monkeypatch.setattr(sound, "_DECODING_SECONDS", 0.2)
    began = time.monotonic()
    assert fault_of(b"HANG") is Fault.BROKEN
    assert time.monotonic() - began < 5


def test_a_decoder_may_not_write_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = tmp_path / "taken"
    writes = ((b"WRITE", ("dd", f"of={target}")),)
    monkeypatch.setattr(sound, "_FORMATS", writes)
    fault_of(b"WRITE" * 100)
    assert not target.exists() or target.stat().st_size == 0


def test_without_a_decoder_the_fault_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(NoDecoderError):
        decode(SILENCE)
