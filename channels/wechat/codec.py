"""Opens callbacks and seals passive replies, over wechatpy's cipher.

Everything that is wrong with a callback is a `MalformedCallbackError`: wechatpy itself raises half
a dozen unrelated exceptions. Signatures are compared in constant time, which wechatpy does not.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

import xmltodict
from wechatpy.crypto import PrpCrypto, WeChatCrypto
from wechatpy.exceptions import WeChatException
from wechatpy.replies import TextReply
from wechatpy.utils import WeChatSigner

from channels.wechat.account import WeChatAccount

_BROKEN_XML = (ExpatError, ValueError, LookupError, RecursionError)
BROKEN_CIPHER = (
    WeChatException,
    binascii.Error,
    struct.error,
    ValueError,
    IndexError,
    TypeError,
    AttributeError,
)


class MalformedCallbackError(Exception):
    """A callback that is not one of ours, or not a message. The reason is a code, never content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ForgedCallbackError(MalformedCallbackError):
    """A callback whose signature does not hold."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The fields of a verified callback, and which key opened it (None: it came in plain)."""

    fields: Mapping[str, Any]
    key_number: int | None


class CallbackCodec:
    """Verifies, opens and answers the callbacks of one account."""

    def __init__(self, account: WeChatAccount) -> None:
        self._account = account
        self._keys = tuple(base64.b64decode(f"{key}=") for key in account.aes_keys)

    def verify(self, query: Mapping[str, str]) -> str:
        """The echo of an address verification."""
        self._check(query, "signature")
        return query.get("echostr", "")

    def open(self, query: Mapping[str, str], body: bytes) -> Opened:
        """The fields of a callback in the mode that the account allows."""
        outer = read_xml(body)
        encrypted = outer.get("Encrypt")
        if encrypted is None:
            if not self._account.allow_plain:
                reason = "not_encrypted"
                raise MalformedCallbackError(reason)
            self._check(query, "signature")
            return Opened(outer, None)
        if not isinstance(encrypted, str):
            reason = "encrypt_not_text"
            raise MalformedCallbackError(reason)
        self._check(query, "msg_signature", encrypted)
        xml, number = self._decrypt(encrypted)
        return Opened(read_xml(xml.encode()), number)

    def answer(self, opened: Opened, query: Mapping[str, str], text: str) -> str:
        """A passive text reply, sealed with the key that opened the message."""
        source, target = str(opened.fields["ToUserName"]), str(opened.fields["FromUserName"])
        given = query.get("timestamp", "")
        stamp = given if given.isascii() and given.isdigit() else "0"
        reply = TextReply(content=text, source=source, target=target, time=stamp)
        xml: str = reply.render()
        if opened.key_number is None:
            return xml
        key = self._account.aes_keys[opened.key_number]
        crypto = WeChatCrypto(self._account.token, key, self._account.app_id)
        sealed: str = crypto.encrypt_message(xml, query.get("nonce", ""), stamp)
        return sealed

    def _check(self, query: Mapping[str, str], name: str, *more: str) -> None:
        signer = WeChatSigner()
        signer.add_data(self._account.token, query.get("timestamp", ""), query.get("nonce", ""))
        signer.add_data(*more)
        expected: str = signer.signature
        given = query.get(name, "").encode("utf-8", "replace")
        if not hmac.compare_digest(expected.encode(), given):
            raise ForgedCallbackError(name)

    def _decrypt(self, encrypted: str) -> tuple[str, int]:
        """Try the present key, then the one before it: a roll-over takes a while to arrive."""
        for number, key in enumerate(self._keys):
            try:
                return str(PrpCrypto(key).decrypt(encrypted, self._account.app_id)), number
            except BROKEN_CIPHER:
                continue
        reason = "does_not_decrypt"
        raise MalformedCallbackError(reason)


def read_xml(body: bytes) -> Mapping[str, Any]:
    """The fields below `<xml>`. Entities and document types are refused."""
    try:
        document = xmltodict.parse(body, encoding="utf-8")
    except _BROKEN_XML:
        reason = "not_xml"
        raise MalformedCallbackError(reason) from None
    fields = document.get("xml")
    if not isinstance(fields, dict):
        reason = "no_fields"
        raise MalformedCallbackError(reason)
    return fields
