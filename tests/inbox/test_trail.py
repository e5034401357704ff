"""The pages of the trail and of the staff."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from inbox.words import word
from tests.inbox.browser import Opening
from tests.inbox.office import Office

ROOT = Path(__file__).parents[2]
_WRITERS = ("records", "inbox", "agent", "schedules", "suifang")
_CODE = re.compile(r"[a-z_]+(\.[a-z_]+)?")


async def test_the_township_sees_who_read_and_corrected_what(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a", "王桂芳")
        wrong = county.pressure(person, 190, 115)
    village = await browser("doctor_a")
    await village.get(f"/persons/{person}")
    await village.get(f"/readings/{wrong}/correct")
    fields = {"what": "number", "systolic": "119", "diastolic": "75", "reason": "misread"}
    assert (await village.post(f"/readings/{wrong}/correct", fields)).status_code == 303
    one = await browser("town_doctor")
    page = (await one.get(f"/audit?person={person}")).text
    for words in ("李建国", "看了资料", "更正了测量值", "190/115 → 119/75", "系统听错、看错了"):
        assert words in page
    assert "登录" not in re.sub(r"<(form|header|p).*?</\1>", "", page, flags=re.DOTALL)
    page = (await one.get("/audit?kind=door&day=2026-11-23")).text
    assert "登录" in page
    assert "没有这样的记录" in (await one.get("/audit?day=2020-01-01")).text
    for odd in ("/audit?day=x&page=0&kind=x", "/audit?page=99999"):
        assert (await one.get(odd)).status_code == 200


async def test_the_file_leads_to_who_looked_at_it(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a")
    words = f"/audit?person={person}"
    assert words in (await (await browser("town_doctor")).get(f"/persons/{person}")).text
    assert words not in (await (await browser("doctor_a")).get(f"/persons/{person}")).text


async def test_a_wrong_password_stands_in_the_trail(browser: Opening) -> None:
    assert (await (await browser()).sign_in("doctor_a", "wrong password")).status_code == 401
    page = (await (await browser("town_doctor")).get("/audit")).text
    assert "登录失败，密码不对" in page


async def test_the_trail_of_a_person_elsewhere_does_not_exist(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("c")
    one = await browser("town_doctor")
    assert (await one.get(f"/audit?person={person}")).status_code == 404
    assert (await one.get("/audit?person=x")).status_code == 404


@pytest.mark.parametrize("path", ["/audit", "/staff"])
async def test_below_the_township_these_pages_do_not_exist(browser: Opening, path: str) -> None:
    for login in ("doctor_a", "bureau"):
        assert (await (await browser(login)).get(path)).status_code == 404


async def test_roles_and_catchments_stand_in_one_place(office: Office, browser: Opening) -> None:
    with office.county() as county:
        county.person("a")
    one = await browser("town_doctor")
    page = (await one.get("/staff")).text
    for words in ("东沟村", "李建国", "村医", "管着 1 人", "还没有登录过", "今天 09:00来过"):
        assert words in page
    assert "南湾村" not in page


@pytest.mark.parametrize("login", ["doctor_a", "town_doctor", "duty", "bureau", "curator"])
async def test_every_page_that_is_offered_opens(browser: Opening, login: str) -> None:
    one = await browser(login)
    page = (await one.get("/account")).text
    offered = set(re.findall(r'href="(/[a-z/-]*)"', page))
    assert {"/account"} < offered
    for path in offered:
        answer = await one.get(path)
        assert answer.status_code in {200, 303}, path


def test_every_action_that_is_written_down_has_its_words() -> None:
    nameless = {
        code
        for folder in _WRITERS
        for path in (ROOT / folder).rglob("*.py")
        for code in _actions(path)
        if code != "read" and word("audit_action", code) == code
    }
    assert nameless == set()


def _actions(path: Path) -> set[str]:
    """The codes a module hands to the trail: `action="x"` and the third word of its `_note`."""
    text = path.read_text("utf-8")
    if "audit" not in text:
        return set()
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.keyword) and node.arg == "action":
            found |= _texts(node.value)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_note":
            found |= {text for argument in node.args[1:3] for text in _texts(argument)}
    return {code for code in found if _CODE.fullmatch(code)}


def _texts(node: ast.expr) -> set[str]:
    if isinstance(node, ast.IfExp):
        return _texts(node.body) | _texts(node.orelse)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return {str(node.value)} if is_text else set()  # type: ignore[attr-defined]
