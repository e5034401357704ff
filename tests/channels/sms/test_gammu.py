"""The modem's adapter and the daemon's folder, with files as gammu-smsd 1.42 was seen to write them."""

from __future__ import annotations

import errno
import os
from codecs import BOM_UTF16_BE
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from channels.delivery import Limits, Routes, deliver_due
from channels.port import Channel, Collected, Letter, Mailbox, Paced, Result, SendOutcome
from channels.sms import spool
from channels.sms.gammu import PER_SECOND, GammuModem
from records import messages, outbound
from records.db import Database
from records.identity import new_id
from records.messages import Address
from records.outbound import Draft
from records.times import CHINA
from records.vault import Vault

WANG, LI = "+8613800001111", "+8613800002222"
BEHIND_THE_END = b"\x00\x00" * 3 + b"\xd1\xf8\x01\x00"


@pytest.fixture
def modem(tmp_path: Path) -> GammuModem:
    for name in spool.FOLDERS:
        (tmp_path / name).mkdir()
    return GammuModem(tmp_path)


def a_letter(body: str = "您好,血压记下了", **changes: object) -> Letter:
    letter = Letter("m-1", WANG, body, "key-1", attempt_id="0192-aa", purpose="reply")
    return replace(letter, **changes)  # type: ignore[arg-type]


def in_outbox(modem: GammuModem) -> list[Path]:
    return sorted(modem.folder.joinpath("outbox").iterdir())


def came(modem: GammuModem, name: str, text: str, at: datetime, order: int = 0) -> Path:
    """A part of a message as the daemon leaves it."""
    path = modem.folder / "inbox" / name
    path.write_bytes(BOM_UTF16_BE + text.encode("utf-16-be") + BEHIND_THE_END)
    written = int(at.timestamp() * 1e9) + order
    os.utime(path, ns=(written, written))
    return path


def aged(path: Path, at: datetime) -> Path:
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


async def collected(modem: GammuModem, now: datetime) -> Collected:
    found = await modem.collect(now)
    assert isinstance(found, Collected)
    return found


async def sent(modem: GammuModem, now: datetime, to: str = "sent", **changes: object) -> Path:
    """Send, and do what the daemon does with the file."""
    outcome = await modem.send_text(a_letter(**changes), now)  # type: ignore[arg-type]
    assert outcome.provider_id
    target = modem.folder / to / outcome.provider_id
    return aged((modem.folder / "outbox" / outcome.provider_id).rename(target), now)


def test_the_modem_is_a_slow_channel_for_free_text_and_a_mailbox(modem: GammuModem) -> None:
    channel: Channel = modem
    assert isinstance(modem, Mailbox)
    assert isinstance(modem, Paced)
    assert (channel.name, channel.provider) == ("sms", "gammu:main")
    assert (channel.free_text, channel.windowed) == (True, False)
    assert modem.sends_per_second == PER_SECOND == 0.25
    assert not channel.has_template("followup_due")


async def test_a_text_lies_in_the_outbox_as_the_daemon_wants_it(
    modem: GammuModem, now: datetime
) -> None:
    outcome = await modem.send_text(a_letter("记下了😀"), now)
    [file] = in_outbox(modem)
    assert file.name == "OUTC20261123_090000_000000_+8613800001111_0192-aa.txt"
    assert file.read_bytes() == b"\xfe\xff" + "记下了😀".encode("utf-16-be")
    assert outcome == SendOutcome(Result.ACCEPTED, "queued", provider_id=file.name)
    assert len(file.name) <= spool.LONGEST_NAME


async def test_two_messages_of_one_instant_to_one_phone_are_two_files(
    modem: GammuModem, now: datetime
) -> None:
    await modem.send_text(a_letter(attempt_id=""), now)
    await modem.send_text(a_letter(attempt_id=""), now)
    names = [file.name for file in in_outbox(modem)]
    assert len(set(names)) == 2
    assert max(map(len, names)) <= spool.LONGEST_NAME


