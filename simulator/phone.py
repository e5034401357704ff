"""A web page that looks like a phone with WeChat, where the newcomer is a patient.

Works without JavaScript: forms post and redirect, the chat is a frame that reloads itself.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator.chat_view import bubbles, time_label
from simulator.clock import PEOPLES_ZONE
from simulator.errors import ApiError
from simulator.followers import Follower
from simulator.line_view import steps
from simulator.log import ARRIVALS, Kind
from simulator.pages import STATIC, Pages
from simulator.patient import NotFollowingError, PatientSide
from simulator.platform import Platform
from simulator.subscription import ACCEPT, REJECT
from simulator.voices import CLIPS, clip

Act: TypeAlias = Callable[[str, FormData], Awaitable[None]]

SEE_OTHER = 303
NOTHING_NEW = 204
LONGEST_TEXT = 2000
PREVIEW = 24
SAMPLE_PHOTO = STATIC / "sample-meter.jpg"
VILLAGE = (34.3416, 108.9398)


class PhonePages:
    """The list of patients, each one's phone, and what can be tapped on it."""

    def __init__(self, platform: Platform, patients: PatientSide, pages: Pages) -> None:
        self._platform = platform
        self._patients = patients
        self._pages = pages
        self._acts: dict[str, Act] = {
            "text": self._text,
            "photo": self._photo,
            "voice": self._voice,
            "location": self._location,
            "menu": self._menu,
            "follow": self._follow,
            "unfollow": self._unfollow,
            "scan": self._scan,
            "repeat": self._repeat,
            "agree": self._agree,
        }

    def routes(self) -> list[Route]:
        return [
            Route("/", self.people, methods=["GET"]),
            Route("/media/{media_id}", self.media, methods=["GET"]),
            Route("/phone/{openid}", self.phone, methods=["GET"]),
            Route("/phone/{openid}/messages", self.messages, methods=["GET"]),
            Route("/phone/{openid}/feed", self.feed, methods=["GET"]),
            Route("/phone/{openid}/{act}", self.act, methods=["POST"]),
        ]

    async def people(self, _: Request) -> Response:
        return self._pages.response("people.html", people=self.people_now(), chosen="")

    async def phone(self, request: Request) -> Response:
        follower = self._follower(request)
        return self._pages.response(
            "phone.html",
            people=self.people_now(),
            chosen=follower.patient.openid,
            problem=request.query_params.get("problem", ""),
            clips=CLIPS,
            **self._screen(follower),
        )

    async def messages(self, request: Request) -> Response:
        """Return the chat alone, for the frame of browsers without JavaScript."""
        return self._pages.response("messages.html", **self._screen(self._follower(request)))

    async def feed(self, request: Request) -> Response:
        """Return the changed parts of the screen, or nothing when the page is up to date."""
        follower = self._follower(request)
        screen = self._screen(follower)
        if request.query_params.get("version") == str(screen["version"]):
            return Response(status_code=NOTHING_NEW)
        return JSONResponse(
            {
                "version": screen["version"],
                "following": follower.following,
                "chat": self._pages.render("chat.html", **screen),
                "line": self._pages.render("line.html", **screen),
            }
        )

    async def act(self, request: Request) -> Response:
        """Do what was tapped, then show the phone again."""
        openid = self._follower(request).patient.openid
        act = self._acts.get(request.path_params["act"])
        if act is None:
            raise HTTPException(404)
        problem = ""
        async with request.form() as form:
            try:
                await act(openid, form)
            except (ApiError, NotFollowingError, ValueError) as error:
                problem = getattr(error, "errmsg", "") or str(error) or "还没有关注公众号"
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse({"problem": problem})
        url = request.url_for("phone", openid=openid)
        if problem:
            url = url.include_query_params(problem=problem)
        return RedirectResponse(url, status_code=SEE_OTHER)

    async def media(self, request: Request) -> Response:
        try:
            medium = self._platform.media.fetch(
                request.path_params["media_id"], self._platform.clock()
            )
        except ApiError:
            raise HTTPException(404) from None
        return Response(medium.content, media_type=medium.content_type)

    async def _text(self, openid: str, form: FormData) -> None:
        text = str(form.get("text", "")).strip()
        if not text:
            return
        if len(text) > LONGEST_TEXT:
            message = f"一次最多发{LONGEST_TEXT}个字"
            raise ValueError(message)
        self._patients.say(openid, text)

    async def _photo(self, openid: str, form: FormData) -> None:
        content, content_type = await _uploaded(form)
        if asked := str(form.get("shows", "")).strip():
            content = await run_in_threadpool(self._taken, asked, str(form.get("how", "")))
        self._patients.photograph(openid, content or SAMPLE_PHOTO.read_bytes(), content_type)

    def _taken(self, asked: str, how: str) -> bytes:
        from simulator.pictures.asked import taken  # noqa: PLC0415 - a tenth of a second of start

        return taken(asked, how, self._platform.clock().astimezone(PEOPLES_ZONE).date())

    async def _voice(self, openid: str, form: FormData) -> None:
        content, content_type = await _uploaded(form)
        self._patients.speak(openid, content or clip(str(form.get("clip", ""))), content_type)

    async def _location(self, openid: str, _: FormData) -> None:
        village = self._platform.followers.get(openid).patient.village
        self._patients.locate(openid, *VILLAGE, village)

    async def _menu(self, openid: str, form: FormData) -> None:
        key = str(form.get("key", ""))
        if key not in self._platform.menu.labels():
            message = "没有这个菜单"
            raise ValueError(message)
        self._patients.press(openid, key)

    async def _follow(self, openid: str, _: FormData) -> None:
        self._patients.follow(openid)

    async def _unfollow(self, openid: str, _: FormData) -> None:
        self._patients.unfollow(openid)

    async def _scan(self, openid: str, form: FormData) -> None:
        if self._patients.scan(openid, str(form.get("code", "")).strip()) is None:
            message = "这个二维码没有用，或者已经过期"
            raise ValueError(message)

    async def _agree(self, openid: str, form: FormData) -> None:
        """The answer to WeChat's question about a template: accept, reject, or off for good."""
        template_id, answer = str(form.get("template", "")), str(form.get("answer", ""))
        if answer == "off":
            self._patients.switch_off(openid, template_id)
        elif answer in {ACCEPT, REJECT}:
            self._patients.answer(openid, {template_id: answer})
        else:
            message = "没有这个回答"
            raise ValueError(message)

    async def _repeat(self, openid: str, _: FormData) -> None:
        self._patients.repeat(openid)

    def _follower(self, request: Request) -> Follower:
        try:
            return self._platform.followers.get(request.path_params["openid"])
        except ApiError:
            raise HTTPException(404) from None

    def _screen(self, follower: Follower) -> dict[str, Any]:
        platform, now = self._platform, self._platform.clock()
        openid = follower.patient.openid
        entries = list(platform.log.entries(openid))
        closes_at = platform.quota.closes_at(openid, now)
        return {
            "patient": follower.patient,
            "following": follower.following,
            "version": entries[-1].seq if entries else 0,
            "bubbles": bubbles(entries, now, attempts=platform.settings.attempts),
            "steps": steps(entries),
            "menu": platform.menu.buttons,
            "asked": self._asked(openid),
            "quota_left": platform.quota.left(openid, now),
            "quota_until": f"{closes_at.astimezone(PEOPLES_ZONE):%m-%d %H:%M}" if closes_at else "",
        }

    def _asked(self, openid: str) -> list[dict[str, Any]]:
        """What WeChat may ask this person about, and where they stand with it."""
        consents, specs = self._platform.consents, self._platform.templates.subscribable()
        return [
            {
                "spec": spec,
                "open": consents.open(openid, spec),
                "left": consents.of(openid, spec.template_id).left,
            }
            for spec in specs
        ]

    def people_now(self) -> list[dict[str, Any]]:
        """Everybody with WeChat, for the list beside any phone."""
        return [self._person(follower) for follower in self._platform.followers]

    def _person(self, follower: Follower) -> dict[str, Any]:
        kinds = (Kind.INBOUND, *ARRIVALS)
        entries = list(self._platform.log.entries(follower.patient.openid, *kinds))
        last = entries[-1] if entries else None
        now = self._platform.clock()
        return {
            "patient": follower.patient,
            "preview": " ".join(last.text.split())[:PREVIEW] if last else "",
            "time": time_label(last.at, now) if last else "",
        }


async def _uploaded(form: FormData) -> tuple[bytes, str]:
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        return b"", ""
    return await upload.read(), upload.content_type or ""
