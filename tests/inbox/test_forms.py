"""The form of one follow-up, as a doctor meets it."""

from __future__ import annotations

import re
from datetime import date, timedelta

import httpx
from sqlmodel import col, select

from care.situation import Programme
from records import follow_ups
from records.people import china_date
from records.tables import AuditEvent, FollowUp, SignedForm, StoredReading
from tests.inbox.browser import Browser, Opening
from tests.inbox.county import PASSWORD
from tests.inbox.forms_county import WELL, drafted, fasting, measured, opened, pressure, rows
from tests.inbox.office import Office

_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')
HTN, DM = Programme.HYPERTENSION, Programme.TYPE2_DIABETES


async def test_a_draft_from_the_conversation_is_filled_in_and_says_why(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        draft = drafted(county, person, pressure(128, 76), pressure(132, 80))
    answer = await (await browser("doctor_a")).get(f"/follow-ups/{draft}")
    assert answer.status_code == 200
    assert 'name="systolic" value="130"' in answer.text
    assert 'name="diastolic" value="78"' in answer.text
    assert "家里量的平均值（全部计入），2 次" in answer.text
    assert "微信消息，不计入面对面" in answer.text
    assert "控制满意" in answer.text


FORM = {"symptoms.1": "1", "systolic": "128", "diastolic": "76", "med_adherence": "1", "adr": "1"}


def stamp(page: str) -> str:
    return page.split('name="stamp" value="')[1].split('"', maxsplit=1)[0]


async def signed(one: Browser, row: str, **changed: str) -> httpx.Response:
    """Open the form, send it as a browser would with these changes, and sign."""
    page = (await one.get(f"/follow-ups/{row}")).text
    fields = {**FORM, "do": "sign", "stamp": stamp(page), "contact": "message", **changed}
    return await one.post(f"/follow-ups/{row}", {k: v for k, v in fields.items() if v})


def versions(office: Office) -> list[SignedForm]:
    with office.database.reading() as session:
        return list(session.exec(select(SignedForm).order_by(col(SignedForm.number))).all())


def kept_row(office: Office, row: str) -> FollowUp:
    with office.database.reading() as session:
        return session.get_one(FollowUp, row)


async def test_signing_keeps_the_form_plans_the_next_and_is_audited(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        draft = drafted(county, person, pressure(128, 76))
    one = await browser("doctor_a")
    answer = await signed(one, draft, drug1_name="氨氯地平", drug1_times="1", drug1_dose="1片")
    assert answer.headers["location"] == f"/follow-ups/{draft}?done=signed"
    page = (await one.get(answer.headers["location"])).text
    assert "签好了" in page
    assert "李建国" in page
    assert "微信消息（表上没有这一项，不计入面对面）" in page
    row = kept_row(office, draft)
    assert (row.state, row.mode, row.classification) == ("signed", "message", "satisfactory")
    assert row.signed_by == office.built.readers["doctor_a"].practitioner_id
    assert row.form["visit_class"] == "1"
    assert "mode" not in row.form
    assert "drug1_name" not in row.form
    assert row.words_sealed is not None
    assert row.next_due_on == date(2027, 2, 23)
    with office.database.reading() as session:
        planned = [row for row in rows(session, person) if row.state == "planned"]
        assert [(row.due_on, row.reason) for row in planned] == [(date(2027, 2, 23), "routine")]
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "sign")).one()
        assert (event.subject_id, event.person_id) == (draft, person)
        assert event.detail["proposed"] == "satisfactory"
        assert len(session.exec(select(StoredReading)).all()) == 1


async def test_a_form_sent_twice_is_one_signature(office: Office, browser: Opening) -> None:
    with office.county() as county:
        draft = drafted(county, county.person("a")[0], pressure(128, 76))
    one = await browser("doctor_a")
    page = (await one.get(f"/follow-ups/{draft}")).text
    fields = {**FORM, "do": "sign", "stamp": stamp(page)}
    for _ in range(2):
        one.page = page
        answer = await one.post(f"/follow-ups/{draft}", fields)
        assert answer.status_code == 303
    assert [version.number for version in versions(office)] == [1]


