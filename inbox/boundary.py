"""The outermost layer: security headers on every answer, and a calm page instead of a traceback."""

from __future__ import annotations

import structlog
from starlette.datastructures import MutableHeaders
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from inbox.page import error_page

STATIC = "/static/"

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
# A photo or voice file comes from a stranger: nothing in it may run, whatever it claims to be.
MEDIA_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: browsers would then send "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_YEAR = 31_536_000

log = structlog.get_logger("inbox")


class Boundary:
    """Pure ASGI, so that it also covers the answer to an error nobody expected."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self.app = app
        self.secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._add_headers(scope["path"], MutableHeaders(scope=message))
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            # Type and place only: the text of an error may quote a patient.
            log.exception("request.failed", error=type(error).__name__)
            if started:
                raise
            page: HTMLResponse = error_page(500)
            await page(scope, receive, send_with_headers)

    def _add_headers(self, path: str, headers: MutableHeaders) -> None:
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        kept = f"public, max-age={_YEAR}, immutable" if path.startswith(STATIC) else "no-store"
        headers.setdefault("Cache-Control", kept)
        if self.secure:
            headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}")
