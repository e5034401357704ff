"""A doctor's phone: shows the notices that a plain webhook delivers to it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.chat_view import time_label
from simulator.log import Entry, Kind
from simulator.pages import Pages
from simulator.platform import Platform

NOTHING_NEW = 204
KEPT = 50


class DoctorPhone:
    """`POST /notices` puts a notice on the screen of `/doctor-phone`."""

    def __init__(self, platform: Platform, pages: Pages) -> None:
        self._platform = platform
        self._pages = pages

    def routes(self) -> list[Route]:
        return [
            Route("/notices", self.receive, methods=["POST"]),
            Route("/doctor-phone", self.page, methods=["GET"]),
            Route("/doctor-phone/feed", self.feed, methods=["GET"]),
        ]

    async def receive(self, request: Request) -> Response:
        """Take `{"to", "text"}` and optionally `name` (of `to`), `title` and `url`."""
        try:
            body = await request.json()
            to, text = body["to"], body["text"]
        except (ValueError, KeyError, TypeError):
            return JSONResponse({"errcode": 1, "errmsg": "to and text are required"}, 422)
        entry = self._platform.log.append(
            Kind.NOTICE,
            str(to),
            str(text),
            name=str(body.get("name") or to),
            title=str(body.get("title") or ""),
            url=_web_address(body.get("url")),
        )
        return JSONResponse({"errcode": 0, "errmsg": "ok", "id": entry.seq})

    async def page(self, request: Request) -> Response:
        now = self._platform.clock()
        weekday = "一二三四五六日"[now.weekday()]
        return self._pages.response(
            "doctor.html",
            clock=f"{now:%H:%M}",
            day=f"{now.month}月{now.day}日 星期{weekday}",
            **self._screen(request),
        )

    async def feed(self, request: Request) -> Response:
        screen = self._screen(request)
        if request.query_params.get("version") == str(screen["version"]):
            return Response(status_code=NOTHING_NEW)
        html = self._pages.render("notices.html", **screen)
        return JSONResponse({"version": screen["version"], "notices": html})

    def _screen(self, request: Request) -> dict[str, Any]:
        to = request.query_params.get("to")
        entries = list(self._platform.log.entries(to, Kind.NOTICE))
        latest = entries[: -KEPT - 1 : -1]
        return {
            "to": to or "",
            "version": entries[-1].seq if entries else 0,
            "notices": [self._notice(entry) for entry in latest],
        }

    def _notice(self, entry: Entry) -> dict[str, str]:
        return {
            "to": entry.details["name"],
            "title": entry.details["title"],
            "text": entry.text,
            "url": entry.details["url"],
            "time": time_label(entry.at, self._platform.clock()),
        }


def _web_address(value: object) -> str:
    """Only web addresses become links."""
    text = str(value or "")
    return text if text.startswith(("http://", "https://")) else ""
