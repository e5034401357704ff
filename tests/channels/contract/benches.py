"""Every adapter that has to pass. A new one adds its bench here, and nothing else."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from channels.notice import NoticeChannel
from channels.port import Channel, Collected, Letter, Result
from channels.sms import aliyun, kannel, spool, tencent, twilio
from channels.sms.gammu import GammuModem
from channels.sms.inlet import Inlet, PushRequest
from channels.templates import registry
from channels.wechat import errors as wechat_errors
from channels.wechat.account import WeChatAccount
from channels.wechat.client import WeChatClient
from channels.wechat.parse import parse
from channels.wechat.token import TokenKeeper
from channels.wecom import errors as wecom_errors
from channels.wecom.account import WeComAccount
from channels.wecom.client import WeComClient
from channels.wecom.token import TokenKeeper as WeComTokenKeeper
from records.outbound import Receipt
from simulator.background import in_thread, serving
from simulator.log import Kind, Log
from simulator.settings import SimulatorSettings
from simulator.twilio import Twilio as TwilioService
from simulator.twilio import TwilioSettings, create_twilio_app
from simulator.wecom import WeComSettings, create_wecom
from tests.channels.contract.bench import Answer, Bench, Peer, Place
from tests.channels.contract.hostile import Behaviour
from tests.channels.sms import clouds, kannel_boxes
from tests.channels.sms.clouds import NOW, SECRET, SIGN

PHONE, OPENID = "+8613800001111", "o-wang-of-the-contract"
WORDS = "您好,早上的血压记下了。"
TOKEN = "an-access-token"
APP_SECRET = "secret-of-the-account"
LETTER = Letter("m-1", PHONE, WORDS, "key-1", attempt_id="0192-attempt", purpose="reply")
TEMPLATE = Letter(
    "m-1",
    PHONE,
    WORDS,
    "key-1",
    attempt_id="0192-attempt",
    purpose="reminder",
    template={"name": "followup_due"},
)


def _json(body: object, status: int = 200) -> Answer:
    return status, json.dumps(body).encode()


def _errcode(code: int) -> Answer:
    return _json({"errcode": code, "errmsg": "no"})


def _pushed(inlet: Inlet, request: PushRequest) -> Sequence[Receipt]:
    return inlet.read(request, NOW()).receipts


def _seen(log: Log, kind: Kind) -> list[tuple[str, str]]:
    return [(entry.openid, entry.text) for entry in log.entries(None, kind)]


@contextmanager
def _listening(app: ASGIApp) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    with in_thread(app, listening):
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


# --- WeChat ------------------------------------------------------------------------------------
def _wechat_account() -> WeChatAccount:
    return WeChatAccount("wx-contract", APP_SECRET, token="", aes_keys=())


def _wechat(place: Place) -> Channel:
    account = _wechat_account()
    # Its client knows the platform by its base address.
    place.http.base_url = place.url
    return WeChatClient(
        account, place.http, TokenKeeper(account, place.http, place.db, place.vault)
    )


@contextmanager
def _wechat_platform(_: Path) -> Iterator[Peer]:
    settings = SimulatorSettings("wx-contract", APP_SECRET, "", "A" * 43, open_to_all=True)
    with serving(settings) as served:
        yield Peer(served.url, lambda: _seen(served.platform.log, Kind.CUSTOM))


# Whose receipts come without the name of an account get it where they are received.
_OURS = "wechat:wx-contract"


def _wechat_receipt(provider_id: str, _: str, delivered: bool) -> Sequence[Receipt]:
    """The event as the platform posts it, opened already."""
    fields = {
        "ToUserName": "gh_1",
        "FromUserName": OPENID,
        "CreateTime": "1795395600",
        "MsgType": "event",
        "Event": "TEMPLATESENDJOBFINISH",
        "MsgID": provider_id,
        "Status": "success" if delivered else "failed:user block",
    }
    arrival = parse(fields, _wechat_account())
    return [replace(one, provider=one.provider or _OURS) for one in arrival.receipts]


# --- The clouds --------------------------------------------------------------------------------
def _filled(letter: Letter) -> str:
    name = str(letter.template["name"])
    return registry().filled(name, letter.template, SIGN).text


@contextmanager
def _cloud(kind: str) -> Iterator[Peer]:
    with clouds.served(kind) as served:
        yield Peer(served.url, lambda: served.arrived)


def _aliyun_receipt(provider_id: str, attempt_id: str, delivered: bool) -> Sequence[Receipt]:
    entry = {
        "phone_number": PHONE.removeprefix("+86"),
        "biz_id": provider_id,
        "out_id": attempt_id,
        "success": delivered,
        "err_code": "DELIVERED" if delivered else "IS_CLOSED",
        "report_time": "2026-11-23 09:00:00",
    }
    request = PushRequest("POST", "/", body=json.dumps([entry]).encode())
    return _pushed(aliyun.AliyunInlet(), request)


def _tencent_receipt(provider_id: str, _: str, delivered: bool) -> Sequence[Receipt]:
    entry = {
        "mobile": PHONE.removeprefix("+86"),
        "nationcode": "86",
        "sid": provider_id,
        "report_status": "SUCCESS" if delivered else "FAIL",
        "errmsg": "DELIVRD" if delivered else "UNDELIV",
        "user_receive_time": "2026-11-23 09:00:00",
    }
    request = PushRequest("POST", "/", body=json.dumps([entry]).encode())
    return _pushed(tencent.TencentInlet(), request)


def _tencent_says(code: str) -> Answer:
    status = {"Code": code, "Message": "no", "PhoneNumber": PHONE, "SerialNo": ""}
    return _json({"Response": {"SendStatusSet": [status], "RequestId": "r"}})


# --- Kannel ------------------------------------------------------------------------------------
def _kannel(place: Place) -> Channel:
    push = "http://127.0.0.1:1/sms/kannel/hidden-token"
    user, password = kannel_boxes.USER, kannel_boxes.PASSWORD
    return kannel.KannelGateway(place.http, place.url, user, password, push, kannel_boxes.SENDER)


@contextmanager
def _kannel_boxes(folder: Path) -> Iterator[Peer]:
    kannel_boxes.missing_here()
    boxes = kannel_boxes.Kannel(folder)
    try:
        yield Peer(boxes.url, lambda: [_submitted(one) for one in boxes.carrier.submits])
    finally:
        boxes.close()


def _submitted(line: dict[str, Any]) -> tuple[str, str]:
    return "+" + str(line["to"]).removeprefix("+"), str(line["text"])


def _kannel_receipt(_: str, attempt_id: str, delivered: bool) -> Sequence[Receipt]:
    status = 1 if delivered else 2
    url = f"http://us/sms/kannel/t?attempt={attempt_id}&status={status}&answer=&at=1795395600"
    return _pushed(kannel.KannelInlet(), PushRequest("GET", url))


# --- Twilio ------------------------------------------------------------------------------------
_TWILIO_SID, _TWILIO_FROM = "AC" + "0" * 32, "+15005550006"
_TWILIO_PUSH = "http://127.0.0.1:1/sms/twilio"


def _twilio(place: Place) -> Channel:
    return twilio.Twilio(
        place.http, _TWILIO_SID, APP_SECRET, _TWILIO_FROM, _TWILIO_PUSH, base=place.url
    )


@contextmanager
def _twilio_service(_: Path) -> Iterator[Peer]:
    service = TwilioService(TwilioSettings(_TWILIO_SID, APP_SECRET, frozenset({_TWILIO_FROM})))
    with _listening(create_twilio_app(service)) as url:
        yield Peer(url, lambda: _seen(service.log, Kind.SMS))


def _twilio_receipt(provider_id: str, attempt_id: str, delivered: bool) -> Sequence[Receipt]:
    status = "delivered" if delivered else "undelivered"
    form = {"MessageSid": provider_id, "MessageStatus": status, "AccountSid": _TWILIO_SID}
    url = f"{_TWILIO_PUSH}?attempt={attempt_id}"
    headers = {twilio.SIGNATURE: twilio.signature(APP_SECRET, url, list(form.items()))}
    request = PushRequest("POST", url, headers, body=urlencode(form).encode())
    return _pushed(twilio.TwilioInlet(_TWILIO_SID, APP_SECRET), request)


# --- WeCom -------------------------------------------------------------------------------------
_CORP, _AGENT, _MEMBER = "ww-contract", 1000002, "LiJianGuo"


def _wecom(place: Place) -> Channel:
    account = WeComAccount(_CORP, _AGENT, APP_SECRET, platform=place.url)
    keeper = WeComTokenKeeper(account, place.http, place.db, place.vault)
    return WeComClient(account, place.http, keeper)


@contextmanager
def _corporation(_: Path) -> Iterator[Peer]:
    settings = WeComSettings(_CORP, _AGENT, APP_SECRET, "", "A" * 43, members={_MEMBER: "李建国"})
    app = create_wecom(settings)
    with _listening(app) as url:
        yield Peer(url, lambda: _seen(app.state.wecom.log, Kind.NOTICE))


# --- A modem -----------------------------------------------------------------------------------
def _modem_receipt(_: str, attempt_id: str, delivered: bool) -> Sequence[Receipt]:
    """A file where the daemon puts it, under the name that it always has."""
    with TemporaryDirectory() as folder:
        for name in spool.FOLDERS:
            (Path(folder) / name).mkdir()
        end = Path(folder) / (spool.SENT if delivered else spool.ERROR)
        (end / f"OUTB20261123_090000_000000_{PHONE}_{attempt_id}.txt").write_bytes(b"")
        found = asyncio.run(GammuModem(Path(folder)).collect(NOW()))
    return found.receipts if isinstance(found, Collected) else ()


@contextmanager
def _spool(folder: Path) -> Iterator[Peer]:
    """The daemon's folder; a real daemon is tried in test_gammu_smsd."""
    for name in spool.FOLDERS:
        (folder / name).mkdir()

    def lying() -> list[tuple[str, str]]:
        files = spool.outgoing(folder / spool.OUTBOX)
        return [(one.number, spool.decoded([one.path.read_bytes()])) for one in files]

    yield Peer(str(folder), lying)


