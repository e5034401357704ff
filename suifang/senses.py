"""Which senses an installation has, by its settings. Nothing is loaded before the first file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from agent.perceiving import Sense
from sight import eye
from suifang.findings import Finding, State
from suifang.settings import Settings
from voice.ear import Ear
from voice.endpoint import EndpointSettings, EndpointTranscriber
from voice.local import LocalTranscriber, missing
from voice.sound import TOOLS
from voice.transcriber import Transcriber


def senses(settings: Settings) -> dict[str, Sense]:
    """By kind of message."""
    transcriber = _transcriber(settings)
    found: dict[str, Sense] = {} if transcriber is None else {"voice": Ear(transcriber)}
    return found if settings.photo == "off" else {**found, "image": eye.Eye()}


def _transcriber(settings: Settings) -> Transcriber | None:
    if settings.voice == "local":
        return LocalTranscriber(settings.data_dir / "models")
    endpoint = settings.voice_endpoint
    if endpoint is None:
        return None
    key = endpoint.api_key.get_secret_value()
    return EndpointTranscriber(
        EndpointSettings(endpoint.base_url, key, endpoint.name, endpoint.timeout)
    )


def examine_voice(settings: Settings) -> Iterator[Finding]:
    """Whether voice messages can be listened to, by a machine and in the doctor's browser."""
    absent = [tool for tool in TOOLS if shutil.which(tool) is None]
    if absent:
        says = f"缺 {'、'.join(absent)},语音解不开,医生也放不出来"
        yield Finding("语音", State.WARN, says, f"apt-get install {' '.join(absent)}")
    elif settings.voice == "off":
        yield Finding("语音", State.OK, "机器不听,都请医生听(可以这样用)")
    elif settings.voice == "local" and missing():
        do = "pip install --require-hashes -r requirements/voice.txt"
        yield Finding("语音", State.ERROR, "本机的听写模型没有装", do)
    else:
        where = "本机的模型" if settings.voice == "local" else "外面的听写服务"
        yield Finding("语音", State.OK, f"由{where}听写,每个数都会念回去问")


def examine_photo(settings: Settings) -> Iterator[Finding]:
    """Whether photos can be read."""
    if settings.photo == "off":
        do = "" if eye.missing() else "想让机器读,设 SUIFANG_PHOTO=local"
        yield Finding("照片", State.OK, "机器不读,都请医生看(可以这样用)", do)
    elif eye.missing():
        yield Finding("照片", State.ERROR, "读图的部分没有装", eye.INSTALL)
    else:
        says = "能读血压计、血糖仪和化验单,每个数都会念回去问;别的照片请医生看"
        yield Finding("照片", State.OK, says)
