"""Signing in through WeCom or WeChat: there and back, bound once with a code, then a second factor.

The platform only says who holds the phone. What opens a session, and what makes a binding hold, is
the password, or this browser when the password was given on it within thirty days.
"""

from __future__ import annotations

from collections.abc import Callable

from fastapi import APIRouter, HTTPException
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from channels.authorizing import IdentitySource, NotKnown
from inbox.account import SESSION_SECONDS, address_of, compare, open_session
from inbox.deps import deps_of
from inbox.door import cookie_name, device_cookie, set_cookie
from inbox.form import CSRF_FIELD, Fields, form_of
from inbox.page import show
from inbox.typed import local_path
from inbox.words import word
from records import arriving, devices, identities
from records.arriving import Arrived, Departure
from records.practitioners import Ticket, same

VISIT_COOKIE, _VISIT_PATH = "suifang_visit", "/sign-in"
_VISIT_SECONDS = int(arriving.LASTS.total_seconds())
_DEVICE_SECONDS = int(devices.LASTS.total_seconds())
# Problems that a second try may mend.
_AGAIN = frozenset({"state_lost", "code_used", "declined", "not_answered", "snapshot"})

router = APIRouter()


@router.get("/sign-in/step")
async def step(request: Request) -> Response:
    """What is still missing: the code that binds, or the password."""
    here = await _here(request)
    return _next_page(request, here) if here else problem_page(request, "state_lost")


@router.post("/sign-in/bind")
async def bind(request: Request) -> Response:
    """The code from the account's page says which account this member or openid is to be tied to."""
    here, fields = await _posted(request)
    if here is None:
        return problem_page(request, "state_lost")
    deps = deps_of(request)
    now, code = deps.clock(), fields.get("code", "")

    def tie(session: Session) -> str:
        if here.credentials is not None:
            return ""
        if not arriving.may_guess(session, here.visit_id):
            return "too_many"
        who = identities.redeem(session, deps.vault, code, now)
        if who is None:
            return "code_wrong"
        arriving.claim(session, here.visit_id, who)
        return ""

    problem = await deps.database.write(tie)
    if problem == "code_wrong":
        return _next_page(request, here, problem=problem, status=422)
    if problem:
        return problem_page(request, problem, here.provider)
    return RedirectResponse("/sign-in/step", 303)


@router.post("/sign-in/confirm")
async def confirm(request: Request) -> Response:
    """The password, on a browser that is not trusted yet."""
    here, fields = await _posted(request)
    if here is None or here.credentials is None:
        return problem_page(request, "state_lost")
    deps = deps_of(request)
    password = fields.get("password", "")
    known, problem = await compare(deps, here.login, password, address_of(request))
    if known is None:
        status = 429 if problem == "too_many" else 401
        return _next_page(request, here, problem=problem, status=status)
    if known.practitioner_id != here.credentials.practitioner_id:
        return problem_page(request, "state_lost")
    now = deps.clock()

    def trust(session: Session) -> str:
        return devices.trust(session, deps.vault, known.practitioner_id, now)

    return await _open(request, here, trust)


@router.get("/sign-in/{provider}")
async def leave(request: Request, provider: str) -> Response:
    """To the platform's authorize page, with a state that only this browser can bring back."""
    deps, source = deps_of(request), _source(request, provider)
    now, back = deps.clock(), local_path(request.query_params.get("back"))
    address = address_of(request)
    leaving = await deps.database.write(
        lambda session: arriving.depart(session, deps.vault, provider, back, address, now)
    )
    if leaving is None:
        return problem_page(request, "too_many", provider, status=429)
    answer = RedirectResponse(source.authorize_url(leaving.state), 303)
    set_cookie(answer, deps, VISIT_COOKIE, leaving.cookie, path=_VISIT_PATH, age=_VISIT_SECONDS)
    return answer


@router.get("/sign-in/{provider}/back")
async def come_back(request: Request, provider: str) -> Response:
    """From the platform: the state is used up first, then the code is exchanged."""
    deps, source = deps_of(request), _source(request, provider)
    cookie = request.cookies.get(VISIT_COOKIE, "")
    given = Departure(request.query_params.get("state", ""), cookie)
    now = deps.clock()
    visit = await deps.database.write(
        lambda session: arriving.come_back(session, deps.vault, provider, given, now)
    )
    if visit is None:
        return problem_page(request, "state_lost", provider)
    code = request.query_params.get("code", "")
    if not code:
        return problem_page(request, "declined", provider)
    found = await source.whois(code, now)
    if isinstance(found, NotKnown):
        return problem_page(request, found.reason, provider)
    await deps.database.write(lambda session: arriving.recognise(session, deps.vault, visit, found))
    here = await _here(request)
    if here is None or here.credentials is None:
        return RedirectResponse("/sign-in/step", 303)
    return await _known(request, here)


