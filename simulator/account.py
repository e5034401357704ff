"""What the official account can do through the API: customer-service and template messages."""

import asyncio
from typing import Any

from simulator.codec import Value
from simulator.errors import ApiError
from simulator.followers import Follower
from simulator.log import Kind
from simulator.platform import Platform
from simulator.settings import TemplateSpec
from simulator.template_message import Sent

TEXT_BYTES = 2048
BLOCKED = "failed:user block"


class AccountSide:
    """Applies WeChat's rules to a message and puts it on the phone."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def send_custom(self, request: dict[str, Any]) -> None:
        openid = str(request.get("touser") or "")
        try:
            follower = self._platform.followers.get(openid)
            text, details = self._content(request)
            self._spend(follower)
        except ApiError as error:
            self._refused(openid, "custom", error)
            raise
        self._platform.log.append(Kind.CUSTOM, openid, text, **details)

    def send_template(self, request: dict[str, Any]) -> int:
        """Return the msgid; the receipt follows as an event."""
        openid = str(request.get("touser") or "")
        try:
            spec = self._platform.templates.find(request.get("template_id"), "template")
            follower = self._subscriber(openid)
            sent = self._platform.templates.send(spec, request, self._platform.clock())
        except ApiError as error:
            self._refused(openid, "template", error)
            raise
        if not sent.repeated:
            self._show_template(follower, sent, spec, str(request.get("url") or ""))
            self._platform.start(self._receipt(follower, sent.msgid))
        return sent.msgid

    def send_subscription(self, request: dict[str, Any]) -> int:
        """Like a template, to whoever said yes; there is no id that would make it arrive once."""
        openid = str(request.get("touser") or "")
        try:
            spec = self._platform.templates.find(
                request.get("template_id"), "one_time", "long_term"
            )
            follower = self._platform.followers.get(openid)
            sent = self._platform.templates.write(spec, request)
            self._platform.consents.spend(openid, spec)
        except ApiError as error:
            self._refused(openid, "subscription", error)
            raise
        self._show_template(follower, sent, spec, str(request.get("page") or ""))
        self._platform.start(self._sent(follower, spec, sent.msgid))
        return sent.msgid

    def _content(self, request: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        kind = request.get("msgtype")
        part = request.get(str(kind))
        if not isinstance(part, dict):
            raise ApiError(40008 if kind not in {"text", "image", "voice", "msgmenu"} else 47001)
        if kind == "text":
            return _text(part.get("content")), {}
        if kind in {"image", "voice"}:
            media_id = str(part.get("media_id") or "")
            self._platform.media.fetch(media_id, self._platform.clock())
            return ("[图片]" if kind == "image" else "[语音]"), {"media_id": media_id}
        if kind == "msgmenu":
            return _menu(part), {}
        raise ApiError(40008)

    def _spend(self, follower: Follower) -> None:
        if not follower.following:
            raise ApiError(45015)
        if not self._platform.settings.open_to_all:
            self._platform.quota.spend(follower.patient.openid, self._platform.clock())

    def _subscriber(self, openid: str) -> Follower:
        follower = self._platform.followers.get(openid)
        if not follower.following:
            raise ApiError(43004)
        return follower

    def _show_template(self, follower: Follower, sent: Sent, spec: TemplateSpec, url: str) -> None:
        if follower.receipt == "success":
            self._platform.log.append(
                Kind.TEMPLATE,
                follower.patient.openid,
                sent.text,
                msgid=sent.msgid,
                sent_as=spec.kind,
                title=sent.title,
                lines=[list(line) for line in sent.lines],
                url=url,
            )

    async def _receipt(self, follower: Follower, msgid: int) -> None:
        await asyncio.sleep(self._platform.settings.receipt_after)
        fields = self._platform.writer.event(
            follower.patient.openid, "TEMPLATESENDJOBFINISH", MsgID=msgid, Status=follower.receipt
        )
        await self._platform.delivery.deliver(fields)

    async def _sent(self, follower: Follower, spec: TemplateSpec, msgid: int) -> None:
        await asyncio.sleep(self._platform.settings.receipt_after)
        code = 0 if follower.receipt == "success" else 1003
        entry: dict[str, Value] = {
            "TemplateId": spec.template_id,
            "MsgID": msgid,
            "ErrorCode": code,
            "ErrorStatus": follower.receipt,
        }
        fields = self._platform.writer.event(
            follower.patient.openid,
            "subscribe_msg_sent_event",
            SubscribeMsgSentEvent={"List": [entry]},
        )
        await self._platform.delivery.deliver(fields)

    def _refused(self, openid: str, call: str, error: ApiError) -> None:
        self._platform.log.append(
            Kind.REFUSED, openid, error.errmsg, call=call, errcode=error.errcode
        )


def _text(content: object) -> str:
    if not isinstance(content, str) or not content:
        raise ApiError(44004)
    if len(content.encode()) > TEXT_BYTES:
        raise ApiError(45002)
    return content


def _menu(part: dict[str, Any]) -> str:
    choices = [str(item.get("content", "")) for item in part.get("list", [])]
    lines = [part.get("head_content", ""), *choices, part.get("tail_content", "")]
    return _text("\n".join(str(line) for line in lines if line))
