import base64
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.codec import Codec, CodecError, build_xml, read_envelope, read_xml

TOKEN = "demo-token"
APP_ID = "wx5823bf96d3bd56c7"
AES_KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
StartPeer = Callable[..., Any]
TEXTS = [
    "",
    "高压一百六",
    "头晕😵‍💫🩺",
    "𠮷𡃁𪚥老人",  # CJK extension B
    "<xml>]]></xml>&",
    "长" * 5000,
    *("a" * n for n in range(1, 40)),  # every length of padding
]


@pytest.fixture
def codec() -> Codec:
    return Codec(TOKEN, AES_KEY, APP_ID)


@given(st.text())
def test_what_is_encrypted_can_be_read_again(text: str) -> None:
    printable = text.encode("utf-8", "ignore").decode()
    codec = Codec(TOKEN, AES_KEY, APP_ID)
    assert codec.decrypt(codec.encrypt(printable)) == printable


@pytest.mark.parametrize("library", ["wechat-crypto", "@wecom/crypto"])
def test_two_independent_libraries_agree_in_both_directions(
    start_peer: StartPeer, codec: Codec, library: str
) -> None:
    peer = start_peer("crypt_peer.js")
    request = {
        "library": library,
        "token": TOKEN,
        "key": AES_KEY,
        "id": APP_ID,
        "timestamp": "1763800000",
        "nonce": "8675309",
    }
    for text in TEXTS:
        theirs = peer.ask({**request, "text": text})
        assert codec.decrypt(theirs["cipher"]) == text
        assert codec.sign("1763800000", "8675309", theirs["cipher"]) == theirs["signature"]

        ours = codec.encrypt(text)
        read = peer.ask({**request, "cipher": ours})
        assert (read["text"], read["id"]) == (text, APP_ID)
        assert read["signature"] == codec.sign("1763800000", "8675309", ours)


def test_a_message_for_another_account_is_refused(codec: Codec) -> None:
    other = Codec(TOKEN, AES_KEY, "wx0000000000000000")
    with pytest.raises(CodecError, match="another account"):
        codec.decrypt(other.encrypt("你好"))


@pytest.mark.parametrize(
    ("cipher", "reason"),
    [
        ("不是base64", "base64"),
        ("YWJj", "AES blocks"),
        ("", "padding"),
        (base64.b64encode(b"\0" * 64).decode(), "padding"),
    ],
)
def test_damaged_cipher_text_is_refused(codec: Codec, cipher: str, reason: str) -> None:
    with pytest.raises(CodecError, match=reason):
        codec.decrypt(cipher)


def _sealed(codec: Codec, plain: bytes) -> str:
    pad = 32 - len(plain) % 32
    encryptor = codec._cipher().encryptor()
    return base64.b64encode(
        encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
    ).decode()


def test_a_message_shorter_than_its_header_is_refused(codec: Codec) -> None:
    with pytest.raises(CodecError, match="shorter"):
        codec.decrypt(_sealed(codec, b"short"))


def test_a_message_that_is_not_utf8_is_refused(codec: Codec) -> None:
    plain = b"r" * 16 + b"\0\0\0\2" + b"\xff\xfe" + APP_ID.encode()
    with pytest.raises(CodecError, match="UTF-8"):
        codec.decrypt(_sealed(codec, plain))


def test_a_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(CodecError, match="43"):
        Codec(TOKEN, "short", APP_ID)


def test_xml_written_here_is_read_back(codec: Codec) -> None:
    fields: dict[str, str | int] = {
        "Content": "血压<165/98>&",
        "Odd": "a]]>b",
        "CreateTime": 1763800000,
    }
    assert read_xml(build_xml(fields)) == {**fields, "CreateTime": "1763800000"}


def test_characters_that_xml_cannot_carry_are_left_out() -> None:
    assert read_xml(build_xml({"Content": "血\x00压\x08"})) == {"Content": "血压"}


@pytest.mark.parametrize("text", ["", "plain words", "<xml>", '<!DOCTYPE x [<!ENTITY a "b">]><x/>'])
def test_a_reply_that_is_not_plain_xml_is_refused(text: str) -> None:
    with pytest.raises(CodecError):
        read_xml(text)


def _reply(codec: Codec, xml: str, signature: str | None = None) -> str:
    cipher = codec.encrypt(xml)
    return build_xml(
        {
            "Encrypt": cipher,
            "MsgSignature": signature or codec.sign("1763800000", "42", cipher),
            "TimeStamp": 1763800000,
            "Nonce": "42",
        }
    )


def test_a_signed_reply_is_opened(codec: Codec) -> None:
    assert codec.open_reply(_reply(codec, "<xml/>")) == "<xml/>"


def test_a_reply_with_a_wrong_signature_is_refused(codec: Codec) -> None:
    with pytest.raises(CodecError, match="MsgSignature"):
        codec.open_reply(_reply(codec, "<xml/>", signature="0" * 40))


def test_a_reply_without_its_four_parts_is_refused() -> None:
    with pytest.raises(CodecError, match="MsgSignature"):
        read_envelope("<xml><Encrypt>x</Encrypt></xml>")