async def test_a_safety_text_sorts_before_what_was_there_earlier(
    modem: GammuModem, now: datetime
) -> None:
    await modem.send_text(a_letter("提醒", purpose="education", attempt_id="1"), now)
    await modem.send_text(a_letter("快打120", purpose="safety", attempt_id="2"), now)
    assert [spool.decoded([file.read_bytes()]) for file in in_outbox(modem)] == ["快打120", "提醒"]


async def test_a_template_goes_as_its_words(modem: GammuModem, now: datetime) -> None:
    assert (await modem.send_template(a_letter(), now)).result is Result.ACCEPTED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"address": "10086"}, "not_a_phone_number"),
        ({"address": "0871-6123456"}, "not_a_phone_number"),
        ({"body": " \x00"}, "empty_text"),
        ({"body": "长" * 67 * 21}, "too_long"),
    ],
)
async def test_what_no_sim_can_send_is_refused_for_good(
    modem: GammuModem, now: datetime, changes: dict[str, str], reason: str
) -> None:
    outcome = await modem.send_text(a_letter(**changes), now)
    assert (outcome.result, outcome.reason) == (Result.NEVER, reason)
    assert in_outbox(modem) == []


async def test_a_missing_folder_is_the_operators_affair(modem: GammuModem, now: datetime) -> None:
    (modem.folder / "error").rmdir()
    for outcome in (await modem.send_text(a_letter(), now), await modem.collect(now)):
        assert isinstance(outcome, SendOutcome)
        assert (outcome.result, outcome.reason) == (Result.OPERATOR, "folder_missing")


