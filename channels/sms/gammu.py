"""A modem with a SIM in the clinic, through gammu-smsd's FILES backend.

`accepted` means that the message lies in the daemon's outbox, whole and on the disk. What became of
it is seen by where the daemon puts the file: `sent` (the network took it) or `error`. The daemon
tells nobody that it stands still, so the age of what it left lying tells.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path

import structlog

from channels.port import Collected, Letter, Result, SendOutcome
from channels.sms import spool
from channels.sms.line import ACCOUNT, CHANNEL
from channels.sms.spool import ARCHIVE, ERROR, INBOX, OUTBOX, SENT, Incoming, Outgoing
from records.identity import new_id
from records.messages import Arrival
from records.outbound import Receipt
from records.phone_numbers import e164
from texts.segments import sms_segments

KIND = "gammu"
# A SIM sends a message in 3–5 s.
PER_SECOND = 0.25
LONGEST_PARTS = 20

# What the file system says, and what that is for us: nothing has reached the daemon yet.
DISK: Mapping[int, tuple[Result, str]] = {
    errno.ENOENT: (Result.OPERATOR, "folder_missing"),
    errno.ENOTDIR: (Result.OPERATOR, "folder_missing"),
    errno.ENOSPC: (Result.OPERATOR, "disk_full"),
    errno.EDQUOT: (Result.OPERATOR, "disk_full"),
    errno.EACCES: (Result.OPERATOR, "no_permission"),
    errno.EPERM: (Result.OPERATOR, "no_permission"),
    errno.EROFS: (Result.OPERATOR, "disk_read_only"),
    errno.EIO: (Result.OPERATOR, "disk_broken"),
}
# Status reports as the daemon writes them into the inbox: whether it arrived; None: not known yet.
REPORTS: Mapping[str, bool | None] = {
    "Delivered": True,
    "Failed": False,
    "Pending": None,
    "Unknown": None,
}

# A file is read once nothing was added to its message for so long.
_QUIET = timedelta(seconds=1)
# So long the daemon may take for what lies before a message, and for itself.
_PATIENCE, _EACH = timedelta(minutes=5), timedelta(seconds=10)
# What still lies there after so long is taken back: words grow old, and somebody must phone.
_TAKEN_BACK_AFTER, _SAFETY_TAKEN_BACK_AFTER = timedelta(hours=1), timedelta(minutes=10)
_REPORTS_WITHIN = timedelta(days=3)
_KEPT = timedelta(days=3)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GammuModem:
    """Sends and receives by files. A `Channel` and a `Mailbox`.

    `reports`: the daemon runs with `DeliveryReport = sms` and the network reports what arrived.
    """

    folder: Path
    reports: bool = False
    account: str = ACCOUNT
    name: str = CHANNEL
    windowed: bool = False
    free_text: bool = True
    sends_per_second: float = PER_SECOND

    @property
    def provider(self) -> str:
        return f"{KIND}:{self.account}"

    @property
    def at_most(self) -> float:
        return self.sends_per_second

    def has_template(self, name: str) -> bool:
        return False

    async def send_text(self, letter: Letter, now: datetime) -> SendOutcome:
        """Lay the message into the outbox."""
        number = e164(letter.address)
        if number is None:
            return SendOutcome(Result.NEVER, "number", "not_a_phone_number")
        body = letter.body.replace("\x00", "")
        if not body.strip() or sms_segments(body) > LONGEST_PARTS:
            return SendOutcome(
                Result.NEVER, "text", "empty_text" if not body.strip() else "too_long"
            )
        attempt_id = letter.attempt_id or new_id()
        name = spool.name_of(
            replace(letter, address=number, attempt_id=attempt_id), now, reported=self.reports
        )
        return await asyncio.to_thread(self._lay, name, body, now)

    async def send_template(self, letter: Letter, now: datetime) -> SendOutcome:
        """A SIM knows no templates: the words themselves go."""
        return await self.send_text(letter, now)

    async def collect(self, now: datetime) -> Collected | SendOutcome:
        """What came in, and what became of what was sent; else what is wrong with the modem."""
        return await asyncio.to_thread(self._collect, now)

    async def taken(self, handles: Sequence[str]) -> None:
        """Put away what is stored. The patient's words stay on this disk for three days."""
        await asyncio.to_thread(self._put_away, handles)

    def _lay(self, name: str, body: str, now: datetime) -> SendOutcome:
        trouble = self._trouble(now)
        if trouble is not None:
            return trouble
        outbox = self.folder / OUTBOX
        try:
            spool.put(outbox, name, body)
        except OSError as error:
            return _disk(error)
        try:
            spool.settle_names(outbox)
        except OSError as error:
            return SendOutcome(Result.UNKNOWN, _code(error), "not_on_disk")
        return SendOutcome(Result.ACCEPTED, "queued", provider_id=name)

    def _trouble(self, now: datetime) -> SendOutcome | None:
        """Why nothing would go out now: a folder is gone, or the daemon leaves messages lying."""
        if not all((self.folder / name).is_dir() for name in spool.FOLDERS):
            return SendOutcome(Result.OPERATOR, "ENOENT", "folder_missing")
        waiting = spool.outgoing(self.folder / OUTBOX)
        if not waiting:
            return None
        oldest = min(one.changed_at for one in waiting)
        if now - oldest <= _PATIENCE + len(waiting) * _EACH:
            return None
        return SendOutcome(Result.OPERATOR, "stalled", "daemon_stalled")

    def _collect(self, now: datetime) -> Collected | SendOutcome:
        try:
            found = self._found(now)
        except OSError as error:
            return _disk(error)
        if found.handles:
            return found
        return self._unreadable() or self._trouble(now) or found

    def _unreadable(self) -> SendOutcome | None:
        """Messages are left where they are until the daemon writes them as text."""
        if any(_is_backup(one) for one in spool.incoming(self.folder / INBOX)):
            return SendOutcome(Result.OPERATOR, "detail", "inbox_format_is_not_unicode")
        return None

    def _found(self, now: datetime) -> Collected:
        spool.forget(self.folder / ARCHIVE, _KEPT, now)
        came = spool.incoming(self.folder / INBOX)
        messages = [one for one in came if _is_whole(one, now) and not _is_backup(one)]
        sent = spool.outgoing(self.folder / SENT)
        expected = [one for one in sent if one.reported]
        reports, letters = _told_apart(messages, expected)
        arrivals = [arrival for one in letters if (arrival := self._arrival(one)) is not None]
        receipts, handles = self._closed(sent, reports, now)
        handles += [self._handle(part.path) for one in letters for part in one.parts]
        return Collected(arrivals, receipts, handles)

    def _arrival(self, message: Incoming) -> Arrival | None:
        """A person's words; None for services' senders and for what is no text, which are put away."""
        sender = e164(message.sender)
        kinds = {part.kind for part in message.parts}
        if kinds != {"txt"}:
            log.warning("modem.not_text", kinds=sorted(kinds))
            return None
        text = message.read()
        if sender is None or not text:
            log.info("modem.no_person")
            return None
        named = f"{sender}|{message.at.isoformat()}|{text}"
        digest = hashlib.sha256(named.encode("utf-8", "replace")).hexdigest()
        return Arrival(
            channel=self.name,
            account=self.account,
            address=sender,
            external_id=f"{KIND}:{digest[:40]}",
            kind="text",
            sent_at=message.at,
            text=text,
        )

    def _closed(
        self, sent: Sequence[Outgoing], reports: Mapping[str, list[Incoming]], now: datetime
    ) -> tuple[list[Receipt], list[str]]:
        """Receipts of everything whose end is known, and the files that told it."""
        ends = chain(
            _reported(sent, reports, now),
            ((one, True, "sent", ()) for one in sent if not one.reported),
            ((one, False, "error", ()) for one in spool.outgoing(self.folder / ERROR)),
            self._taken_back(now),
        )
        receipts: list[Receipt] = []
        handles: list[str] = []
        for one, delivered, code, told_by in ends:
            receipts.append(self._receipt(one, now, delivered=delivered, code=code))
            handles += [self._handle(path) for path in (one.path, *told_by)]
        return receipts, handles

    def _taken_back(self, now: datetime) -> Iterator[End]:
        """Messages that lay too long: the daemon does not get them any more."""
        for one in spool.outgoing(self.folder / OUTBOX):
            longest = _SAFETY_TAKEN_BACK_AFTER if one.urgent else _TAKEN_BACK_AFTER
            if now > min(one.changed_at + longest, one.expires_at or now):
                away = self.folder / ERROR / one.path.name
                try:
                    one.path.rename(away)
                except FileNotFoundError:
                    continue
                yield replace(one, path=away), False, "stale", ()

    def _receipt(self, one: Outgoing, now: datetime, *, delivered: bool, code: str) -> Receipt:
        return Receipt(
            provider_id=one.path.name,
            delivered=delivered,
            code=code,
            provider=self.provider,
            attempt_id=one.attempt_id,
            at=now,
        )

    def _handle(self, path: Path) -> str:
        return str(path.relative_to(self.folder))

    def _put_away(self, handles: Sequence[str]) -> None:
        for handle in handles:
            try:
                spool.archive(self.folder / handle, self.folder / ARCHIVE)
            except OSError as error:
                # It comes again, and is known already.
                log.warning("modem.not_put_away", code=_code(error))


