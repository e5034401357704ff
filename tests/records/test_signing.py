"""Forms loaded, signed, corrected and printed on both engines."""

from __future__ import annotations

from datetime import date, timedelta

from sqlmodel import col, select

from care.entry import Entry, enter
from care.form import Mode, form
from care.situation import Programme
from records import calls, duties, forms, papers, signing, visits
from records.people import china_date
from records.reader import Reader
from records.tables import FollowUp, Person, SignedForm
from tests.inbox.county import County, there
from tests.inbox.forms_county import drafted, fasting, measured, pressure, rows

HTN, DM = Programme.HYPERTENSION, Programme.TYPE2_DIABETES
TYPED = {
    "symptoms.1": "1",
    "systolic": "132",
    "diastolic": "80",
    "med_adherence": "1",
    "adr": "1",
    "mode": "1",
}


def sheet_of(county: County, reader: Reader, row: str) -> forms.Sheet:
    return there(forms.sheet(county.session, county.vault, reader, row, county.now))


def entry_of(county: County, sheet: forms.Sheet) -> Entry:
    return sheet.draft(china_date(county.now))[0]


def signed(county: County, reader: Reader, row: str) -> signing.Signed:
    sheet = sheet_of(county, reader, row)
    return there(
        signing.sign(
            county.session,
            county.vault,
            reader,
            row,
            entry_of(county, sheet),
            typed_stamp=sheet.stamp,
            now=county.now,
        )
    )


def test_a_draft_is_signed_once_and_its_version_kept(county: County, doctor: Reader) -> None:
    person, _ = county.person("a")
    row = drafted(county, person, pressure(128, 76))
    first, again = signed(county, doctor, row), signed(county, doctor, row)
    assert (first.done, again.done) == (True, True)
    (version,) = county.session.exec(select(SignedForm)).all()
    assert (version.number, version.classification) == (1, "satisfactory")
    assert [row.state for row in rows(county.session, person)] == ["signed", "planned"]
    shown = there(papers.paper(county.session, county.vault, doctor, row, county.now))
    assert [column.doctor for column in shown.columns] == ["李建国"]
    assert [one.id for one in papers.latest(county.session, person)] == [row]


def test_a_stale_stamp_signs_nothing(county: County, doctor: Reader) -> None:
    row = drafted(county, county.person("a")[0], pressure(128, 76))
    sheet = sheet_of(county, doctor, row)
    entry = entry_of(county, sheet)
    here = (county.session, county.vault, doctor, row, entry)
    done = there(signing.sign(*here, typed_stamp="old", now=county.now))
    assert (done.done, done.state) == (False, "changed")
    kept = there(signing.save(*here, typed_stamp="old", now=county.now))
    assert not kept.done
    assert county.session.exec(select(SignedForm)).all() == []


def test_outside_the_catchment_there_is_nothing_to_sign(county: County) -> None:
    row = drafted(county, county.person("a")[0], pressure(128, 76))
    other = county.readers["doctor_b"]
    inside = sheet_of(county, county.readers["doctor_a"], row)
    entry = entry_of(county, inside)
    here = (county.session, county.vault, other, row, entry)
    assert forms.sheet(county.session, county.vault, other, row, county.now) is None
    assert signing.sign(*here, typed_stamp=inside.stamp, now=county.now) is None
    assert signing.save(*here, typed_stamp=inside.stamp, now=county.now) is None
    person = inside.who.id
    written = visits.write_down(
        county.session, county.vault, other, person, {HTN: entry}, once="x", now=county.now
    )
    assert written is None
    assert forms.blank(county.session, county.vault, other, person, county.now) == ()
    assert signing.sign_many(county.session, county.vault, other, [row], county.now).signed == ()


def test_many_are_signed_and_the_remarkable_left(county: County, doctor: Reader) -> None:
    calm = [drafted(county, county.person("a", n)[0], pressure(124, 78)) for n in ("甲", "乙")]
    high = drafted(county, county.person("a", "丙")[0], pressure(164, 98))
    done = signing.sign_many(county.session, county.vault, doctor, [*calm, high], county.now)
    assert sorted(one.id for one in done.signed) == sorted(calm)
    assert [(one.sheet.id, one.remarks[0]) for one in done.left] == [(high, "calm")]
    again = signing.sign_many(county.session, county.vault, doctor, calm, county.now)
    assert {one.remarks for one in again.left} == {("not_a_draft",)}