# --- Notices to doctors ------------------------------------------------------------------------
@contextmanager
def _webhook(_: Path) -> Iterator[Peer]:
    posts: list[tuple[str, str]] = []

    async def take(request: Request) -> Response:
        notice = await request.json()
        posts.append((notice["to"], notice["text"]))
        return JSONResponse({})

    app = Starlette(routes=[Route("/bell", take, methods=["POST"])])
    with _listening(app) as url:
        yield Peer(f"{url}/bell", lambda: posts)


_YES_BY_STATUS = dict.fromkeys(
    (
        Behaviour.EMPTY,
        Behaviour.PAGE,
        Behaviour.NULL,
        Behaviour.LIST,
        Behaviour.WRONG_TYPES,
        Behaviour.DEEP,
        Behaviour.NOT_UNICODE,
        Behaviour.HUGE,
        Behaviour.BOMB,
    ),
    Result.ACCEPTED,
)

_SIGNED = (SECRET,)
WECHAT = Bench(
    "wechat",
    _wechat,
    _wechat_platform,
    Letter("m-1", OPENID, WORDS, "key-1", attempt_id="0192-attempt", purpose="reply"),
    accepted=_json({"errcode": 0, "errmsg": "ok"}),
    table=wechat_errors.ERRORS,
    refusal=_errcode,
    honest={"stable_token": json.dumps({"access_token": TOKEN, "expires_in": 7200}).encode()},
    has_id=False,
    checks_address=False,
    closing=_wechat_receipt,
    secrets=(APP_SECRET, TOKEN),
)
ALIYUN = Bench(
    "aliyun",
    lambda place: clouds.adapter("aliyun", place.url, place.http),
    lambda _: _cloud("aliyun"),
    TEMPLATE,
    accepted=_json({"Code": "OK", "BizId": "9^0"}),
    table={code: ending for code, ending in aliyun.SEND.items() if not code.endswith(".minute")},
    refusal=lambda code: _json({"Code": code, "Message": "no"}),
    same_phone=PHONE.removeprefix("+86"),
    by_template=_filled,
    closing=_aliyun_receipt,
    secrets=_SIGNED,
)
TENCENT = Bench(
    "tencent",
    lambda place: clouds.adapter("tencent", place.url, place.http),
    lambda _: _cloud("tencent"),
    TEMPLATE,
    accepted=_json({"Response": {"SendStatusSet": [{"Code": "Ok", "SerialNo": "9"}]}}),
    table=tencent.SEND,
    refusal=_tencent_says,
    same_phone=PHONE.removeprefix("+86"),
    by_template=_filled,
    closing=_tencent_receipt,
    secrets=_SIGNED,
)
KANNEL = Bench(
    "kannel",
    _kannel,
    _kannel_boxes,
    LETTER,
    accepted=(202, b"0: Accepted for delivery"),
    table=kannel.ANSWERS,
    refusal=lambda words: (202 if words[0].isdigit() else 403, words.encode()),
    same_phone=PHONE.removeprefix("+86"),
    no_phone="10086",
    as_said=lambda letter: kannel.whole_at_seams(letter.body),
    closing=_kannel_receipt,
    secrets=(kannel_boxes.PASSWORD, "hidden-token"),
    slow=True,
)
TWILIO = Bench(
    "twilio",
    _twilio,
    _twilio_service,
    LETTER,
    accepted=_json({"sid": "SM1", "status": "queued"}, 201),
    table=twilio.CODES,
    refusal=lambda code: _json({"code": int(code) if code.isdigit() else code}, 400),
    same_phone=PHONE.removeprefix("+86"),
    no_phone="10086",
    closing=_twilio_receipt,
    secrets=(APP_SECRET,),
)
WECOM = Bench(
    "wecom",
    _wecom,
    _corporation,
    Letter("m-1", _MEMBER, WORDS, "key-1", attempt_id="0192-attempt", purpose="notice"),
    accepted=_json({"errcode": 0, "msgid": "9"}),
    table=wecom_errors.ERRORS,
    refusal=_errcode,
    honest={"gettoken": json.dumps({"access_token": TOKEN, "expires_in": 7200}).encode()},
    secrets=(APP_SECRET, TOKEN),
)
GAMMU = Bench(
    "gammu",
    lambda place: GammuModem(Path(place.url)),
    _spool,
    LETTER,
    accepted=(0, b""),
    same_phone=PHONE.removeprefix("+86"),
    no_phone="10086",
    closing=_modem_receipt,
)
NOTICE = Bench(
    "notice",
    lambda place: NoticeChannel(place.http, place.url, "secret-of-the-bell"),
    _webhook,
    Letter("m-1", "practitioner-1", WORDS, "key-1", attempt_id="0192-attempt", purpose="notice"),
    accepted=(204, b""),
    table={
        400: (Result.OPERATOR, "webhook_refused"),
        404: (Result.OPERATOR, "webhook_refused"),
        429: (Result.RETRY, "webhook_busy"),
        500: (Result.RETRY, "webhook_busy"),
        503: (Result.RETRY, "webhook_busy"),
    },
    refusal=lambda status: (status, b""),
    # A bell that says 2xx has rung; whoever runs it says no in a way of their own.
    endings={
        **_YES_BY_STATUS,
        Behaviour.BAD_GATEWAY: Result.RETRY,
        Behaviour.REDIRECT: Result.OPERATOR,
    },
    has_id=False,
    checks_address=False,
    secrets=("secret-of-the-bell",),
)

BENCHES = (WECHAT, ALIYUN, TENCENT, KANNEL, TWILIO, GAMMU, WECOM, NOTICE)
OVER_HTTP = tuple(bench for bench in BENCHES if bench is not GAMMU)
