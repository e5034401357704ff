"""TC3-HMAC-SHA256, by which Tencent Cloud knows who asks. Pure: the time is an argument."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime

ALGORITHM = "TC3-HMAC-SHA256"
CONTENT_TYPE = "application/json; charset=utf-8"
_SIGNED = "content-type;host"


@dataclass(frozen=True, slots=True)
class SecretPair:
    """The account's key; its secret never leaves this machine."""

    id: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Operation:
    """What is asked of which service, in its own words."""

    service: str
    name: str
    version: str
    region: str


def signed_headers(
    pair: SecretPair, operation: Operation, *, host: str, path: str, body: bytes, now: datetime
) -> dict[str, str]:
    """The headers of a POST with a JSON body."""
    timestamp = str(int(now.timestamp()))
    day = f"{now.astimezone(UTC):%Y-%m-%d}"
    scope = f"{day}/{operation.service}/tc3_request"
    lines = f"content-type:{CONTENT_TYPE}\nhost:{host}\n"
    request = f"POST\n{path}\n\n{lines}\n{_SIGNED}\n{hashlib.sha256(body).hexdigest()}"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"TC3{pair.key}".encode()
    for part in (day, operation.service, "tc3_request"):
        key = _mac(key, part)
    signature = _mac(key, f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}").hex()
    return {
        "host": host,
        "content-type": CONTENT_TYPE,
        "x-tc-action": operation.name,
        "x-tc-version": operation.version,
        "x-tc-region": operation.region,
        "x-tc-timestamp": timestamp,
        "authorization": (
            f"{ALGORITHM} Credential={pair.id}/{scope}, SignedHeaders={_SIGNED}, "
            f"Signature={signature}"
        ),
    }


def _mac(key: bytes, message: str) -> bytes:
    return hmac.new(key, message.encode(), hashlib.sha256).digest()
