"""A web page that looks like a phone with keys, where a newcomer reads and writes text messages.

Works without JavaScript: the form posts and redirects, the messages are a frame that reloads itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator.aliyun import Aliyun
from simulator.chat_view import TIME_SHOWN_AFTER, Bubble, time_label
from simulator.clock import PEOPLES_ZONE
from simulator.line_view import Step
from simulator.log import Entry, Kind
from simulator.pages import Pages
from simulator.phone import PhonePages
from simulator.settings import DemoKeypad

SEE_OTHER, NOTHING_NEW = 303, 204
# A message on such a phone holds this many signs.
LONGEST_TEXT = 300
KEPT = 100
KEYS = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "空格", "0", "删")


@dataclass(frozen=True, slots=True)
class KeypadPages:
    """Each keypad phone's page and what can be done on it."""

    keypads: tuple[DemoKeypad, ...]
    aliyun: Aliyun
    pages: Pages
    phones: PhonePages

    def routes(self) -> list[Route]:
        return [
            Route("/keypad/{number}", self.phone, methods=["GET"]),
            Route("/keypad/{number}/messages", self.messages, methods=["GET"]),
            Route("/keypad/{number}/feed", self.feed, methods=["GET"]),
            Route("/keypad/{number}/text", self.write, methods=["POST"]),
        ]

    async def phone(self, request: Request) -> Response:
        keypad = self._keypad(request)
        return self.pages.response(
            "keypad.html",
            people=self.phones.people_now(),
            chosen=keypad.number,
            keys=KEYS,
            longest=LONGEST_TEXT,
            **self._screen(keypad),
        )

    async def messages(self, request: Request) -> Response:
        """Return the messages alone, for the frame of browsers without JavaScript."""
        return self.pages.response("sms_frame.html", **self._screen(self._keypad(request)))

    async def feed(self, request: Request) -> Response:
        """Return the changed parts of the screen, or nothing when the page is up to date."""
        screen = self._screen(self._keypad(request))
        if request.query_params.get("version") == str(screen["version"]):
            return Response(status_code=NOTHING_NEW)
        return JSONResponse(
            {
                "version": screen["version"],
                "following": True,
                "chat": self.pages.render("sms.html", **screen),
                "line": self.pages.render("sms_line.html", **screen),
            }
        )

    async def write(self, request: Request) -> Response:
        """Text back, then show the phone again."""
        keypad = self._keypad(request)
        async with request.form() as form:
            text = str(form.get("text", "")).strip()[:LONGEST_TEXT]
        if text:
            self.aliyun.reply(keypad.number, text)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"problem": ""})
        return RedirectResponse(f"/keypad/{keypad.number}", SEE_OTHER)

    def _keypad(self, request: Request) -> DemoKeypad:
        number = request.path_params["number"]
        found = next((one for one in self.keypads if one.number == number), None)
        if found is None:
            raise HTTPException(404)
        return found

    def _screen(self, keypad: DemoKeypad) -> dict[str, Any]:
        cloud = self.aliyun.cloud
        entries = list(cloud.log.entries(keypad.number))
        return {
            "keypad": keypad,
            "version": entries[-1].seq if entries else 0,
            "bubbles": list(_bubbles(entries, cloud.clock()))[-KEPT:],
            "steps": [step for entry in entries if (step := _step(entry))][: -KEPT - 1 : -1],
            "balance": cloud.balance,
        }


def _bubbles(entries: Iterable[Entry], now: datetime) -> Iterator[Bubble]:
    everything = list(entries)
    states = {
        int(one.details["about"]): "sent" if one.details["taken"] else "failed"
        for one in everything
        if one.kind is Kind.PUSH and (one.details["taken"] or one.details["last"])
    }
    before: datetime | None = None
    for entry in everything:
        if entry.kind not in {Kind.SMS, Kind.SMS_SENT}:
            continue
        gap = before is None or entry.at - before >= TIME_SHOWN_AFTER
        before = entry.at
        mine = entry.kind is Kind.SMS_SENT
        yield Bubble(
            "mine" if mine else "theirs",
            entry.text,
            state=states.get(entry.seq, "sending") if mine else "",
            time=time_label(entry.at, now) if gap else "",
        )


def _step(entry: Entry) -> Step | None:
    time = f"{entry.at.astimezone(PEOPLES_ZONE):%H:%M:%S}"
    details = entry.details
    match entry.kind:
        case Kind.SMS:
            return Step(time, "in", "短信到手机", f"模板 {details['template']} · 签名已验")
        case Kind.SMS_SENT:
            return Step(time, "out", "手机发出短信", "上行，由短信平台推给服务端")
        case Kind.PUSH:
            what = "推送上行" if details["about"] else "推送回执"
            said = "已确认" if details["taken"] else "没有应答"
            tone = "good" if details["taken"] else "bad"
            return Step(time, tone, f"{what}第 {details['number']} 次：{said}")
    return None
