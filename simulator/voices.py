"""Voice messages that are at hand on the phone page. Synthetic: nobody's voice (scripts/voice_clips.py)."""

from pathlib import Path

FOLDER = Path(__file__).parent / "clips"
# Three seconds of AMR "no data" frames: a message in which nobody speaks.
SILENCE = b"#!AMR\n" + b"\x7c" * 150

# What is said in each, for the list on the page.
CLIPS = {
    "pressure": "我今天早上量的血压是一百六十五，九十八。",
    "fasting": "空腹血糖七点八。",
    "chest": "我胸口痛，出了一身冷汗，喘不上气。",
    "question": "得了高血压，平时吃饭要注意什么？",
    "doctor": "我想找医生说话。",
    "well": "今天没有不舒服，药按时吃了。",
}


def clip(name: str) -> bytes:
    """One of them; a silent one for any other name."""
    return (FOLDER / f"{name}.amr").read_bytes() if name in CLIPS else SILENCE