def test_what_was_measured_after_the_contact_is_not_on_its_form(
    county: County, doctor: Reader
) -> None:
    person, _ = county.person("a")
    row = drafted(county, person, pressure(128, 76))
    measured(county, person, pressure(150, 96), ago=timedelta(days=-3))
    assert sheet_of(county, doctor, row).values["systolic"] == 128


def test_a_form_whose_words_do_not_open_is_shown_without_them(
    county: County, doctor: Reader
) -> None:
    row = drafted(county, county.person("a")[0], pressure(128, 76))
    signed(county, doctor, row)
    one = county.session.get_one(FollowUp, row)
    one.words_sealed = b"broken"
    county.session.add(one)
    county.session.flush()
    assert sheet_of(county, doctor, row).values["systolic"] == 128


def test_a_visit_of_both_programmes_on_both_engines(county: County, doctor: Reader) -> None:
    person, _ = county.person("a", programmes=(HTN, DM))
    sheets = forms.blank(county.session, county.vault, doctor, person, county.now)
    typed = {**TYPED, "fpg": "6.4", "hypo_reaction": "1", "dorsalis_pedis": "1"}
    today = china_date(county.now)
    entries = {
        one.programme: enter(one.form, typed, Mode.FACE_TO_FACE, one.known, today=today)
        for one in sheets
    }
    assert all(entry.problems == {} for entry in entries.values())
    here = (county.session, county.vault, doctor, person, entries)
    for _ in range(2):
        done = there(visits.write_down(*here, once="page", now=county.now))
        assert all(one.done for one in done)
    assert len(county.session.exec(select(SignedForm)).all()) == 2
    face = [row for row in rows(county.session, person) if row.mode == "face_to_face"]
    assert len(face) == 2


def test_a_cancelled_day_is_used_again(county: County, doctor: Reader) -> None:
    person, _ = county.person("a")
    today = china_date(county.now)
    county.session.add(FollowUp(person_id=person, programme=HTN, due_on=today, state="cancelled"))
    county.session.flush()
    (sheet,) = forms.blank(county.session, county.vault, doctor, person, county.now)
    entry = enter(sheet.form, TYPED, Mode.FACE_TO_FACE, sheet.known, today=today)
    visits.write_down(
        county.session, county.vault, doctor, person, {HTN: entry}, once="p", now=county.now
    )
    assert [row.state for row in rows(county.session, person)] == ["signed", "planned"]


def test_the_away_are_asked_again_when_they_are_back(county: County, doctor: Reader) -> None:
    person, _ = county.person("a")
    row = drafted(county, person, pressure(164, 98))
    sheet = sheet_of(county, doctor, row)
    one = county.session.get_one(Person, person)
    one.status, one.away_until = "away", date(2027, 2, 10)
    county.session.add(one)
    county.session.flush()
    entry = entry_of(county, sheet)
    signing.sign(
        county.session,
        county.vault,
        doctor,
        row,
        entry,
        typed_stamp=sheet.stamp,
        now=county.now,
    )
    planned = [row.due_on for row in rows(county.session, person) if row.state == "planned"]
    assert planned == [date(2027, 2, 10)]


def test_the_call_list_on_both_engines(county: County, doctor: Reader) -> None:
    person, _ = county.person("a")
    county.task(person)
    (job,) = duties.open_tasks(county.session, county.vault, doctor, now=county.now)
    assert job.because.bound
    village = county.places["a"].id
    assert calls.villages(county.session, doctor) == ((village, "东沟村"),)
    elsewhere = county.places["b"].id
    here = (county.session, county.vault, doctor)
    assert duties.open_tasks(*here, village=elsewhere, now=county.now) == ()
    assert forms.drafts_waiting(county.session, doctor) == 0
    assert calls.returned(county.session, doctor, county.now).called == 0
    assert calls.because(county.session, [], county.now) == {}


def test_a_diabetes_draft_waits_for_its_fasting_value(county: County, doctor: Reader) -> None:
    person, _ = county.person("a", programmes=(DM,))
    row = drafted(county, person, fasting(6.1), programme=DM)
    found = forms.drafts(county.session, county.vault, doctor, county.now)
    assert [one.id for one in found] == [row]
    assert found[0].draft(china_date(county.now))[1] == ()
    assert found[0].form is form(DM)
    assert county.session.exec(select(FollowUp).where(col(FollowUp.id) == row)).one().form == {}
