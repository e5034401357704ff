"""Builds the web app. It imports neither Chroma nor LangGraph: the web process must stay small."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from inbox import (
    account,
    ailing,
    articles,
    bell,
    binding,
    cases,
    channels,
    correcting,
    delivery,
    drafts,
    duplicates,
    duty,
    editing,
    elsewhere,
    enrolment,
    estimating,
    exporting,
    figures,
    figures_api,
    find,
    forms,
    health,
    importing,
    life,
    open_cases,
    own_bells,
    papers,
    people,
    questions,
    replies,
    rulebook,
    sound,
    strangers,
    tasks,
    trail,
    trying,
    visits,
    vouching,
    writing,
)
from inbox.boundary import Boundary
from inbox.deps import InboxDeps
from inbox.door import SignInNeededError
from inbox.page import STATIC_FOLDER, error_page


def create_app(deps: InboxDeps) -> FastAPI:
    """The app with all its pages, and the routers it was given before them."""
    app = FastAPI(
        title="Suifang", openapi_url=None, docs_url=None, redoc_url=None, lifespan=deps.lifespan
    )
    app.state.deps = deps
    # Callbacks first: a router is asked in its turn, and they come a hundred times as often.
    for router in deps.routers:
        app.include_router(router)
    for module in (
        account,
        elsewhere,
        own_bells,
        bell,
        open_cases,
        cases,
        writing,
        duty,
        replies,
        correcting,
        find,
        enrolment,
        binding,
        strangers,
        people,
        sound,
        trail,
        tasks,
        delivery,
        channels,
        figures,
        estimating,
        figures_api,
        health,
        importing,
        exporting,
        duplicates,
        life,
        ailing,
        papers,
        drafts,
        forms,
        visits,
        rulebook,
        editing,
        questions,
        articles,
        vouching,
        trying,
    ):
        app.include_router(module.router)
    app.mount("/static", StaticFiles(directory=STATIC_FOLDER), name="static")
    app.add_exception_handler(SignInNeededError, _to_the_door)
    app.add_exception_handler(HTTPException, _error)
    app.add_middleware(Boundary, secure=not deps.loopback)
    return app


async def _to_the_door(request: Request, error: Exception) -> Response:
    """Ask to sign in. What was typed travels in the form itself; nothing is stored for it."""
    if not isinstance(error, SignInNeededError):
        raise error
    if error.typed:
        return account.door_page(request, back=error.back, typed=error.typed, status=401)
    if error.back == "/":
        return RedirectResponse("/sign-in", 303)
    return RedirectResponse(f"/sign-in?back={error.back}", 303)


async def _error(_request: Request, error: Exception) -> Response:
    return error_page(error.status_code if isinstance(error, HTTPException) else 500)
