"""From WeChat's fields to an `Arrival`: what people send, and what happens to our account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from channels.wechat import consent
from channels.wechat.account import CHANNEL, WeChatAccount
from channels.wechat.codec import MalformedCallbackError
from channels.wechat.menu import words_of
from records.messages import Arrival, MediaRef, receipt_id
from records.outbound import Receipt
from records.subscriptions import Choice

LONGEST_ID = 128
LONGEST_KEY = 128
LONGEST_TEXT = 8000
SCENE_PREFIX = "qrscene_"
_MILLISECONDS = 10**11
_LONGEST_STAMP = 13

Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Said:
    """What a message holds: words, and files to fetch."""

    kind: str
    text: str = ""
    media: tuple[MediaRef, ...] = ()


@dataclass(frozen=True, slots=True)
class Happened:
    """What an event means to us. `more` holds codes and ids, `text` the words a tap stands for.

    `act` is what opens a window: menu, follow or scan.
    """

    name: str
    more: Mapping[str, Any]
    text: str = ""
    waits: bool = False
    act: str = ""
    follows: bool | None = None
    receipts: tuple[Receipt, ...] = ()
    choices: tuple[Choice, ...] = ()


def parse(fields: Fields, account: WeChatAccount) -> Arrival:
    """The arrival that a verified callback stands for; raises `MalformedCallbackError`."""
    _id(fields, "ToUserName")
    if _text(fields, "MsgType").lower() == "event":
        return _event(fields, account)
    return _message(fields, account)


def _message(fields: Fields, account: WeChatAccount) -> Arrival:
    said = _MESSAGES.get(_text(fields, "MsgType").lower(), _unreadable)(fields)
    return Arrival(
        channel=CHANNEL,
        account=account.app_id,
        address=_id(fields, "FromUserName"),
        external_id=_id(fields, "MsgId"),
        kind=said.kind,
        sent_at=_sent_at(fields),
        text=said.text,
        event={"event": "unknown"} if said.kind == "event" else {},
        media=said.media,
        window=account.registered.windows.get("message"),
    )


def _event(fields: Fields, account: WeChatAccount) -> Arrival:
    name = _text(fields, "Event").lower()
    if name in consent.HOLDERS:
        happened = _consent(name, fields, account)
    else:
        happened = _EVENTS.get(name, _unheard_of)(fields)
    return Arrival(
        channel=CHANNEL,
        account=account.app_id,
        address=_id(fields, "FromUserName"),
        external_id=_event_id(fields, happened),
        kind="event",
        sent_at=_sent_at(fields),
        text=happened.text,
        event={"event": happened.name, **happened.more},
        window=account.registered.windows.get(happened.act),
        waits=happened.waits,
        follows=happened.follows,
        receipts=happened.receipts,
        choices=happened.choices,
    )


def _event_id(fields: Fields, happened: Happened) -> str:
    """Events have no id of their own. Hashed, because it would show the openid."""
    if len(happened.receipts) == 1:
        return receipt_id(happened.receipts[0].provider_id)
    names = ("FromUserName", "CreateTime", "Event", "EventKey")
    # Somebody may answer for two templates within one second.
    text = "\n".join([*(_text(fields, name) for name in names), str(happened.more.get("list", ""))])
    return f"event:{sha256(text.encode('utf-8', 'replace')).hexdigest()[:40]}"


def _words(fields: Fields) -> Said:
    return Said("text", _text(fields, "Content")[:LONGEST_TEXT])


def _image(fields: Fields) -> Said:
    return Said("image", media=(MediaRef(_id(fields, "MediaId"), "image"),))


def _voice(fields: Fields) -> Said:
    """The 16 kHz copy is the one that can be understood. Recognition is normally empty."""
    clear = _text(fields, "MediaId16K") or _id(fields, "MediaId")
    recognised = _text(fields, "Recognition")[:LONGEST_TEXT]
    return Said("voice", recognised, (MediaRef(clear[:LONGEST_ID], "voice"),))


def _video(fields: Fields) -> Said:
    return Said("video", media=(MediaRef(_id(fields, "MediaId"), "video"),))


def _location(fields: Fields) -> Said:
    place = f"{_text(fields, 'Location_X')},{_text(fields, 'Location_Y')}"
    return Said("location", f"{_text(fields, 'Label')[:200]}({place[:40]})")


def _link(fields: Fields) -> Said:
    return Said("link", f"{_text(fields, 'Title')[:200]} {_text(fields, 'Url')[:500]}".strip())


def _unreadable(_: Fields) -> Said:
    """A kind of message we have never heard of still comes from a person, who waits."""
    return Said("event")


def _subscribe(fields: Fields) -> Happened:
    key = _text(fields, "EventKey")
    scene = (
        {"scene": key[len(SCENE_PREFIX) :][:LONGEST_KEY]} if key.startswith(SCENE_PREFIX) else {}
    )
    return Happened("subscribe", scene, waits=True, act="follow", follows=True)


def _unsubscribe(_: Fields) -> Happened:
    return Happened("unsubscribe", {}, follows=False)


def _scan(fields: Fields) -> Happened:
    """Somebody who follows already scanned a code: a binding code waits for an answer."""
    return Happened("SCAN", {"scene": _key(fields)}, waits=True, act="scan")


def _click(fields: Fields) -> Happened:
    key = _key(fields)
    return Happened("CLICK", {"key": key}, words_of(key), waits=True, act="menu")


def _view(fields: Fields) -> Happened:
    return Happened("VIEW", {"key": _key(fields)})


def _receipt(fields: Fields) -> Happened:
    """The MsgID here is the sent template's, with a capital D: no key to tell repeats by."""
    status = _text(fields, "Status")[:LONGEST_KEY]
    receipt = Receipt(_id(fields, "MsgID"), delivered=status == "success", code=status)
    more: dict[str, str | bool] = {
        "provider_id": receipt.provider_id,
        "status": status,
        "delivered": receipt.delivered,
    }
    return Happened("TEMPLATESENDJOBFINISH", more, receipts=(receipt,))


