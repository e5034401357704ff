"""WeChat's message encryption, written from the public description and shared with nobody.

The product uses wechatpy for the same job. This one is separate on purpose: a mistake made on both
sides at once would otherwise pass every test. It is proven against two npm packages instead.
"""

import base64
import binascii
import hmac
import os
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import TypeAlias
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32  # WeChat pads to 32 bytes although AES works on 16
RANDOM = 16
KEY_LENGTH = 43

# A list stands for an element that is repeated; a mapping for one that holds others.
Value: TypeAlias = "str | int | Mapping[str, Value] | Sequence[Mapping[str, Value]]"
Fields: TypeAlias = Mapping[str, Value]

# Characters that XML 1.0 cannot carry at all; a phone's keyboard does not produce them.
UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class CodecError(Exception):
    """The bytes are not a WeChat message for this account."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The four parts of an encrypted reply."""

    encrypt: str
    signature: str
    timestamp: str
    nonce: str


class Codec:
    """Encrypts, decrypts and signs for one official account."""

    def __init__(self, token: str, encoding_aes_key: str, app_id: str) -> None:
        if len(encoding_aes_key) != KEY_LENGTH:
            message = f"an EncodingAESKey has {KEY_LENGTH} characters"
            raise CodecError(message)
        self._token = token
        self._app_id = app_id.encode()
        self._key = base64.b64decode(encoding_aes_key + "=")

    def encrypt(self, text: str, *, random: bytes | None = None) -> str:
        head = os.urandom(RANDOM) if random is None else random
        body = text.encode()
        plain = head + struct.pack(">I", len(body)) + body + self._app_id
        pad = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher().encryptor()
        sealed = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(sealed).decode()

    def decrypt(self, encrypted: str) -> str:
        """Return the text, or raise `CodecError` when it is damaged or meant for another account."""
        try:
            sealed = base64.b64decode(encrypted, validate=True)
            decryptor = self._cipher().decryptor()
            padded = decryptor.update(sealed) + decryptor.finalize()
        except (binascii.Error, ValueError) as error:
            message = "not a whole number of AES blocks in base64"
            raise CodecError(message) from error
        return self._open(_unpad(padded))

    def sign(self, timestamp: str, nonce: str, encrypted: str | None = None) -> str:
        """Return `msg_signature` with a cipher text, the plain `signature` without one."""
        parts = [self._token, timestamp, nonce]
        if encrypted is not None:
            parts.append(encrypted)
        return sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()

    def open_reply(self, body: str) -> str:
        """Check the signature of an encrypted passive reply and return the XML inside."""
        envelope = read_envelope(body)
        expected = self.sign(envelope.timestamp, envelope.nonce, envelope.encrypt)
        if not hmac.compare_digest(expected, envelope.signature):
            message = "the reply's MsgSignature is wrong"
            raise CodecError(message)
        return self.decrypt(envelope.encrypt)

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))

    def _open(self, plain: bytes) -> str:
        start = RANDOM + 4
        if len(plain) < start:
            message = "the message is shorter than its own header"
            raise CodecError(message)
        (length,) = struct.unpack(">I", plain[RANDOM:start])
        end = start + length
        if not hmac.compare_digest(plain[end:], self._app_id):
            message = "the message belongs to another account"
            raise CodecError(message)
        try:
            return plain[start:end].decode()
        except UnicodeDecodeError as error:
            message = "the message is not UTF-8"
            raise CodecError(message) from error


def build_xml(fields: Fields) -> str:
    """Numbers stand bare, text in CDATA, as WeChat writes it."""
    return f"<xml>{_elements(fields)}</xml>"


def read_xml(text: str) -> dict[str, str]:
    """Return the top-level elements; nested ones keep their inner text only."""
    if "<!DOCTYPE" in text:
        message = "a document type has no place in a reply"
        raise CodecError(message)
    try:
        root = ET.fromstring(text)  # noqa: S314 - document types are refused above
    except ET.ParseError as error:
        message = "the reply is not XML"
        raise CodecError(message) from error
    return {child.tag: "".join(child.itertext()) for child in root}


def read_envelope(body: str) -> Envelope:
    fields = read_xml(body)
    try:
        return Envelope(
            encrypt=fields["Encrypt"],
            signature=fields["MsgSignature"],
            timestamp=fields["TimeStamp"],
            nonce=fields["Nonce"],
        )
    except KeyError as error:
        message = f"the reply lacks {error.args[0]}"
        raise CodecError(message) from error


def _elements(fields: Fields) -> str:
    return "".join(_element(name, value) for name, value in fields.items())


def _element(name: str, value: Value) -> str:
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    if isinstance(value, str):
        return f"<{name}>{_cdata(value)}</{name}>"
    if isinstance(value, Mapping):
        return f"<{name}>{_elements(value)}</{name}>"
    return "".join(_element(name, each) for each in value)


def _cdata(value: str) -> str:
    value = UNPRINTABLE.sub("", value)
    if "]]>" in value:
        return escape(value)
    return f"<![CDATA[{value}]]>"


def _unpad(padded: bytes) -> bytes:
    pad = padded[-1] if padded else 0
    if not 1 <= pad <= BLOCK or padded[-pad:] != bytes([pad]) * pad:
        message = "the padding is wrong"
        raise CodecError(message)
    return padded[:-pad]
