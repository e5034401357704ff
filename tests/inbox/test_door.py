"""Signing in and out, forms from elsewhere, sessions that end, and what was typed meanwhile."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from sqlmodel import select

from inbox.form import LARGEST_FORM, MOST_FIELDS
from inbox.typed import local_path
from records import practitioners
from records.tables import AuditEvent, Practitioner, SignIn
from tests.inbox.browser import Browser, Opening
from tests.inbox.county import PASSWORD
from tests.inbox.office import Office


async def test_the_right_password_opens_the_list(office: Office, browser: Opening) -> None:
    one = await browser()
    answer = await one.sign_in("doctor_a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "东沟村" in (await one.get("/")).text


@pytest.mark.parametrize(
    ("login", "password"), [("doctor_a", "wrong password"), ("nobody", PASSWORD)]
)
async def test_a_wrong_login_and_a_wrong_password_look_the_same(
    browser: Opening, login: str, password: str
) -> None:
    one = await browser()
    answer = await one.sign_in(login, password)
    assert answer.status_code == 401
    assert "账号或密码不对" in answer.text
    assert (await one.get("/")).headers["location"] == "/sign-in"


async def test_the_session_cookie_is_out_of_reach_of_scripts(browser: Opening) -> None:
    one = await browser()
    answer = await one.sign_in("doctor_a")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("suifang="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


async def test_off_loopback_the_cookie_travels_over_tls_only(
    office: Office, browser: Opening
) -> None:
    office.serve(loopback=False)
    one = await browser(scheme="https")
    answer = await one.sign_in("doctor_a")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("__Host-"))
    assert "Secure" in cookie
    assert "Path=/;" in cookie
    assert answer.headers["strict-transport-security"]
    assert (await one.get("/")).status_code == 200


async def test_a_demo_account_is_refused_off_loopback(office: Office, browser: Opening) -> None:
    with office.county() as county:
        county.practitioner("demo", "a", "village_doctor", "演示", demo=True)
    here = await browser("demo")
    assert (await here.get("/")).status_code == 200
    office.serve(loopback=False)
    there = await browser(scheme="https")
    assert (await there.sign_in("demo")).status_code == 401


async def test_after_ten_wrong_tries_even_the_right_password_waits(
    office: Office, browser: Opening
) -> None:
    one = await browser()
    for _ in range(practitioners.TRIES_PER_LOGIN):
        assert (await one.sign_in("doctor_a", "wrong password")).status_code == 401
    refused = await one.sign_in("doctor_a")
    assert refused.status_code == 429
    assert "15 分钟" in refused.text
    office.now += practitioners.TRIES_WINDOW
    assert (await one.sign_in("doctor_a")).status_code == 303


async def test_a_new_password_from_the_operator_ends_the_waiting(
    office: Office, browser: Opening
) -> None:
    one = await browser()
    for _ in range(practitioners.TRIES_PER_LOGIN + 1):
        await one.sign_in("doctor_a", "wrong password")
    with office.database.transaction() as session:
        practitioners.forget_tries(session, "Doctor_A ")
    assert (await one.sign_in("doctor_a")).status_code == 303


async def test_signing_in_clears_the_count(browser: Opening) -> None:
    one = await browser()
    for _ in range(practitioners.TRIES_PER_LOGIN - 1):
        await one.sign_in("doctor_a", "wrong password")
    assert (await one.sign_in("doctor_a")).status_code == 303
    other = await browser()
    assert (await other.sign_in("doctor_a", "wrong password")).status_code == 401


async def test_a_hash_of_older_settings_is_renewed_at_sign_in(
    office: Office, browser: Opening
) -> None:
    from argon2 import PasswordHasher

    old = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1).hash(PASSWORD)
    row_id = office.built.readers["doctor_a"].practitioner_id
    with office.database.transaction() as session:
        practitioners.rehash(session, row_id, old)
    await browser("doctor_a")
    with office.database.reading() as session:
        assert session.get_one(Practitioner, row_id).password_hash != old
    await browser("doctor_a")


async def test_whoever_is_signed_in_goes_straight_through(browser: Opening) -> None:
    one = await browser("doctor_a")
    answer = await one.get("/sign-in?back=/tasks")
    assert (answer.status_code, answer.headers["location"]) == (303, "/tasks")


async def test_signing_out_ends_the_session_on_the_server(office: Office, browser: Opening) -> None:
    one = await browser("doctor_a")
    cookies = dict(one.client.cookies)
    answer = await one.post("/sign-out")
    assert answer.headers["location"] == "/sign-in"
    one.client.cookies.update(cookies)
    assert (await one.get("/")).status_code == 303
    with office.database.reading() as session:
        assert session.exec(select(SignIn)).all() == []


async def test_sign_in_is_in_the_audit_trail(office: Office, browser: Opening) -> None:
    await browser("doctor_a")
    with office.database.reading() as session:
        event = session.exec(select(AuditEvent)).one()
    assert (event.action, event.actor) == ("sign_in", office.built.readers["doctor_a"].actor)


async def test_a_session_in_use_slides_and_an_idle_one_ends(
    office: Office, browser: Opening
) -> None:
    one = await browser("doctor_a")
    office.now += timedelta(hours=11)
    assert (await one.get("/")).status_code == 200
    office.now += timedelta(hours=11)
    assert (await one.get("/")).status_code == 200
    office.now += timedelta(hours=13)
    assert (await one.get("/")).status_code == 303


async def test_a_page_that_refreshes_itself_keeps_no_session_alive(
    office: Office, browser: Opening
) -> None:
    one = await browser("doctor_a")
    office.now += timedelta(hours=11)
    assert (await one.get("/", headers={"X-Refresh": "1"})).status_code == 200
    office.now += timedelta(hours=2)
    assert (await one.get("/", headers={"X-Refresh": "1"})).status_code == 303


async def test_a_form_without_the_token_is_refused(office: Office, browser: Opening) -> None:
    one = await browser("doctor_a")
    for fields in ({"csrf": ""}, {"csrf": "made up"}):
        answer = await one.client.post("/sign-out", data=fields)
        assert answer.status_code == 403
        assert "不能这样操作" in answer.text
    assert (await one.get("/")).status_code == 200


async def test_another_sessions_token_is_refused(browser: Opening) -> None:
    one, other = await browser("doctor_a"), await browser("doctor_b")
    one.page = other.page
    assert (await one.post("/sign-out")).status_code == 403


async def test_the_sign_in_form_needs_its_token_too(browser: Opening) -> None:
    one = await browser()
    await one.get("/sign-in")
    fields = {"login": "doctor_a", "password": PASSWORD, "csrf": "made up"}
    assert (await one.client.post("/sign-in", data=fields)).status_code == 403
    fresh = await browser()
    assert (await fresh.client.post("/sign-in", data=fields)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://elsewhere.test"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_form_from_another_site_is_refused(
    browser: Opening, headers: dict[str, str]
) -> None:
    one = await browser("doctor_a")
    one.client.headers.update(headers)
    assert (await one.post("/sign-out")).status_code == 403


async def test_a_form_from_our_own_page_is_accepted(browser: Opening) -> None:
    one = await browser("doctor_a")
    one.client.headers.update({"Origin": "http://inbox.test", "Sec-Fetch-Site": "same-origin"})
    assert (await one.post("/sign-out")).status_code == 303


async def test_only_small_plain_forms_are_read(browser: Opening) -> None:
    one = await browser("doctor_a")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    too_big = await one.client.post("/sign-out", content=b"a=" + b"x" * LARGEST_FORM, headers=kind)
    assert too_big.status_code == 413
    too_many = await one.client.post("/sign-out", content=b"a=1&" * (MOST_FIELDS + 1), headers=kind)
    assert too_many.status_code == 400
    broken = await one.client.post("/sign-out", content=b"a=\xff", headers=kind)
    assert broken.status_code == 400
    json = await one.client.post("/sign-out", json={"csrf": "x"})
    assert json.status_code == 400


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/cases/01a2-b", "/cases/01a2-b"),
        ("/tasks", "/tasks"),
        ("//elsewhere.test", "/"),
        ("https://elsewhere.test", "/"),
        ("/\\elsewhere", "/"),
        ("/a?b=c", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_one_only_goes_back_to_our_own_pages(path: str, kept: str) -> None:
    assert local_path(path) == kept


async def test_a_button_pressed_after_the_end_leads_to_the_door(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        case = county.alarm(*county.person("a"))
    one = await browser("doctor_a")
    await one.get(f"/cases/{case}")
    office.now += timedelta(hours=13)
    answer = await one.post(f"/cases/{case}/acknowledge")
    assert answer.headers["location"] == f"/sign-in?back=/cases/{case}"
    assert (await one.post("/sign-out")).headers["location"] == "/sign-in"


async def change(one: Browser, old: str, new: str, again: str | None = None) -> httpx.Response:
    await one.get("/account")
    fields = {"old": old, "new": new, "again": new if again is None else again}
    return await one.post("/account/password", fields)


async def test_a_new_password_works_and_ends_the_other_sessions(browser: Opening) -> None:
    here, elsewhere = await browser("doctor_a"), await browser("doctor_a")
    answer = await change(here, PASSWORD, "another long secret")
    assert answer.headers["location"] == "/account?done=password"
    assert "密码已改" in (await here.get("/account?done=password")).text
    assert (await elsewhere.get("/")).status_code == 303
    assert (await (await browser()).sign_in("doctor_a", "another long secret")).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        (PASSWORD, "another long secret", "different", "不一样"),
        (PASSWORD, "short", "short", "至少 10 位"),
        (PASSWORD, "x" * 201, "x" * 201, "太长"),
        ("wrong", "another long secret", "another long secret", "现在的密码不对"),
    ],
)
async def test_a_password_is_not_changed_without_good_reason(
    browser: Opening, old: str, new: str, again: str | None, words: str
) -> None:
    one = await browser("doctor_a")
    answer = await change(one, old, new, again)
    assert answer.status_code == 422
    assert words in answer.text
    assert (await (await browser()).sign_in("doctor_a")).status_code == 303


async def test_guessing_the_old_password_is_braked(browser: Opening) -> None:
    one = await browser("doctor_a")
    for _ in range(practitioners.TRIES_PER_LOGIN):
        await change(one, "wrong", "another long secret")
    assert "15 分钟" in (await change(one, "wrong", "another long secret")).text