def _consent(name: str, fields: Fields, account: WeChatAccount) -> Happened:
    """What somebody agreed to be sent, or what became of what was sent so."""
    more = {"list": consent.listed(name, fields)}
    if name == consent.SENT:
        return Happened(name, more, receipts=consent.receipts(fields, account, _sent_at(fields)))
    return Happened(name, more, choices=consent.choices(name, fields, account))


def _unheard_of(_: Fields) -> Happened:
    return Happened("unknown", {})


_MESSAGES: Mapping[str, Callable[[Fields], Said]] = {
    "text": _words,
    "image": _image,
    "voice": _voice,
    "video": _video,
    "shortvideo": _video,
    "location": _location,
    "link": _link,
}

_EVENTS: Mapping[str, Callable[[Fields], Happened]] = {
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "scan": _scan,
    "click": _click,
    "view": _view,
    "templatesendjobfinish": _receipt,
}


def read_instant(written: str) -> datetime | None:
    """Seconds since 1970, or milliseconds as some platforms write them; None for anything else."""
    if not (written.isascii() and written.isdigit() and len(written) <= _LONGEST_STAMP):
        return None
    number = int(written)
    return datetime.fromtimestamp(number / 1000 if number > _MILLISECONDS else number, UTC)


def _sent_at(fields: Fields) -> datetime:
    sent_at = read_instant(_text(fields, "CreateTime"))
    if sent_at is None:
        reason = "create_time"
        raise MalformedCallbackError(reason)
    return sent_at


def _key(fields: Fields) -> str:
    return _text(fields, "EventKey")[:LONGEST_KEY]


def _id(fields: Fields, name: str) -> str:
    """A value that must be there and short: an openid, a message or media id."""
    value = _text(fields, name)
    if not 1 <= len(value) <= LONGEST_ID:
        reason = f"missing_{name}"
        raise MalformedCallbackError(reason)
    return value


def _text(fields: Fields, name: str) -> str:
    """A plain value; nested or repeated elements count as absent."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""
