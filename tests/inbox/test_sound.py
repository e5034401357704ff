"""A voice message on the doctor's pages: played where it stands, its words marked as a machine's."""

from __future__ import annotations

import json
import os
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlmodel import select

from records import heard
from records.tables import AuditEvent, Media
from tests.inbox.browser import Opening
from tests.inbox.office import Office

pytestmark = pytest.mark.usefixtures("sound_tools")


@pytest.fixture
def recording(clips: Path) -> bytes:
    return (clips / "pressure-xiaoxiao.amr").read_bytes()


def sent(office: Office, content: bytes, made: dict[str, Any] | None = None) -> tuple[str, str]:
    """A voice message in village A, and what a machine made of it: person and file."""
    with office.county() as county:
        person, point = county.person("a")
        file = county.photo(county.says(point, "", kind="voice"), content, "audio/amr")
        row = county.session.get_one(Media, file)
        if made is not None:
            text = json.dumps(made, ensure_ascii=False)
            row.heard_sealed = county.vault.seal(text, heard.OUTCOME, file)
            row.heard_state = heard.DONE
            county.session.add(row)
    return person, file


async def test_a_recording_is_played_in_the_page_although_it_came_as_amr(
    office: Office, browser: Opening, recording: bytes
) -> None:
    person, file = sent(office, recording)
    one = await browser("doctor_a")
    page = await one.get(f"/persons/{person}")
    assert f'<audio controls preload="none" src="/media/{file}/sound"' in page.text
    assert "media-src 'self'" in page.headers["content-security-policy"]
    answer = await one.get(f"/media/{file}/sound")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert answer.content.startswith(b"RIFF")
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_phone_gets_the_piece_it_asks_for(
    office: Office, browser: Opening, recording: bytes
) -> None:
    _, file = sent(office, recording)
    one = await browser("doctor_a")
    whole = (await one.get(f"/media/{file}/sound")).content
    first = await one.get(f"/media/{file}/sound", headers={"Range": "bytes=0-1"})
    assert (first.status_code, first.content) == (206, b"RI")
    assert first.headers["content-range"] == f"bytes 0-1/{len(whole)}"
    rest = await one.get(f"/media/{file}/sound", headers={"Range": "bytes=2-"})
    assert rest.content == whole[2:]
    past = await one.get(f"/media/{file}/sound", headers={"Range": f"bytes={len(whole)}-"})
    assert past.status_code == 416


async def test_listening_is_written_down_once(
    office: Office, browser: Opening, recording: bytes
) -> None:
    person, file = sent(office, recording)
    one = await browser("doctor_a")
    await one.get(f"/media/{file}/sound", headers={"Range": "bytes=0-1"})
    await one.get(f"/media/{file}/sound", headers={"Range": "bytes=2-"})
    with office.database.reading() as session:
        read = session.exec(select(AuditEvent).where(AuditEvent.subject == "media")).one()
    assert (read.subject_id, read.person_id) == (file, person)


@pytest.mark.parametrize("piece", ["bytes=00-", "bytes=1-", "bytes=2-"])
async def test_no_piece_is_heard_without_being_written_down(
    office: Office, browser: Opening, recording: bytes, piece: str
) -> None:
    _, file = sent(office, recording)
    one = await browser("doctor_a")
    answer = await one.get(f"/media/{file}/sound", headers={"Range": piece})
    assert answer.status_code == 206
    assert len(readings(office)) == 1


async def test_another_listener_or_another_time_is_written_down_again(
    office: Office, browser: Opening, recording: bytes
) -> None:
    _, file = sent(office, recording)
    one = await browser("doctor_a")
    await one.get(f"/media/{file}/sound")
    office.now += timedelta(minutes=11)
    await one.get(f"/media/{file}/sound", headers={"Range": "bytes=2-"})
    await (await browser("town_doctor")).get(f"/media/{file}/sound", headers={"Range": "bytes=2-"})
    first, again, other = readings(office)
    assert first.actor == again.actor != other.actor


def readings(office: Office) -> list[AuditEvent]:
    query = select(AuditEvent).where(AuditEvent.subject == "media")
    with office.database.reading() as session:
        return sorted(session.exec(query), key=lambda event: (event.at, event.id))


async def test_without_a_decoder_the_fault_is_ours_and_is_logged(
    office: Office, browser: Opening, recording: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, file = sent(office, recording)
    one = await browser("doctor_a")
    monkeypatch.setenv("PATH", os.devnull)
    with structlog.testing.capture_logs() as logged:
        answer = await one.get(f"/media/{file}/sound")
    assert answer.status_code == 503
    assert [(line["event"], line["tool"]) for line in logged] == [("sound.no_decoder", "sox")]


async def test_the_next_village_hears_nothing(
    office: Office, browser: Opening, recording: bytes
) -> None:
    _, file = sent(office, recording)
    answer = await (await browser("doctor_b")).get(f"/media/{file}/sound")
    assert answer.status_code == 404


@pytest.mark.parametrize("content", [b"", b"#!AMR\nnoise", b"<script>", b"OggS"])
async def test_a_file_without_sound_is_not_found(
    office: Office, browser: Opening, content: bytes
) -> None:
    _, file = sent(office, content)
    answer = await (await browser("doctor_a")).get(f"/media/{file}/sound")
    assert answer.status_code == 404


async def test_what_a_machine_heard_is_marked_as_such(
    office: Office, browser: Opening, recording: bytes
) -> None:
    person, _ = sent(office, recording, {"text": "高压135，低压85", "by": "local", "why": ""})
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    assert "高压135，低压85" in page
    assert re.search("机器听到.{1,9}机器听写，可能有错，以录音为准", page)


async def test_why_a_machine_heard_nothing_is_said(
    office: Office, browser: Opening, recording: bytes
) -> None:
    made = {"text": "", "by": "local", "why": "not_understood", "guess": "都压一百"}
    person, _ = sent(office, recording, made)
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    assert "机器没听懂，请听录音（都压一百）" in page


async def test_the_platforms_words_are_marked_too(office: Office, browser: Opening) -> None:
    with office.county() as county:
        person, point = county.person("a")
        county.says(point, "高压135，低压85", kind="voice")
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    assert re.search("微信听到.{1,9}机器听写", page)


async def test_words_that_do_not_open_hide_nothing_else(
    office: Office, browser: Opening, recording: bytes
) -> None:
    person, file = sent(office, recording)
    with office.county() as county:
        row = county.session.get_one(Media, file)
        row.heard_sealed = b"\x01" + bytes(40)
        county.session.add(row)
    page = (await (await browser("doctor_a")).get(f"/persons/{person}")).text
    assert f"/media/{file}/sound" in page
