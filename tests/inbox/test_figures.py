"""The page of figures: who sees it, what it shows, and what one may do on it."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from openpyxl import load_workbook
from sqlmodel import select

from records.identity import new_id
from records.tables import AuditEvent, Enrolment, FacilityEstimate, FollowUp
from reports.definition import definitions, settings_words
from reports.keeping import refresh
from tests.inbox.browser import Browser, Opening
from tests.inbox.county import County
from tests.inbox.office import Office

Peopled = Callable[..., None]


@pytest.fixture
def peopled(office: Office) -> Peopled:
    """So many people with hypertension in each village, enrolled a year ago and seen in October."""

    def fill(**villages: int) -> None:
        with office.county() as county:
            for village, people in villages.items():
                for _ in range(people):
                    person, _ = county.person(village)
                    _see(county, person, office.now)
        refresh(office.database, office.now)

    return fill


def _see(county: County, person: str, now: datetime) -> None:
    row = county.session.exec(select(Enrolment).where(Enrolment.person_id == person)).one()
    row.enrolled_on = (now - timedelta(days=365)).date()
    visit = FollowUp(
        id=new_id(),
        person_id=person,
        programme="hypertension",
        due_on=row.enrolled_on,
        state="signed",
        mode="face_to_face",
        held_on=now.date().replace(month=10, day=5),
    )
    county.session.add(visit)


async def test_a_doctor_sees_the_village_with_every_definition(
    peopled: Peopled, browser: Opening
) -> None:
    peopled(a=1)
    page = (await (await browser("doctor_a")).get("/reports")).text
    assert "2026年11月" in page
    assert "少于5" not in page
    assert "消息、电话都不算" in page
    for choice in settings_words(definitions().rules):
        assert choice in page
    assert "这个月没有记下医生的操作" in page
    for table in definitions().tables:
        for figure in table.figures if table.by == "place" else ():
            assert figure.name in page
            assert figure.definition in page
            assert figure.source in page


async def test_before_the_worker_ever_counted_the_page_says_so(browser: Opening) -> None:
    page = (await (await browser("doctor_a")).get("/reports")).text
    assert "还没有算过" in page
    assert "还画不出来" in page


async def test_the_bureau_goes_down_from_the_county_to_the_village_without_small_numbers(
    office: Office, peopled: Peopled, browser: Opening
) -> None:
    peopled(a=2, b=30, c=8)
    one = await browser("bureau")
    county = (await one.get("/reports")).text
    assert "2026年10月" in county
    assert "已封存" in county
    town = office.built.places["town"].id
    assert f"area={town}&amp;month=2026-10" in county
    page = (await one.get(f"/reports?area={town}&month=2026-10")).text
    for words in ("东沟村", "西坡村", "少于5", "＊", "清水县", "血压控制率（基本公卫）"):
        assert words in page
    assert "王桂芳" not in page
    assert 'href="/tasks"' not in page
    assert "<svg" in county
    village = office.built.places["b"].id
    assert (await one.get(f"/reports?area={village}&month=2026-10")).status_code == 200


async def test_one_turns_the_months_but_not_into_the_future(browser: Opening) -> None:
    one = await browser("doctor_a")
    now = (await one.get("/reports")).text
    assert "month=2026-10" in now
    assert "month=2026-12" not in now
    assert "没过完" in now
    before = (await one.get("/reports?month=2026-10")).text
    assert "month=2026-11" in before


@pytest.mark.parametrize("path", ["/reports", "/reports/export"])
async def test_another_area_or_month_or_kind_does_not_exist(
    office: Office, browser: Opening, path: str
) -> None:
    one = await browser("doctor_a")
    for place in ("b", "town", "county"):
        area = office.built.places[place].id
        assert (await one.get(f"{path}?area={area}")).status_code == 404
    for query in ("area=nowhere", "area=-", "month=2026-12", "month=x", "month=2026-13"):
        assert (await one.get(f"{path}?{query}")).status_code == 404, query
    assert (await one.get("/reports/export?format=exe")).status_code == 404


async def test_the_curator_finds_no_figures_and_no_way_to_them(browser: Opening) -> None:
    one = await browser("curator")
    for path in ("/reports", "/reports/export", "/counts"):
        assert (await one.get(path)).status_code == 404
    assert 'href="/reports"' not in (await one.get("/account")).text
    assert (await one.get("/")).headers["location"] == "/desk/articles"


async def test_the_old_address_leads_here(browser: Opening) -> None:
    answer = await (await browser("doctor_a")).get("/counts")
    assert (answer.status_code, answer.headers["location"]) == (301, "/reports")


@pytest.mark.parametrize(
    ("kind", "begins"), [("xlsx", b"PK"), ("pdf", b"%PDF"), ("csv", b"\xef\xbb\xbf")]
)
async def test_the_report_can_be_taken_away_and_that_is_noted(
    office: Office, peopled: Peopled, browser: Opening, kind: str, begins: bytes
) -> None:
    peopled(a=2, b=30)
    one = await browser("bureau")
    answer = await one.get(f"/reports/export?month=2026-10&format={kind}")
    assert answer.content.startswith(begins)
    disposition = answer.headers["content-disposition"]
    assert disposition.startswith(f'attachment; filename="2026-10.{kind}"')
    assert "%E6%B8%85%E6%B0%B4%E5%8E%BF" in disposition
    with office.database.reading() as session:
        noted = session.exec(select(AuditEvent).where(AuditEvent.action == "export")).one()
    assert (noted.subject_id, noted.detail) == ("2026-10", {"format": kind})


async def test_the_workload_names_doctors_and_no_patient(office: Office, browser: Opening) -> None:
    with office.county() as county:
        county.alarm(*county.person("a", "王桂芳"))
    one = await browser("doctor_a")
    await one.get("/")
    case = next(part for part in one.page.split('"') if part.startswith("/cases/"))
    await one.get(case)
    await one.post(f"{case}/acknowledge")
    content = (await one.get("/reports/export")).content
    sheet = load_workbook(io.BytesIO(content))["工作量"]
    assert [cell.value for cell in sheet[1]] == ["指标", "合计", "李建国"]
    assert [cell.value for cell in sheet[2]] == ["认领", 1, 1]
    assert "王桂芳" not in (await one.get("/reports")).text


def estimating(office: Office, **changed: str) -> dict[str, str]:
    area = office.built.places["county"].id
    given = {"area": area, "back": area, "month": "2026-11", "programme": "hypertension"}
    return {**given, "patients": "100", "source": "2025年慢病普查", **changed}


async def test_the_county_says_how_many_patients_it_thinks_it_has(
    office: Office, peopled: Peopled, browser: Opening
) -> None:
    peopled(b=30)
    one: Browser = await browser("bureau")
    assert "缺估计数" in (await one.get("/reports?month=2026-11")).text
    answer = await one.post("/reports/estimates", estimating(office))
    page = (await one.get(answer.headers["location"])).text
    assert "估计数已保存" in page
    assert "30.0%" in page
    with office.database.reading() as session:
        row = session.exec(select(FacilityEstimate)).one()
        noted = session.exec(select(AuditEvent).where(AuditEvent.action == "estimate")).one()
    assert (row.patients, row.year, row.source) == (100, 2026, "2025年慢病普查")
    assert noted.detail["estimate"] == row.id


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"patients": "0"}, "人数要写成大于 0 的整数"),
        ({"patients": "many"}, "人数要写成大于 0 的整数"),
        ({"source": " "}, "从哪里来"),
    ],
)
async def test_an_estimate_that_is_none_is_refused_in_words(
    office: Office, browser: Opening, changed: dict[str, str], words: str
) -> None:
    one = await browser("duty")
    await one.get("/reports")
    answer = await one.post("/reports/estimates", estimating(office, **changed))
    assert words in (await one.get(answer.headers["location"])).text


@pytest.mark.parametrize(
    ("login", "changed"),
    [
        ("doctor_a", {}),
        ("town_doctor", {}),
        ("curator", {}),
        ("bureau", {"area": "nowhere"}),
        ("bureau", {"month": "soon"}),
        ("bureau", {"programme": "cancer"}),
    ],
)
async def test_nobody_else_and_nowhere_else_sets_an_estimate(
    office: Office, browser: Opening, login: str, changed: dict[str, str]
) -> None:
    one = await browser(login)
    answer = await one.post("/reports/estimates", estimating(office, **changed))
    assert answer.status_code == 404
    with office.database.reading() as session:
        assert session.exec(select(FacilityEstimate)).all() == []