async def _known(request: Request, here: Arrived) -> Response:
    """Straight in where this browser is trusted; else the password is asked for."""
    deps, now = deps_of(request), deps_of(request).clock()
    who = here.credentials
    if who is None or not who.usable:
        return RedirectResponse("/sign-in/step", 303)
    device = request.cookies.get(device_cookie(deps))
    fresh = await deps.database.write(
        lambda session: devices.recognise(session, deps.vault, device, who.practitioner_id, now)
    )
    if fresh is None:
        return RedirectResponse("/sign-in/step", 303)
    return await _open(request, here, lambda _: fresh)


async def _open(request: Request, here: Arrived, device: Callable[[Session], str]) -> Response:
    """End the journey and open a session, both or neither."""
    deps, who = deps_of(request), here.credentials
    now = deps.clock()
    if who is None:
        return problem_page(request, "state_lost")

    def write(session: Session) -> tuple[Ticket, str] | str:
        if not arriving.end(session, here.visit_id, now):
            return "state_lost"
        mine = who.practitioner_id
        if here.claimed and not identities.bind(session, deps.vault, mine, here.subject, now):
            return "taken"
        trusted = device(session)
        return open_session(session, who.practitioner_id, now, by=here.provider), trusted

    opened = await deps.database.write(write)
    if isinstance(opened, str):
        return problem_page(request, opened, here.provider)
    ticket, trusted = opened
    answer = RedirectResponse(here.back, 303)
    set_cookie(answer, deps, cookie_name(deps), ticket.cookie, age=SESSION_SECONDS)
    set_cookie(answer, deps, device_cookie(deps), trusted, age=_DEVICE_SECONDS)
    answer.delete_cookie(VISIT_COOKIE, path=_VISIT_PATH)
    return answer


def problem_page(
    request: Request, problem: str, provider: str = "", *, status: int = 403
) -> Response:
    """Why it did not work, in plain words, and the way by the password."""
    who = word("identity", provider) or word("identity", "any")
    return show(
        request,
        "sign_in_problem.html",
        None,
        status=429 if problem == "too_many" else status,
        title=word("identity_title", problem if problem == "disabled" else "problem"),
        text=word("identity_problem", problem).format(who=who),
        by_password=problem != "disabled",
        again=f"/sign-in/{provider}" if provider and problem in _AGAIN else "",
    )


def _next_page(
    request: Request, here: Arrived, *, problem: str = "", status: int = 200
) -> Response:
    deps = deps_of(request)
    if here.credentials is not None and not here.credentials.usable:
        return problem_page(request, "disabled", here.provider)
    return show(
        request,
        "sign_in_step.html",
        None,
        status=status,
        csrf=arriving.form_token(deps.vault, request.cookies.get(VISIT_COOKIE, "")),
        here=here,
        bound=here.credentials is not None,
        days=devices.LASTS.days,
        length=identities.LENGTH,
        who=word("identity", here.provider),
        problem=word("problem", problem),
    )


async def _here(request: Request) -> Arrived | None:
    deps = deps_of(request)
    cookie, now = request.cookies.get(VISIT_COOKIE), deps.clock()
    return await deps.database.read(
        lambda session: arriving.arrived(session, deps.vault, cookie, now, loopback=deps.loopback)
    )


async def _posted(request: Request) -> tuple[Arrived | None, Fields]:
    """A form of this journey, from a page of ours, with the journey's own token in it."""
    fields = await form_of(request)
    cookie = request.cookies.get(VISIT_COOKIE)
    if not cookie:
        return None, fields
    if not same(fields.get(CSRF_FIELD), arriving.form_token(deps_of(request).vault, cookie)):
        raise HTTPException(403)
    return await _here(request), fields


def _source(request: Request, provider: str) -> IdentitySource:
    source = deps_of(request).sources.get(provider)
    if source is None:
        raise HTTPException(404)
    return source
