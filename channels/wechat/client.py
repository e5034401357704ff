"""Sends for one official account: free text while the window is open, templates, pictures, codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from sqlmodel import Session

from channels.port import Approval, Letter, Result, SendOutcome
from channels.wechat import office
from channels.wechat.account import CHANNEL, WeChatAccount
from channels.wechat.api import Answer, Api
from channels.wechat.errors import OUR_OWN
from channels.wechat.registered import TEMPLATE
from channels.wechat.token import TokenKeeper
from records import alarms, providers, subscriptions
from records.media import File

SEND, SEND_TEMPLATE, SEND_SUBSCRIBED = (
    "message/custom/send",
    "message/template/send",
    "message/subscribe/bizsend",
)


@dataclass(frozen=True, slots=True)
class QrCode:
    """An enrolment code: what to print, and the ticket that shows its picture."""

    ticket: str
    url: str


@dataclass(frozen=True, slots=True)
class WeChatClient:
    """Sends for one account. A `Channel`, a `MediaSource`, `Licensed` and a `TemplateOffice`."""

    account: WeChatAccount
    http: httpx.AsyncClient
    tokens: TokenKeeper
    name: str = CHANNEL
    windowed: bool = True
    free_text: bool = True
    # The platform bears 500,000 a day; its limit for a minute is not published.
    sends_per_second: float = 20.0
    api: Api = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "api", Api(self.http, self.tokens))

    @property
    def provider(self) -> str:
        return self.account.provider

    def has_template(self, name: str) -> bool:
        return self.account.template(name) is not None

    def may_template(self, session: Session, contact_point_id: str, name: str) -> bool:
        """Whether this template may go now: by right of the account, or because the person agreed."""
        if not self.has_template(name):
            return False
        kind = self.account.kind(name)
        if kind == TEMPLATE:
            return True
        leave = subscriptions.leave_for(session, contact_point_id, self.account.id_of(name))
        return leave.may_send(kind)

    def template_sent(
        self, session: Session, contact_point_id: str, name: str, now: datetime
    ) -> None:
        """It was sent, or perhaps sent: a yes to one message is used up."""
        kind = self.account.kind(name)
        if kind == subscriptions.ONE_TIME:
            subscriptions.spend(session, contact_point_id, self.account.id_of(name), kind, now)

    def template_refused(
        self, session: Session, contact_point_id: str, name: str, reason: str, now: datetime
    ) -> None:
        """The platform knows of no yes: it is right."""
        kind = self.account.kind(name)
        if kind != TEMPLATE and reason == "not_subscribed":
            subscriptions.exhaust(session, contact_point_id, self.account.id_of(name), kind, now)

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        """A customer-service message. It has neither receipt nor idempotency key."""
        request = {"touser": letter.address, "msgtype": "text", "text": {"content": letter.body}}
        return (await self.api.post(SEND, request, now)).outcome

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        """A template or subscription message; every field fits its type, or says its default.

        The same client_msg_id is sent once within ten minutes.
        """
        name = str(letter.template.get("name", ""))
        template = self.account.template(name)
        if template is None:
            return SendOutcome(Result.OPERATOR, reason="template_unknown")
        request = {
            "touser": letter.address,
            "template_id": self.account.id_of(name),
            "data": template.data(letter.template, now),
            "client_msg_id": letter.message_id,
        }
        path = SEND_TEMPLATE if self.account.kind(name) == TEMPLATE else SEND_SUBSCRIBED
        answer = await self.api.post(path, request, now)
        msgid = answer.body.get("msgid")
        if answer.outcome.result is not Result.ACCEPTED or msgid is None:
            return answer.outcome
        return SendOutcome(Result.ACCEPTED, answer.outcome.code, provider_id=str(msgid))

    async def send_picture(self, letter: Letter, now: datetime) -> SendOutcome:
        """A picture as a customer-service message; the upload before it reaches nobody."""
        media_id = await self._upload(letter.picture or b"", now)
        if isinstance(media_id, SendOutcome):
            return media_id
        request = {"touser": letter.address, "msgtype": "image", "image": {"media_id": media_id}}
        return (await self.api.post(SEND, request, now)).outcome

    async def create_menu(self, menu: Mapping[str, Any], now: datetime) -> Answer:
        """Publish the menu under the chat; phones show it within a day, or after following anew."""
        return await self._asked(await self.api.post("menu/create", menu, now), "menu/create", now)

    async def published_menu(self, now: datetime) -> Answer:
        """The menu as the platform holds it; code 46003 when there is none."""
        return await self.api.call("menu/get", now, method="GET")

    async def approvals(self, now: datetime) -> Mapping[str, Approval] | SendOutcome:
        """Whether the platform has our templates, with the fields that we fill in."""
        rows: list[Any] = []
        for path, name in office.lists_of(self.account):
            answer = await self.api.call(path, now, method="GET")
            found = answer.body.get(name)
            if not isinstance(found, list):
                return answer.outcome
            rows += found
        return office.approvals(self.account, rows)

    async def create_qr_code(
        self, scene: str, lasts_seconds: int, now: datetime
    ) -> QrCode | SendOutcome:
        """A temporary enrolment code. `scene` is an opaque random token, never a person's id."""
        request = {
            "action_name": "QR_STR_SCENE",
            "expire_seconds": lasts_seconds,
            "action_info": {"scene": {"scene_str": scene}},
        }
        answer = await self._asked(
            await self.api.post("qrcode/create", request, now), "qrcode/create", now
        )
        if "ticket" not in answer.body:
            return answer.outcome
        return QrCode(str(answer.body["ticket"]), str(answer.body.get("url", "")))

    async def fetch(self, media_id: str, now: datetime) -> File | SendOutcome:
        """A file that somebody sent; the platform forgets it after three days."""
        found = await self.api.download("media/get", now, media_id)
        if isinstance(found, SendOutcome):
            await self._tell(found, "media/get", now)
        return found

    async def _asked(self, answer: Answer, call: str, now: datetime) -> Answer:
        await self._tell(answer.outcome, call, now)
        return answer

    async def _tell(self, outcome: SendOutcome, call: str, now: datetime) -> None:
        """Whoever runs the account hears of its trouble; that of a send is told by delivery."""
        if outcome.result is not Result.OPERATOR or outcome.reason in OUR_OWN:
            return
        detail = {"code": outcome.code, "reason": outcome.reason, "call": call}

        def tell(session: Session) -> None:
            providers.note_trouble(session, self.provider, outcome.reason or outcome.code, now)
            alarms.raise_for_operator(session, alarms.TROUBLE, self.provider, now, **detail)

        await self.tokens.db.write(tell)

    async def _upload(self, picture: bytes, now: datetime) -> str | SendOutcome:
        """The id of a temporary picture. Nobody has seen it yet, so any doubt is worth a retry."""
        files = {"media": ("values.png", picture, "image/png")}
        answer = await self.api.call("media/upload", now, query={"type": "image"}, files=files)
        if "media_id" in answer.body:
            return str(answer.body["media_id"])
        if answer.outcome.result in {Result.UNKNOWN, Result.ACCEPTED}:
            return SendOutcome(Result.RETRY, answer.outcome.code, "picture_not_uploaded")
        return answer.outcome
