"""What a patient's phone sends, as the XML fields WeChat puts into a callback."""

from datetime import datetime
from itertools import count

from simulator.clock import Clock
from simulator.codec import Fields, Value

# MsgIds must not repeat after a restart, or the product would rightly ignore the new message.
IDS_PER_MILLISECOND = 1_000_000


class MessageWriter:
    """Writes messages and events of one account; every message gets its own MsgId."""

    def __init__(self, account_id: str, *, clock: Clock) -> None:
        self._account_id = account_id
        self._clock = clock
        self._ids = count(int(clock().timestamp() * 1000) * IDS_PER_MILLISECOND)

    def text(self, openid: str, content: str) -> Fields:
        return self._message(openid, "text", {"Content": content})

    def image(self, openid: str, media_id: str, pic_url: str) -> Fields:
        return self._message(openid, "image", {"PicUrl": pic_url, "MediaId": media_id})

    def voice(
        self,
        openid: str,
        media_id: str,
        media_id_16k: str,
        audio_format: str,
        recognition: str = "",
    ) -> Fields:
        """`Recognition` is there and empty: since 2026 the platform hardly ever fills it."""
        return self._message(
            openid,
            "voice",
            {
                "MediaId": media_id,
                "Format": audio_format,
                "MediaId16K": media_id_16k,
                "Recognition": recognition,
            },
        )

    def location(self, openid: str, latitude: float, longitude: float, label: str) -> Fields:
        return self._message(
            openid,
            "location",
            {
                "Location_X": f"{latitude:.6f}",
                "Location_Y": f"{longitude:.6f}",
                "Scale": 15,
                "Label": label,
            },
        )

    def event(self, openid: str, event: str, **more: Value) -> Fields:
        return {**self._head(openid, "event"), "Event": event, **more}

    def _message(self, openid: str, kind: str, fields: Fields) -> Fields:
        return {**self._head(openid, kind), **fields, "MsgId": next(self._ids)}

    def _head(self, openid: str, kind: str) -> Fields:
        return {
            "ToUserName": self._account_id,
            "FromUserName": openid,
            "CreateTime": seconds(self._clock()),
            "MsgType": kind,
        }


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())
