"""Temporary media: kept three days, then gone, as on the platform."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.errors import ApiError

KEPT = timedelta(days=3)
MEGABYTE = 1024 * 1024

# kind: (largest size, error when larger, accepted content types with their file ending)
KINDS: dict[str, tuple[int, int, dict[str, str]]] = {
    "image": (10 * MEGABYTE, 40009, {"image/jpeg": "jpg", "image/png": "png"}),
    "voice": (
        2 * MEGABYTE,
        40010,
        {"audio/amr": "amr", "audio/mpeg": "mp3", "audio/mp3": "mp3", "voice/speex": "speex"},
    ),
}
MAGIC = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"#!AMR": "audio/amr",
    b"ID3": "audio/mpeg",
    b"\xff\xfb": "audio/mpeg",
    b"OggS": "voice/speex",
}


@dataclass(frozen=True, slots=True)
class Medium:
    """One uploaded file."""

    media_id: str
    kind: str
    content_type: str
    content: bytes
    created_at: datetime

    @property
    def ending(self) -> str:
        return KINDS[self.kind][2][self.content_type]


class MediaStore:
    """Holds what patients and the product uploaded."""

    def __init__(self) -> None:
        self._media: dict[str, Medium] = {}

    def keep(self, kind: str, content: bytes, content_type: str, now: datetime) -> Medium:
        """Store a file, refusing what WeChat refuses; the bytes decide, not the declared type."""
        if kind not in KINDS:
            raise ApiError(40004)
        if not content:
            raise ApiError(41005)
        largest, too_large, accepted = KINDS[kind]
        actual = sniff(content) or content_type
        if actual not in accepted:
            raise ApiError(40005)
        if len(content) > largest:
            raise ApiError(too_large)
        medium = Medium(secrets.token_urlsafe(48), kind, actual, content, now)
        self._media[medium.media_id] = medium
        return medium

    def fetch(self, media_id: str, now: datetime) -> Medium:
        medium = self._media.get(media_id)
        if medium is None or now - medium.created_at >= KEPT:
            raise ApiError(40007)
        return medium


def sniff(content: bytes) -> str | None:
    return next((kind for magic, kind in MAGIC.items() if content.startswith(magic)), None)
