"""Encryption at rest: names, numbers and message bodies, under keys bound to table, column and row.

A sealed value copied to another row or column does not open. Blind indexes use a separate key and
exist only for values that must be found exactly (phone, openid, identity number).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_KEY = 32
_VERSION = b"\x01"


class VaultError(Exception):
    """A sealed value does not open: wrong key, or it was moved or altered."""


class KeyFormatError(ValueError):
    """A key is not 32 bytes of base64."""


def parse_key(text: str) -> bytes:
    """Read a base64 key of 32 bytes; raises `KeyFormatError` with what to do."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != _KEY:
        msg = "The key must be 32 bytes in base64; make one with `openssl rand -base64 32`."
        raise KeyFormatError(msg)
    return key


class Vault:
    """Seals and opens values. `place` is "table.column", `row` the row's id."""

    def __init__(self, secret_key: bytes, index_key: bytes) -> None:
        self._secret_key = secret_key
        self._index_key = index_key
        self._cipher = lru_cache(maxsize=64)(self._derive)

    def seal(self, text: str, place: str, row: str) -> bytes:
        return self.seal_bytes(text.encode("utf-8", "surrogatepass"), place, row)

    def open(self, sealed: bytes | None, place: str, row: str) -> str:
        if sealed is None:
            return ""
        return self.open_bytes(sealed, place, row).decode("utf-8", "surrogatepass")

    def seal_bytes(self, content: bytes, place: str, row: str) -> bytes:
        nonce = os.urandom(_NONCE)
        box = self._cipher(place).encrypt(nonce, content, _bound(place, row))
        return _VERSION + nonce + box

    def open_bytes(self, sealed: bytes, place: str, row: str) -> bytes:
        nonce, box = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        if sealed[:1] != _VERSION:
            msg = f"{place} of row {row} was not sealed by this version."
            raise VaultError(msg)
        try:
            return self._cipher(place).decrypt(nonce, box, _bound(place, row))
        except InvalidTag:
            msg = (
                f"{place} of row {row} does not open: wrong key, or the value was moved or altered."
            )
            raise VaultError(msg) from None

    def index(self, value: str, kind: str) -> str:
        """A blind index: equal values of one kind have equal indexes, and nothing else shows."""
        text = f"{kind}\x00{value}".encode("utf-8", "surrogatepass")
        return hmac.new(self._index_key, text, hashlib.sha256).hexdigest()

    def _derive(self, place: str) -> AESGCM:
        hkdf = HKDF(algorithm=hashes.SHA256(), length=_KEY, salt=None, info=place.encode())
        return AESGCM(hkdf.derive(self._secret_key))


def _bound(place: str, row: str) -> bytes:
    return f"{place}\x00{row}".encode()
