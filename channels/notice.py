"""Notices to practitioners: a log line without words, and a webhook of the operator's if there is one.

The words of a notice name no patient; the inbox shows the rest after signing in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import httpx
import structlog

from channels.port import Letter, Result, SendOutcome

CALL_SECONDS = 10.0
_NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NoticeChannel:
    """Posts `{to, name, text, send_key, sent_at}` as JSON; any 2xx is accepted. The address is an id."""

    http: httpx.AsyncClient | None = None
    url: str | None = None
    name: str = "notice"
    windowed: bool = False

    def has_template(self, name: str) -> bool:
        return False

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        log.info("notice", practitioner_id=letter.address, outbound_message_id=letter.message_id)
        if self.http is None or self.url is None:
            return SendOutcome(Result.ACCEPTED)
        notice = {
            "to": letter.address,
            "name": letter.name,
            "text": letter.body,
            "send_key": letter.send_key,
            "sent_at": now.isoformat(),
        }
        try:
            response = await self.http.post(self.url, json=notice, timeout=CALL_SECONDS)
        except _NEVER_LEFT as error:
            return SendOutcome(Result.RETRY, reason=type(error).__name__)
        except httpx.HTTPError as error:
            return SendOutcome(Result.UNKNOWN, reason=type(error).__name__)
        return _outcome_of(response.status_code)

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        return await self.send_text(letter, now)


def _outcome_of(status: int) -> SendOutcome:
    if httpx.codes.is_success(status):
        return SendOutcome(Result.ACCEPTED, str(status))
    if httpx.codes.is_server_error(status) or status == httpx.codes.TOO_MANY_REQUESTS:
        return SendOutcome(Result.RETRY, str(status), "webhook_busy")
    return SendOutcome(Result.OPERATOR, str(status), "webhook_refused")
