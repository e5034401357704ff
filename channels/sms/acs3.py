"""ACS3-HMAC-SHA256, by which Aliyun knows who asks. Pure: the time and the nonce are arguments."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote

ALGORITHM = "ACS3-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class AccessKey:
    """The account's key; its secret never leaves this machine."""

    id: str
    secret: str = field(repr=False)


def query_string(query: Mapping[str, str]) -> str:
    """The query as it is signed and sent: sorted, everything but letters, digits and -._~ escaped."""
    return "&".join(f"{_escaped(name)}={_escaped(query[name])}" for name in sorted(query))


def signed_headers(
    key: AccessKey,
    *,
    host: str,
    path: str,
    action: str,
    version: str,
    query: Mapping[str, str],
    now: datetime,
    nonce: str,
) -> dict[str, str]:
    """The headers of a POST without a body."""
    body_hash = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": body_hash,
        "x-acs-date": f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    # The names stand in alphabetical order above, as the signature wants them.
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n{path}\n{query_string(query)}\n{lines}\n{names}\n{body_hash}"
    digest = hashlib.sha256(request.encode()).hexdigest()
    signature = hmac.new(key.secret.encode(), f"{ALGORITHM}\n{digest}".encode(), hashlib.sha256)
    return headers | {
        "authorization": (
            f"{ALGORITHM} Credential={key.id},SignedHeaders={names},"
            f"Signature={signature.hexdigest()}"
        )
    }


def _escaped(text: str) -> str:
    # A lone surrogate cannot be written in UTF-8: it becomes a question mark, here and in the URL.
    return quote(text.encode("utf-8", "replace"), safe="~")
