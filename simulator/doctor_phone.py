"""A doctor's phone: shows the notices that a plain webhook delivers to it, and answers them."""

from dataclasses import dataclass
from typing import Any

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator.chat_view import time_label
from simulator.log import Entry, Kind
from simulator.pages import Pages
from simulator.platform import Platform

NOTHING_NEW = 204
KEPT = 50
REPLIES = ("收到", "已联系", "转诊", "120", "打不通", "误报")
_ANSWER_WITHIN = 5.0
_LOST = "（没有发出去）"


@dataclass(frozen=True, slots=True)
class Said:
    """What the doctor answered to a notice, and what came back."""

    text: str
    back: str


class DoctorPhone:
    """`POST /notices` puts a notice on the screen of `/doctor-phone`, where it can be answered."""

    def __init__(self, platform: Platform, pages: Pages) -> None:
        self._platform = platform
        self._pages = pages
        self._said: dict[int, list[Said]] = {}

    def routes(self) -> list[Route]:
        return [
            Route("/notices", self.receive, methods=["POST"]),
            Route("/doctor-phone", self.page, methods=["GET"]),
            Route("/doctor-phone/feed", self.feed, methods=["GET"]),
            Route("/doctor-phone/reply", self.reply, methods=["POST"]),
        ]

    async def receive(self, request: Request) -> Response:
        """Take `{"to", "text"}` and optionally `name` (of `to`), `title`, `url` and where to reply."""
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
            reply_url=_web_address(body.get("reply_url")),
            reply_token=str(body.get("reply_token") or ""),
        )
        return JSONResponse({"errcode": 0, "errmsg": "ok", "id": entry.seq})

    async def reply(self, request: Request) -> Response:
        """Answer one notice in words, as a doctor would from the chat."""
        form = await request.form()
        seq, to = str(form.get("notice", "")), str(form.get("to", ""))
        text = str(form.get("text", "")).strip()
        found = next((e for e in self._notices(None) if str(e.seq) == seq), None)
        if found is None or not text or not found.details["reply_url"]:
            return Response(status_code=404)
        back = await self._post(found, text)
        self._said.setdefault(found.seq, []).append(Said(text, back))
        return RedirectResponse(f"/doctor-phone?to={to}" if to else "/doctor-phone", 303)

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

    async def _post(self, notice: Entry, text: str) -> str:
        body = {"token": notice.details["reply_token"], "text": text}
        try:
            answer = await self._platform.http.post(
                notice.details["reply_url"], json=body, timeout=_ANSWER_WITHIN
            )
            return str(answer.json()["text"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return _LOST

    def _notices(self, to: str | None) -> list[Entry]:
        return list(self._platform.log.entries(to, Kind.NOTICE))

    def _screen(self, request: Request) -> dict[str, Any]:
        to = request.query_params.get("to")
        entries = self._notices(to)
        latest = entries[: -KEPT - 1 : -1]
        answers = sum(len(said) for said in self._said.values())
        return {
            "to": to or "",
            "version": entries[-1].seq + answers if entries else 0,
            "notices": [self._notice(entry) for entry in latest],
            "replies": REPLIES,
        }

    def _notice(self, entry: Entry) -> dict[str, Any]:
        return {
            "seq": entry.seq,
            "to": entry.details["name"],
            "title": entry.details["title"],
            "text": entry.text,
            "url": entry.details["url"],
            "time": time_label(entry.at, self._platform.clock()),
            "answerable": bool(entry.details["reply_url"]),
            "said": self._said.get(entry.seq, []),
        }


def _web_address(value: object) -> str:
    """Only web addresses become links."""
    text = str(value or "")
    return text if text.startswith(("http://", "https://")) else ""