# A message, whether it arrived, the word for it, and the files besides its own that told so.
End = tuple[Outgoing, bool, str, Sequence[Path]]


def _told_apart(
    messages: Sequence[Incoming], expected: Sequence[Outgoing]
) -> tuple[dict[str, list[Incoming]], list[Incoming]]:
    """Status reports by number, and people's messages. The words alone do not make a report."""
    awaited = {one.number for one in expected}
    reports: dict[str, list[Incoming]] = defaultdict(list)
    letters = []
    for one in messages:
        number = e164(one.sender)
        if number in awaited and _word(one) in REPORTS:
            reports[number].append(one)
        else:
            letters.append(one)
    return reports, letters


def _word(message: Incoming) -> str:
    if len(message.parts) > 1 or message.parts[0].kind != "txt":
        return ""
    return message.read()


def _reported(
    sent: Sequence[Outgoing], reports: Mapping[str, list[Incoming]], now: datetime
) -> Iterator[End]:
    """Each part is reported, without saying of which message: the oldest one's come first.

    The reports of one whose last part is still out wait in the inbox with it.
    """
    left = {number: list(told) for number, told in reports.items()}
    for one in sent:
        if not one.reported:
            continue
        told = left.setdefault(one.number, [])
        final = [report for report in told if REPORTS[_word(report)] is not None]
        count = sms_segments(spool.decoded([one.path.read_bytes()]))
        if len(final) >= count:
            last = told.index(final[count - 1])
            spent, left[one.number] = told[: last + 1], told[last + 1 :]
            arrived = all(REPORTS[_word(report)] is not False for report in spent)
            paths = [part.path for report in spent for part in report.parts]
            yield one, arrived, "reported", paths
        elif now - one.changed_at > _REPORTS_WITHIN:
            yield one, True, "sent", ()
        else:
            left[one.number] = []


def _is_whole(message: Incoming, now: datetime) -> bool:
    """Whether the daemon has done with it; a clock that was set back makes nobody wait."""
    age = now.timestamp() - message.parts[-1].written_ns / 1e9
    return age < 0 or age >= _QUIET.total_seconds()


def _is_backup(message: Incoming) -> bool:
    return message.parts[0].kind == "smsbackup"


def _disk(error: OSError) -> SendOutcome:
    result, reason = DISK.get(error.errno or 0, (Result.RETRY, "disk_error"))
    return SendOutcome(result, _code(error), reason)


def _code(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, "OSError")
