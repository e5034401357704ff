"""A photo on the doctor's page: the picture, and what was read in it, marked as a machine's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from records import heard
from records.tables import Media
from tests.inbox.browser import Opening
from tests.inbox.office import Office


def sent(office: Office, made: dict[str, Any] | None) -> tuple[str, str]:
    """A photo in village A, and what a machine made of it: person and file."""
    with office.county() as county:
        person, point = county.person("a")
        file = county.photo(county.says(point, "", kind="image"), b"\xff\xd8\xff", "image/jpeg")
        row = county.session.get_one(Media, file)
        if made is not None:
            text = json.dumps(made, ensure_ascii=False)
            row.heard_sealed = county.vault.seal(text, heard.OUTCOME, file)
            row.heard_state = heard.DONE
            county.session.add(row)
    return person, file


@pytest.mark.parametrize(
    ("made", "told"),
    [
        ({"what": "pressure", "text": "血压165/98", "on": None}, "机器读出：血压165/98 · 机器读图"),
        (
            {"what": "slip", "text": "", "dated": "血糖8.9", "on": "2026-01-02"},
            "化验单，机器读出：2026-01-02 血糖8.9",
        ),
        ({"what": "other", "text": "", "on": None}, "机器没看出是什么"),
        ({"what": "unreadable", "why": "empty", "text": ""}, "机器打不开"),
    ],
)
async def test_what_a_machine_saw_stands_under_the_photo(
    office: Office, browser: Opening, made: dict[str, Any], told: str
) -> None:
    person, file = sent(office, made)
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    assert f'<img src="/media/{file}"' in page
    assert told in page


async def test_a_photo_nobody_looked_at_stands_alone(office: Office, browser: Opening) -> None:
    person, file = sent(office, None)
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    assert f'<img src="/media/{file}"' in page
    assert "机器读图" not in page
