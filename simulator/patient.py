"""What a person can do with the phone in their hand."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeAlias

from simulator.codec import Fields, Value
from simulator.delivery import Delivered
from simulator.followers import Follower
from simulator.log import Kind
from simulator.media import Medium
from simulator.platform import Platform
from simulator.quota import Trigger
from simulator.settings import TemplateSpec
from simulator.subscription import ACCEPT, REJECT

_SAID = {ACCEPT: "同意接收", REJECT: "不接收"}

UnderWay: TypeAlias = asyncio.Task[Delivered]


class NotFollowingError(Exception):
    """WeChat shows no chat with an account that one does not follow."""


class PatientSide:
    """Turns taps into callbacks. Every verb returns at once; the hand-over goes on by itself."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._last: dict[str, tuple[Fields, int]] = {}

    def say(self, openid: str, text: str) -> UnderWay:
        self._chatting(openid)
        return self._send(self._platform.writer.text(openid, text), text)

    def photograph(self, openid: str, content: bytes, content_type: str) -> UnderWay:
        self._chatting(openid)
        medium = self._keep("image", content, content_type)
        url = f"{self._platform.settings.public_url}/media/{medium.media_id}"
        fields = self._platform.writer.image(openid, medium.media_id, url)
        return self._send(fields, "[图片]", media_id=medium.media_id)

    def speak(
        self, openid: str, content: bytes, content_type: str, *, recognition: str = ""
    ) -> UnderWay:
        """Send a voice message; the same sound stands for the 16 kHz copy."""
        self._chatting(openid)
        heard = self._keep("voice", content, content_type)
        clear = self._keep("voice", content, content_type)
        fields = self._platform.writer.voice(
            openid, heard.media_id, clear.media_id, heard.ending, recognition
        )
        return self._send(fields, "[语音]", media_id=heard.media_id)

    def locate(self, openid: str, latitude: float, longitude: float, label: str) -> UnderWay:
        self._chatting(openid)
        fields = self._platform.writer.location(openid, latitude, longitude, label)
        return self._send(fields, f"[位置] {label}")

    def press(self, openid: str, key: str) -> UnderWay:
        self._chatting(openid)
        self._grant(openid, Trigger.MENU)
        labels = self._platform.menu.labels()
        fields = self._platform.writer.event(openid, "CLICK", EventKey=key)
        return self._send(fields, f"[菜单] {labels.get(key, key)}")

    def follow(self, openid: str) -> UnderWay:
        return self._follow(openid, Trigger.FOLLOW, "[关注公众号]", EventKey="")

    def scan(self, openid: str, code: str) -> UnderWay | None:
        """Scan an enrolment code; nothing happens when it is unknown or has expired."""
        ticket = self._platform.tickets.scan(code, self._platform.clock())
        if ticket is None:
            return None
        if not self._person(openid).following:
            key = f"qrscene_{ticket.scene}"
            return self._follow(
                openid, Trigger.SCAN, "[扫码关注]", EventKey=key, Ticket=ticket.value
            )
        self._grant(openid, Trigger.SCAN)
        fields = self._platform.writer.event(
            openid, "SCAN", EventKey=ticket.scene, Ticket=ticket.value
        )
        return self._send(fields, "[扫码]")

    def answer(self, openid: str, answers: Mapping[str, str]) -> UnderWay:
        """Tap 同意 or 取消 in a question about templates: template id → accept or reject."""
        self._person(openid)
        specs = [self._subscribable(template_id) for template_id in answers]
        for spec in specs:
            self._platform.consents.answer(openid, spec, answers[spec.template_id])
        asked = [_answered(spec, answers[spec.template_id], PopupScene=1) for spec in specs]
        fields = self._platform.writer.event(
            openid, "subscribe_msg_popup_event", SubscribeMsgPopupEvent={"List": asked}
        )
        said = "、".join(f"{_SAID[answers[s.template_id]]}“{s.title}”" for s in specs)
        return self._send(fields, f"您{said}")

    def switch_off(self, openid: str, template_id: str) -> UnderWay:
        """拒收 in the phone's settings: nothing more of this template, until a new yes."""
        self._person(openid)
        spec = self._subscribable(template_id)
        self._platform.consents.switch_off(openid, spec)
        fields = self._platform.writer.event(
            openid,
            "subscribe_msg_change_event",
            SubscribeMsgChangeEvent={"List": [_answered(spec, REJECT)]},
        )
        return self._send(fields, f"您在设置里拒收了“{spec.title}”")

    def unfollow(self, openid: str) -> UnderWay:
        self._chatting(openid)
        self._person(openid).following = False
        self._platform.quota.forget(openid)
        fields = self._platform.writer.event(openid, "unsubscribe", EventKey="")
        return self._send(fields, "[取消关注]")

    def note(self, openid: str, text: str, msg_id: str) -> None:
        """Write down a message that `traffic.send_many` sends past the phone (its `before_send`)."""
        self._chatting(openid)
        self._grant(openid, Trigger.MESSAGE)
        self._platform.log.append(Kind.INBOUND, openid, text, type="text", msg_id=msg_id)

    def repeat(self, openid: str) -> UnderWay | None:
        """Deliver the last message once more, as WeChat does when an answer got lost."""
        last = self._last.get(openid)
        if last is None:
            return None
        fields, seq = last
        return self._platform.start(self._platform.delivery.deliver(fields, about=seq))

    def _follow(self, openid: str, trigger: Trigger, text: str, **fields: str) -> UnderWay:
        self._person(openid).following = True
        self._grant(openid, trigger)
        return self._send(self._platform.writer.event(openid, "subscribe", **fields), text)

    def _send(self, fields: Fields, text: str, **details: Any) -> UnderWay:
        openid = str(fields["FromUserName"])
        if fields["MsgType"] != "event":
            self._grant(openid, Trigger.MESSAGE)
        entry = self._platform.log.append(
            Kind.INBOUND, openid, text, **_identity(fields), **details
        )
        self._last[openid] = (fields, entry.seq)
        return self._platform.start(self._platform.delivery.deliver(fields, about=entry.seq))

    def _grant(self, openid: str, trigger: Trigger) -> None:
        self._platform.quota.grant(openid, trigger, self._platform.clock())

    def _subscribable(self, template_id: str) -> TemplateSpec:
        return self._platform.templates.find(template_id, "one_time", "long_term")

    def _keep(self, kind: str, content: bytes, content_type: str) -> Medium:
        return self._platform.media.keep(kind, content, content_type, self._platform.clock())

    def _person(self, openid: str) -> Follower:
        return self._platform.followers.get(openid)

    def _chatting(self, openid: str) -> None:
        if not self._person(openid).following:
            raise NotFollowingError


def _answered(spec: TemplateSpec, answer: str, **more: int) -> dict[str, Value]:
    return {"TemplateId": spec.template_id, "SubscribeStatusString": answer, **more}


def _identity(fields: Fields) -> Mapping[str, str]:
    return {
        "type": str(fields.get("Event") or fields["MsgType"]),
        "msg_id": str(fields.get("MsgId", "")),
    }
