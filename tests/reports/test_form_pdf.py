"""The paper form: every label, the embedded typeface, one page however full, four visits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from care.form import BlankKind, Form, Mode, form
from care.situation import Programme
from records import forms, papers
from records.db import Database
from records.papers import Column, Paper
from records.signing import sign
from records.vault import Vault
from reports.form_pdf import form_pdf, labels
from tests.inbox.county import County
from tests.inbox.forms_county import drafted, fasting, pressure
from tests.inbox.office import Office

HTN, DM = Programme.HYPERTENSION, Programme.TYPE2_DIABETES


@pytest.fixture
def office(sqlite_database: Database, vault: Vault, now: datetime) -> Office:
    return Office(sqlite_database, vault, now)


def signed(county: County, person: str, programme: Programme, day: date) -> str:
    value = pressure(128, 76) if programme is HTN else fasting(6.2)
    row = drafted(county, person, value, programme=programme, due_on=day)
    reader = county.readers["doctor_a"]
    one = forms.sheet(county.session, county.vault, reader, row, county.now)
    assert one is not None
    entry, _ = replace(one, held_on=day).draft(county.now.date())
    done = sign(
        county.session, county.vault, reader, row, entry, typed_stamp=one.stamp, now=county.now
    )
    assert done
    assert done.done
    return row


def paper_of(office: Office, programme: Programme, visits: int = 1) -> Paper:
    with office.county() as county:
        person, _ = county.person("a", programmes=(programme,))
        first = date(2026, 1, 5)
        rows = [
            signed(county, person, programme, first + timedelta(days=60 * number))
            for number in range(visits)
        ]
        reader = county.readers["doctor_a"]
        found = papers.paper(county.session, county.vault, reader, rows[-1], county.now)
    assert found is not None
    return found


def text_of(drawn: bytes) -> tuple[str, PdfReader]:
    document = PdfReader(BytesIO(drawn))
    return "".join(page.extract_text() for page in document.pages), document


@pytest.mark.parametrize("programme", [HTN, DM])
def test_every_row_and_code_stands_on_one_a4_page(office: Office, programme: Programme) -> None:
    text, document = text_of(form_pdf(paper_of(office, programme)))
    whole = text.replace("\n", "")
    assert len(document.pages) == 1
    assert tuple(round(float(x)) for x in document.pages[0].mediabox[2:]) == (595, 842)
    for words in labels(form(programme)):
        assert words in whole, words
    for words in (form(programme).title, "王桂芳", "东沟村", "李建国", "2026-01-05"):
        assert words in whole
    assert "微信消息随访，不计入面对面" in whole
    assert "微信消息和电话随访不计入面对面随访次数" in whole


def test_the_typeface_is_inside(office: Office) -> None:
    _, document = text_of(form_pdf(paper_of(office, HTN)))
    fonts = document.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    embedded = [
        descriptor
        for font in fonts.values()
        for descriptor in [font.get_object().get("/FontDescriptor")]
        if descriptor and "/FontFile2" in descriptor.get_object()
    ]
    assert embedded


def test_the_last_four_visits_of_the_year_stand_side_by_side(office: Office) -> None:
    paper = paper_of(office, HTN, visits=5)
    days = [column.sheet.held_on for column in paper.columns]
    assert days == [date(2026, 3, 6), date(2026, 5, 5), date(2026, 7, 4), date(2026, 9, 2)]
    text, document = text_of(form_pdf(paper))
    assert len(document.pages) == 1
    assert all(day.isoformat() in text for day in days)
    assert "2026-01-05" not in text


def filled(one: Form) -> dict[str, object]:
    """Every blank filled, with words as long as they mostly are."""
    values: dict[str, object] = {}
    for blank in one.blanks.values():
        if blank.kind is BlankKind.CODE:
            values[blank.key] = list(blank.codes)[-1]
        elif blank.kind is BlankKind.CODES:
            values[blank.key] = list(blank.codes)[1:]
        elif blank.kind is BlankKind.NUMBER and blank.possible:
            values[blank.key] = blank.possible[1]
        elif blank.kind is BlankKind.DATE:
            values[blank.key] = "2026-11-22"
        elif blank.kind is BlankKind.TEXT:
            values[blank.key] = "苯磺酸左氨氯地平片"
    return values


@pytest.mark.parametrize("programme", [HTN, DM])
def test_the_fullest_form_still_fits_the_page(office: Office, programme: Programme) -> None:
    paper = paper_of(office, programme)
    one = paper.columns[0]
    full = replace(one.sheet, values=filled(paper.form), mode=Mode.FACE_TO_FACE)
    column = Column(full, one.doctor)
    text, document = text_of(form_pdf(replace(paper, columns=(column,) * 4)))
    assert len(document.pages) == 1
    assert text.replace("\n", "").count("苯磺酸左氨氯地平片") >= 8
    assert "不计入面对面" not in text
