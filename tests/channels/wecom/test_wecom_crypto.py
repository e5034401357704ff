"""Our codec and npm @wecom/crypto, which nobody here wrote: each reads what the other sealed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from channels.wecom.account import WeComAccount
from channels.wecom.codec import CallbackCodec, ForgedCallbackError, MalformedCallbackError
from tests.channels.wecom.corp import AGENT, CORP, KEY, SECRET, TOKEN

PEERS = Path(__file__).parents[2] / "peers"
STAMP, NONCE = "1795395600", "8675309"
TEXTS = ["收到", "转诊 4821", "头晕😵‍💫🩺", "𠮷𡃁<165/98>&]]>", "长" * 700]


@pytest.fixture(scope="module")
def node() -> None:
    """The peers' packages; a laptop may do without them, CI may not."""
    ready = (PEERS / "node_modules").is_dir() and shutil.which("node") is not None
    if not ready and not os.environ.get("CI"):
        pytest.skip("the Node peers are not installed: run scripts/peers.sh")
    assert ready


def peer(*asked: dict[str, str]) -> list[Any]:
    """What the library says to each request."""
    common = {
        "library": "@wecom/crypto",
        "token": TOKEN,
        "key": KEY,
        "id": CORP,
        "timestamp": STAMP,
        "nonce": NONCE,
    }
    lines = "".join(json.dumps({**common, **one}) + "\n" for one in asked)
    done = subprocess.run(
        ["node", "--no-deprecation", "crypt_peer.js"],
        cwd=PEERS,
        input=lines,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=30,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def codec() -> CallbackCodec:
    return CallbackCodec(WeComAccount(CORP, AGENT, SECRET, TOKEN, KEY))


def query(signature: str, **more: str) -> dict[str, str]:
    return {"msg_signature": signature, "timestamp": STAMP, "nonce": NONCE, **more}


def message(text: str) -> str:
    safe = text.replace("]]>", "]]]]><![CDATA[>")
    return (
        f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><FromUserName><![CDATA[li]]>"
        f"</FromUserName><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{safe}]]></Content>"
        f"<AgentID>{AGENT}</AgentID></xml>"
    )


@pytest.mark.usefixtures("node")
def test_what_the_library_sealed_is_opened_here(codec: CallbackCodec) -> None:
    for text, theirs in zip(TEXTS, peer(*({"text": message(one)} for one in TEXTS)), strict=True):
        body = f"<xml><AgentID>{AGENT}</AgentID><Encrypt>{theirs['cipher']}</Encrypt></xml>"
        fields = codec.open(query(theirs["signature"]), body.encode())
        assert (fields["Content"], fields["FromUserName"]) == (text, "li")


@pytest.mark.usefixtures("node")
def test_what_was_sealed_here_is_opened_by_the_library(codec: CallbackCodec) -> None:
    fields = {"ToUserName": CORP, "FromUserName": "li"}
    answers = [codec.answer(fields, query(""), text) for text in TEXTS]
    parts = [
        {
            name: re.search(f"<{name}>(?:<!\\[CDATA\\[)?(.*?)(?:\\]\\]>)?</{name}>", one)
            for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")
        }
        for one in answers
    ]
    found = [{name: match[1] if match else "" for name, match in one.items()} for one in parts]
    for text, ours, read in zip(
        TEXTS, found, peer(*({"cipher": one["Encrypt"]} for one in found)), strict=True
    ):
        assert read["id"] == CORP
        assert read["signature"] == ours["MsgSignature"]
        assert (ours["TimeStamp"], ours["Nonce"]) == (STAMP, NONCE)
        assert text.split("]]>")[0] in read["text"]


@pytest.mark.usefixtures("node")
def test_the_echo_of_an_address_comes_sealed_and_goes_back_open(codec: CallbackCodec) -> None:
    (sealed,) = peer({"text": "1616140317555161061"})
    asked = query(sealed["signature"], echostr=sealed["cipher"])
    assert codec.verify(asked) == "1616140317555161061"
    with pytest.raises(ForgedCallbackError):
        codec.verify({**asked, "nonce": "1"})


@pytest.mark.usefixtures("node")
def test_a_message_for_another_corporation_is_refused(codec: CallbackCodec) -> None:
    (foreign,) = peer({"text": message("收到"), "id": "ww-another"})
    body = f"<xml><Encrypt>{foreign['cipher']}</Encrypt></xml>"
    with pytest.raises(MalformedCallbackError, match="does_not_decrypt"):
        codec.open(query(foreign["signature"]), body.encode())
