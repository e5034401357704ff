"""Opens WeCom's callbacks and seals passive answers, over wechatpy's cipher. Nothing comes in plain.

Everything that is wrong with a callback is a `MalformedCallbackError`: wechatpy itself raises half
a dozen unrelated exceptions. Signatures are compared in constant time, which wechatpy does not.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any

from wechatpy.enterprise.crypto import PrpCrypto, WeChatCrypto
from wechatpy.enterprise.replies import TextReply
from wechatpy.utils import WeChatSigner

from channels.wechat.codec import (
    BROKEN_CIPHER,
    ForgedCallbackError,
    MalformedCallbackError,
    read_xml,
)
from channels.wecom.account import WeComAccount

__all__ = ["CallbackCodec", "ForgedCallbackError", "MalformedCallbackError"]


class CallbackCodec:
    """Verifies, opens and answers the callbacks of one application."""

    def __init__(self, account: WeComAccount) -> None:
        self._account = account
        self._key = base64.b64decode(f"{account.aes_key}=")

    def verify(self, query: Mapping[str, str]) -> str:
        """The echo of an address verification, which comes sealed and goes back open."""
        return self._open(query, query.get("echostr", ""))

    def open(self, query: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
        """The fields of a callback for this application."""
        outer = read_xml(body)
        encrypted = outer.get("Encrypt")
        if not isinstance(encrypted, str):
            raise MalformedCallbackError("not_encrypted")  # noqa: EM101 - a code
        fields = read_xml(self._open(query, encrypted).encode())
        agent = outer.get("AgentID")
        if agent is not None and str(agent) != str(self._account.agent_id):
            raise MalformedCallbackError("another_agent")  # noqa: EM101 - a code
        return fields

    def answer(self, fields: Mapping[str, Any], query: Mapping[str, str], text: str) -> str:
        """A passive text answer to the member who wrote."""
        source, target = str(fields.get("ToUserName")), str(fields.get("FromUserName"))
        given = query.get("timestamp", "")
        stamp = given if given.isascii() and given.isdigit() else "0"
        xml: str = TextReply(content=text, source=source, target=target, time=stamp).render()
        crypto = WeChatCrypto(self._account.token, self._account.aes_key, self._account.corp_id)
        sealed: str = crypto.encrypt_message(xml, query.get("nonce", ""), stamp)
        return sealed

    def _open(self, query: Mapping[str, str], encrypted: str) -> str:
        signer = WeChatSigner()
        signer.add_data(self._account.token, query.get("timestamp", ""), query.get("nonce", ""))
        signer.add_data(encrypted)
        expected: str = signer.signature
        given = query.get("msg_signature", "").encode("utf-8", "replace")
        if not hmac.compare_digest(expected.encode(), given):
            raise ForgedCallbackError("msg_signature")  # noqa: EM101 - a code
        try:
            return str(PrpCrypto(self._key).decrypt(encrypted, self._account.corp_id))
        except BROKEN_CIPHER:
            raise MalformedCallbackError("does_not_decrypt") from None  # noqa: EM101 - a code