@pytest.mark.parametrize(
    ("code", "result", "reason"),
    [
        (errno.ENOSPC, Result.OPERATOR, "disk_full"),
        (errno.EACCES, Result.OPERATOR, "no_permission"),
        (errno.EROFS, Result.OPERATOR, "disk_read_only"),
        (errno.EMFILE, Result.RETRY, "disk_error"),
    ],
)
async def test_what_the_disk_says_has_a_name_and_leaves_nothing_behind(
    modem: GammuModem,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    result: Result,
    reason: str,
) -> None:
    def refuse(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    outcome = await modem.send_text(a_letter(), now)
    assert (outcome.result, outcome.reason) == (result, reason)
    assert outcome.code == errno.errorcode[code]
    assert in_outbox(modem) == []


async def test_a_file_that_the_daemon_may_see_but_a_power_cut_may_lose_is_unknown(
    modem: GammuModem, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(spool, "settle_names", refuse)
    assert (await modem.send_text(a_letter(), now)).result is Result.UNKNOWN


async def test_where_the_daemon_put_a_file_is_its_receipt(modem: GammuModem, now: datetime) -> None:
    went = await sent(modem, now, attempt_id="a-1")
    failed = await sent(modem, now, "error", attempt_id="a-2")
    found = await collected(modem, now)
    assert [(r.provider_id, r.attempt_id, r.delivered, r.code) for r in found.receipts] == [
        (went.name, "a-1", True, "sent"),
        (failed.name, "a-2", False, "error"),
    ]
    assert {r.provider for r in found.receipts} == {"gammu:main"}


async def test_the_same_comes_again_until_it_is_taken(modem: GammuModem, now: datetime) -> None:
    await sent(modem, now)
    came(
        modem,
        "IN20261123_085900_00_+8613800001111_00.txt",
        "血压165/98",
        now - timedelta(seconds=9),
    )
    first = await collected(modem, now)
    again = await collected(modem, now)
    assert again == first
    assert len(first.arrivals) == len(first.receipts) == 1
    await modem.taken(first.handles)
    await modem.taken(first.handles)
    assert await collected(modem, now) == Collected([], [], [])


async def test_a_message_is_read_to_its_first_nul(modem: GammuModem, now: datetime) -> None:
    came(
        modem,
        "IN20261123_085900_00_+8613800001111_00.txt",
        "血压165/98,有点头晕",
        now - timedelta(seconds=9),
    )
    [arrival] = (await collected(modem, now)).arrivals
    assert arrival.text == "血压165/98,有点头晕"
    assert (arrival.channel, arrival.account, arrival.address) == ("sms", "main", WANG)
    assert arrival.sent_at == datetime(2026, 11, 23, 8, 59, tzinfo=CHINA)


async def test_parts_are_joined_even_where_a_sign_was_split(
    modem: GammuModem, now: datetime
) -> None:
    face = "😀".encode("utf-16-be")
    then = now - timedelta(seconds=9)
    first = came(modem, "IN20261123_085900_01_+8613800001111_00.txt", "前", then, 1)
    second = came(modem, "IN20261123_085901_01_+8613800001111_01.txt", "", then, 2)
    first.write_bytes(BOM_UTF16_BE + "前".encode("utf-16-be") + face[:2] + BEHIND_THE_END)
    second.write_bytes(BOM_UTF16_BE + face[2:] + "后".encode("utf-16-be") + BEHIND_THE_END)
    for order, path in enumerate((first, second)):
        written = int(then.timestamp() * 1e9) + order
        os.utime(path, ns=(written, written))
    came(modem, "IN20261123_085900_00_+8613800001111_00.txt", "另一条", then, -5)
    came(modem, "IN20261123_085900_00_+8613800002222_00.txt", "别人的", then, 1)
    found = await collected(modem, now)
    said = sorted((arrival.address, arrival.text) for arrival in found.arrivals)
    assert said == [(WANG, "前😀后"), (WANG, "另一条"), (LI, "别人的")]
    assert len(found.handles) == 4


async def test_a_message_that_is_still_being_written_waits(
    modem: GammuModem, now: datetime
) -> None:
    came(modem, "IN20261123_085900_00_+8613800001111_00.txt", "血压", now)
    assert (await collected(modem, now)).arrivals == []
    assert len((await collected(modem, now + timedelta(seconds=2))).arrivals) == 1


async def test_a_name_that_comes_back_for_another_message_is_another_message(
    modem: GammuModem, now: datetime
) -> None:
    """Once a file is put away the daemon may use its name again."""
    name, then = "IN20261123_085900_00_+8613800001111_00.txt", now - timedelta(seconds=9)
    came(modem, name, "第一条", then)
    first = await collected(modem, now)
    await modem.taken(first.handles)
    came(modem, name, "第二条", then)
    second = await collected(modem, now)
    await modem.taken(second.handles)
    assert first.arrivals[0].external_id != second.arrivals[0].external_id
    assert len(list((modem.folder / "archive").iterdir())) == 2


async def test_the_daemon_storing_a_message_twice_makes_one(
    modem: GammuModem, now: datetime
) -> None:
    then = now - timedelta(seconds=9)
    for serial in (0, 1):
        came(modem, f"IN20261123_085900_0{serial}_+8613800001111_00.txt", "血压165/98", then)
    found = await collected(modem, now)
    assert len({arrival.external_id for arrival in found.arrivals}) == 1


async def test_a_message_in_the_daemons_own_charset_is_read(
    modem: GammuModem, now: datetime
) -> None:
    path = modem.folder / "inbox" / "IN20261123_085900_00_13800001111_00.txt"
    path.write_bytes("血压165/98".encode() + b"\x00junk")
    aged(path, now - timedelta(seconds=9))
    [arrival] = (await collected(modem, now)).arrivals
    assert (arrival.address, arrival.text) == (WANG, "血压165/98")


@pytest.mark.parametrize(
    "name",
    ["IN20261123_085900_00_10086_00.txt", "IN20261123_085900_00_+8613800001111_00.bin"],
)
async def test_what_no_person_wrote_is_put_away(
    modem: GammuModem, now: datetime, name: str
) -> None:
    came(modem, name, "余额不足", now - timedelta(seconds=9))
    found = await collected(modem, now)
    assert (found.arrivals, found.handles) == ([], [f"inbox/{name}"])


async def test_a_wrong_inbox_format_is_told_and_loses_nothing(
    modem: GammuModem, now: datetime
) -> None:
    path = came(
        modem,
        "IN20261123_085900_00_+8613800001111_00.smsbackup",
        "[SMSBackup000]",
        now - timedelta(seconds=9),
    )
    outcome = await modem.collect(now)
    assert isinstance(outcome, SendOutcome)
    assert (outcome.result, outcome.reason) == (Result.OPERATOR, "inbox_format_is_not_unicode")
    assert path.exists()


@pytest.mark.parametrize("at", ["00000000_000000", "20269923_085900"])
async def test_a_modem_without_a_clock_loses_no_message(
    modem: GammuModem, now: datetime, at: str
) -> None:
    then = now - timedelta(seconds=9)
    came(modem, f"IN{at}_00_+8613800001111_00.txt", "胸口疼", then)
    found = await collected(modem, now)
    assert [(one.text, one.sent_at) for one in found.arrivals] == [("胸口疼", then)]


async def test_files_of_somebody_else_are_left_alone(modem: GammuModem, now: datetime) -> None:
    for name in (
        "inbox/notes.txt",
        "sent/OUT13800001111.txt",
        "inbox/IN2026_085900_00_1_00.txt",
    ):
        (modem.folder / name).write_text("hello")
    assert (await collected(modem, now)).handles == []


async def test_a_daemon_that_stands_still_gets_nothing_more_and_is_told(
    modem: GammuModem, now: datetime
) -> None:
    await modem.send_text(a_letter(attempt_id="1"), now)
    aged(in_outbox(modem)[0], now)
    soon, later = now + timedelta(minutes=5), now + timedelta(minutes=6)
    assert isinstance(await modem.collect(soon), Collected)
    for outcome in (
        await modem.collect(later),
        await modem.send_text(a_letter(attempt_id="2"), later),
    ):
        assert isinstance(outcome, SendOutcome)
        assert (outcome.result, outcome.reason) == (Result.OPERATOR, "daemon_stalled")
    assert len(in_outbox(modem)) == 1


async def test_a_long_queue_is_no_standstill(modem: GammuModem, now: datetime) -> None:
    for number in range(40):
        await modem.send_text(a_letter(attempt_id=str(number)), now)
    for file in in_outbox(modem):
        aged(file, now)
    assert isinstance(await modem.collect(now + timedelta(minutes=8)), Collected)


@pytest.mark.parametrize(("purpose", "minutes"), [("safety", 11), ("reply", 61)])
async def test_words_that_grew_old_are_taken_back_and_somebody_must_phone(
    modem: GammuModem, now: datetime, purpose: str, minutes: int
) -> None:
    await modem.send_text(a_letter(purpose=purpose), now)
    aged(in_outbox(modem)[0], now)
    found = await modem.collect(now + timedelta(minutes=minutes - 2))
    assert isinstance(found, SendOutcome)
    [receipt] = (await collected(modem, now + timedelta(minutes=minutes))).receipts
    assert (receipt.delivered, receipt.code, receipt.attempt_id) == (False, "stale", "0192-aa")
    assert in_outbox(modem) == []


async def test_words_are_taken_back_when_they_expire(modem: GammuModem, now: datetime) -> None:
    until = now + timedelta(minutes=3)
    await modem.send_text(a_letter(expires_at=until, attempt_id=new_id()), now)
    aged(in_outbox(modem)[0], now)
    assert len(in_outbox(modem)[0].name) <= spool.LONGEST_NAME
    assert (await collected(modem, until)).receipts == []
    [receipt] = (await collected(modem, until + timedelta(seconds=1))).receipts
    assert (receipt.delivered, receipt.code) == (False, "stale")


async def test_what_was_put_away_is_forgotten_after_three_days(
    modem: GammuModem, now: datetime
) -> None:
    await sent(modem, now)
    await modem.taken((await collected(modem, now)).handles)
    [kept] = (modem.folder / "archive").iterdir()
    aged(kept, now)
    await modem.collect(now + timedelta(days=2))
    assert kept.exists()
    await modem.collect(now + timedelta(days=4))
    assert not kept.exists()


async def test_no_setting_makes_a_sim_faster(
    modem: GammuModem, sqlite_database: Database, vault: Vault, now: datetime
) -> None:
    with sqlite_database.transaction() as session:
        contact = messages.ensure_contact_point(session, vault, Address("sms", "main", WANG), now)
        for number in range(12):
            until = now + timedelta(days=1)
            draft = Draft("reply", "chat.thanks", "好", f"key-{number}", until, contact.id)
            outbound.queue(session, vault, draft, now)
    hurried = Limits(sends_per_second=1000.0, lanes=1)
    routes = Routes({("sms", "main"): modem})
    await deliver_due(sqlite_database, vault, routes, now, 50, limits=hurried)
    assert 1 <= len(in_outbox(modem)) <= 4
    await deliver_due(
        sqlite_database, vault, routes, now + timedelta(seconds=9), 50, limits=hurried
    )
    assert 2 <= len(in_outbox(modem)) <= 6


class TestReports:
    """`DeliveryReport = sms`: the network's word comes as a message from the patient's own number."""

    @pytest.fixture
    def modem(self, modem: GammuModem) -> GammuModem:
        return replace(modem, reports=True)

    def report(self, modem: GammuModem, word: str, now: datetime, order: int = 0) -> None:
        name = f"IN20261123_0900{order:02d}_00_+8613800001111_00.txt"
        came(modem, name, word, now - timedelta(seconds=9), order)

    async def test_it_is_asked_for(self, modem: GammuModem, now: datetime) -> None:
        await modem.send_text(a_letter(), now)
        assert in_outbox(modem)[0].name.endswith(".txtd")

    @pytest.mark.parametrize(("word", "delivered"), [("Delivered", True), ("Failed", False)])
    async def test_it_closes_what_was_sent(
        self, modem: GammuModem, now: datetime, word: str, delivered: bool
    ) -> None:
        await sent(modem, now)
        assert (await collected(modem, now)).receipts == []
        self.report(modem, "Pending", now, 1)
        assert (await collected(modem, now)).receipts == []
        self.report(modem, word, now, 2)
        found = await collected(modem, now)
        assert [(r.delivered, r.code) for r in found.receipts] == [(delivered, "reported")]
        assert (found.arrivals, len(found.handles)) == ([], 3)
        await modem.taken(found.handles)
        assert (await collected(modem, now)).handles == []

    async def test_a_long_text_has_arrived_when_its_last_part_has(
        self, modem: GammuModem, now: datetime
    ) -> None:
        await sent(modem, now, body="长" * 100, attempt_id="1")
        await sent(modem, now + timedelta(seconds=1), body="短", attempt_id="2")
        self.report(modem, "Delivered", now, 1)
        assert (await collected(modem, now)).receipts == []
        self.report(modem, "Delivered", now, 2)
        assert [r.attempt_id for r in (await collected(modem, now)).receipts] == ["1"]
        self.report(modem, "Delivered", now, 3)
        assert [r.attempt_id for r in (await collected(modem, now)).receipts] == ["1", "2"]

    async def test_a_report_that_never_comes_leaves_what_is_known(
        self, modem: GammuModem, now: datetime
    ) -> None:
        await sent(modem, now)
        [receipt] = (await collected(modem, now + timedelta(days=4))).receipts
        assert (receipt.delivered, receipt.code) == (True, "sent")

    async def test_the_same_word_from_a_person_is_a_message(
        self, modem: GammuModem, now: datetime
    ) -> None:
        self.report(modem, "Delivered", now)
        assert [one.text for one in (await collected(modem, now)).arrivals] == ["Delivered"]