async def test_of_two_doctors_one_signs_and_the_other_keeps_what_was_typed(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        draft = drafted(county, county.person("a")[0], pressure(128, 76))
    one, other = await browser("doctor_a"), await browser("town_doctor")
    page = (await other.get(f"/follow-ups/{draft}")).text
    await signed(one, draft)
    late = {**FORM, "do": "sign", "stamp": stamp(page), "remarks": "路上遇到说头晕"}
    answer = await other.post(f"/follow-ups/{draft}", late)
    assert answer.status_code == 409
    assert "慢了一步" in answer.text
    assert "路上遇到说头晕" in answer.text
    again = await other.post(f"/follow-ups/{draft}", {**late, "stamp": stamp(answer.text)})
    assert again.status_code == 303
    assert [version.number for version in versions(office)] == [1, 2]


async def test_a_draft_changed_meanwhile_is_not_overwritten_unseen(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        draft = drafted(county, county.person("a")[0], pressure(128, 76))
    one, other = await browser("doctor_a"), await browser("town_doctor")
    before = stamp((await other.get(f"/follow-ups/{draft}")).text)
    page = (await one.get(f"/follow-ups/{draft}")).text
    saved = {**FORM, "do": "save", "stamp": stamp(page), "aux_exam": "心电图正常"}
    answer = await one.post(f"/follow-ups/{draft}", saved)
    assert answer.headers["location"].endswith("done=form_saved")
    late = await other.post(f"/follow-ups/{draft}", {**FORM, "do": "save", "stamp": before})
    assert (late.status_code, "刚被别人改过" in late.text) == (409, True)
    assert kept_row(office, draft).state == "draft"
    assert "心电图正常" in (await one.get(f"/follow-ups/{draft}")).text


async def test_a_saved_draft_may_have_gaps_and_leaves_the_class_to_the_rules(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        draft = drafted(county, county.person("a")[0], pressure(128, 76))
    one = await browser("doctor_a")
    page = (await one.get(f"/follow-ups/{draft}")).text
    fields = {"do": "save", "stamp": stamp(page), "systolic": "158", "diastolic": "96"}
    assert (await one.post(f"/follow-ups/{draft}", fields)).status_code == 303
    row = kept_row(office, draft)
    assert "visit_class" not in row.form
    assert row.form["systolic"] == 158
    page = (await one.get(f"/follow-ups/{draft}")).text
    assert "按建议：控制不满意" in page
    assert "按建议：第1次控制不满意2周随访" in page


async def test_faults_stand_beside_their_fields_with_everything_typed(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        draft = drafted(county, county.person("a")[0], pressure(128, 76))
    one = await browser("doctor_a")
    answer = await signed(
        one, draft, systolic="1280", weight="六十", remarks="记一句", **{"symptoms.1": ""}
    )
    assert answer.status_code == 422
    for words in ("这个数不可能", "要填数字", "这一项要填", 'value="1280"', "六十", "记一句"):
        assert words in answer.text
    assert kept_row(office, draft).state == "draft"


async def test_a_rare_value_is_asked_about_once(office: Office, browser: Opening) -> None:
    with office.county() as county:
        draft = drafted(county, county.person("a")[0], pressure(128, 76))
    one = await browser("doctor_a")
    answer = await signed(one, draft, heart_rate="185")
    assert answer.status_code == 422
    assert "这个数很少见" in answer.text
    again = await signed(one, draft, heart_rate="185", seen="heart_rate")
    assert again.status_code == 303


async def test_another_class_than_the_rules_needs_a_reason(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        draft = drafted(county, county.person("a")[0], pressure(128, 76))
    one = await browser("doctor_a")
    answer = await signed(one, draft, visit_class="2")
    assert (answer.status_code, "写一句理由" in answer.text) == (422, True)
    answer = await signed(one, draft, visit_class="2", class_reason="家里量的偏低，门诊158")
    assert answer.status_code == 303
    row = kept_row(office, draft)
    assert row.classification == "unsatisfactory"
    assert row.next_due_on == date(2026, 12, 7)


async def test_the_doctors_own_date_takes_the_place_of_the_planned_one(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        draft = drafted(county, person, pressure(128, 76))
        follow_ups.plan(county.session, person, HTN, date(2027, 2, 23))
    await signed(await browser("doctor_a"), draft, next_on="2026-12-21")
    with office.database.reading() as session:
        states = {row.due_on: row.state for row in rows(session, person)}
    assert states == {
        china_date(office.now): "signed",
        date(2027, 2, 23): "cancelled",
        date(2026, 12, 21): "planned",
    }


async def test_a_check_after_a_referral_stays_planned(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        draft = drafted(county, person, pressure(128, 76))
        check = china_date(office.now) + timedelta(days=10)
        follow_ups.plan(county.session, person, HTN, check, "referral_check")
    await signed(await browser("doctor_a"), draft)
    with office.database.reading() as session:
        planned = [row.due_on for row in rows(session, person) if row.state == "planned"]
    assert planned == [check]


async def test_a_signed_form_is_never_overwritten(office: Office, browser: Opening) -> None:
    with office.county() as county:
        draft = drafted(county, county.person("a")[0], pressure(128, 76))
    one = await browser("doctor_a")
    await signed(one, draft, remarks="第一次写的")
    page = (await one.get(f"/follow-ups/{draft}")).text
    assert 'name="systolic"' not in page
    page = (await one.get(f"/follow-ups/{draft}?correct=1")).text
    assert "签名（更正）" in page
    fields = {**FORM, "do": "sign", "stamp": stamp(page), "systolic": "138", "remarks": "看错了"}
    assert (await one.post(f"/follow-ups/{draft}", fields)).status_code == 303
    first, second = versions(office)
    assert (first.form["systolic"], second.form["systolic"]) == (128, 138)
    assert first.words_sealed != second.words_sealed
    page = (await one.get(f"/follow-ups/{draft}")).text
    assert "更正（第 2 版）" in page
    assert "看错了" in page
    with office.database.reading() as session:
        event = session.exec(select(AuditEvent).where(AuditEvent.action == "correct")).one()
        assert (event.subject_id, event.detail["number"]) == (draft, 2)
    save = {
        **fields,
        "do": "save",
        "stamp": stamp((await one.get(f"/follow-ups/{draft}?correct=1")).text),
    }
    assert (await one.post(f"/follow-ups/{draft}", save)).status_code == 409


async def test_a_message_never_becomes_a_visit(office: Office, browser: Opening) -> None:
    with office.county() as county:
        draft = drafted(county, county.person("a")[0], pressure(128, 76))
    await signed(await browser("doctor_a"), draft, contact="clinic", mode="1")
    row = kept_row(office, draft)
    assert (row.mode, "mode" in row.form) == ("message", False)


async def test_what_was_heard_on_the_phone_is_a_call_and_its_new_values_are_kept(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        draft = drafted(county, person, pressure(128, 76))
    one = await browser("doctor_a")
    await signed(one, draft, contact="phone", systolic="136", diastolic="82")
    row = kept_row(office, draft)
    assert (row.mode, row.form["mode"]) == ("phone", "3")
    with office.database.reading() as session:
        told = session.exec(
            select(StoredReading).where(col(StoredReading.recorded_by).is_not(None))
        ).one()
    assert (told.systolic, told.setting, told.follow_up_id) == (136, "home", draft)


async def test_what_was_taken_back_or_not_confirmed_is_not_filled_in(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        row = opened(county, person)
        measured(county, person, pressure(158, 98), certainty="joined")
        follow_ups.draft(county.session, row, WELL, None, county.now)
    page = (await (await browser("doctor_a")).get(f"/follow-ups/{row}")).text
    assert 'name="systolic" value=""' in page


async def test_last_times_medicines_are_offered_and_copied_with_one_tap(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        before = drafted(county, person, pressure(128, 76), due_on=date(2026, 8, 20))
        now_due = opened(county, person)
    one = await browser("doctor_a")
    await signed(one, before, drug1_name="缬沙坦", held_on="2026-08-21", smoke="5")
    page = (await one.get(f"/follow-ups/{now_due}")).text
    assert 'placeholder="上次：缬沙坦"' in page
    assert "药没变，空着的照抄（2026年8月21日）" in page
    await signed(one, now_due, **{"same.medicines": "1"})
    page = (await one.get(f"/follow-ups/{now_due}")).text
    assert "缬沙坦" in page
    assert "smoke" not in kept_row(office, now_due).form


async def test_a_diabetes_form_without_fasting_value_cannot_be_signed(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        person, _ = county.person("a", programmes=(DM,))
        draft = drafted(county, person, fasting(7.9), programme=DM)
    one = await browser("doctor_a")
    page = (await one.get(f"/follow-ups/{draft}")).text
    assert "足背动脉搏动" in page
    assert 'name="fpg" value="7.9"' in page
    assert "依据：国家基本公共卫生服务规范（2011年版），gphs.dm.class.bad" in page
    answer = await signed(one, draft, fpg="", hypo_reaction="1")
    assert answer.status_code == 422
    answer = await signed(one, draft, fpg="7.0", hypo_reaction="1")
    assert kept_row(office, draft).classification == "unsatisfactory"


async def test_what_was_typed_survives_a_session_that_ended(
    office: Office, browser: Opening
) -> None:
    with office.county() as county:
        draft = drafted(county, county.person("a")[0], pressure(128, 76))
    one = await browser("doctor_a")
    page = (await one.get(f"/follow-ups/{draft}")).text
    fields = {**FORM, "do": "sign", "stamp": stamp(page), "aux_exam": "心电图正常"}
    office.now += timedelta(hours=13)
    door = await one.post(f"/follow-ups/{draft}", fields)
    assert door.status_code == 401
    carried = dict(_HIDDEN.findall(door.text))
    answer = await one.post("/sign-in", {**carried, "login": "doctor_a", "password": PASSWORD})
    page = (await one.get(answer.headers["location"])).text
    assert "心电图正常" in page
    assert "刚才没发出的内容还在" in page


async def test_a_signed_form_prints_and_is_a_pdf(office: Office, browser: Opening) -> None:
    with office.county() as county:
        draft = drafted(county, county.person("a")[0], pressure(128, 76))
    one = await browser("doctor_a")
    assert (await one.get(f"/follow-ups/{draft}/print")).status_code == 404
    await signed(one, draft)
    page = await one.get(f"/follow-ups/{draft}/print")
    for words in ("高血压患者随访服务记录表", "王桂芳", "李建国", "鼻衄出血不止", "不计入面对面"):
        assert words in page.text
    assert page.text.count('<span class="box on">') >= 4
    answer = await one.get(f"/follow-ups/{draft}.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")
    with office.database.reading() as session:
        actions = set(session.exec(select(AuditEvent.action)).all())
    assert {"print", "pdf", "read", "sign"} <= actions


async def test_the_persons_page_leads_to_the_forms(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, _ = county.person("a")
        draft = drafted(county, person, pressure(168, 98))
    one = await browser("doctor_a")
    await signed(one, draft, systolic="168", diastolic="98")
    page = (await one.get(f"/persons/{person}")).text
    assert f'href="/follow-ups/{draft}/print"' in page
    assert "微信消息，不计入面对面" in page
    assert "第一次控制不满意：问清服药情况" in page


async def test_what_is_not_a_draft_any_more_is_only_shown(office: Office, browser: Opening) -> None:
    with office.county() as county:
        row = opened(county, county.person("a")[0])
        one = county.session.get_one(FollowUp, row)
        one.state = "cancelled"
        county.session.add(one)
    page = (await (await browser("doctor_a")).get(f"/follow-ups/{row}")).text
    assert "已取消" in page
    assert 'name="systolic"' not in page
