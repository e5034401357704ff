"""A small county made of rows: two townships, three villages, their doctors and some patients."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import count
from typing import TypeVar

from sqlmodel import Session, select

from care.level import Level
from care.reading import Kind, Reading
from care.situation import Programme
from inbox.desk import packaged
from knowledge.sheet import laid_out, sheet_for
from records import (
    alarms,
    asked,
    duty,
    escalations,
    media,
    messages,
    outbound,
    own_replies,
    people,
    practitioners,
    question_groups,
    readings,
    registering,
    revisions,
    roster,
    tasks,
    trials,
)
from records.asked import Asker, Question
from records.identity import new_id
from records.reader import Reader
from records.revisions import Draft
from records.roster import Leave
from records.tables import (
    DeliveryAttempt,
    Facility,
    InboundMessage,
    Media,
    Merger,
    OutboundMessage,
    Practitioner,
    Task,
    Turn,
)
from records.vault import Vault

PASSWORD = "a long enough secret"
PLACES = {
    "county": (None, "county", "清水县"),
    "town": ("county", "township_health_centre", "清水镇卫生院"),
    "far_town": ("county", "township_health_centre", "石桥镇卫生院"),
    "a": ("town", "village_clinic", "东沟村"),
    "b": ("town", "village_clinic", "西坡村"),
    "c": ("far_town", "village_clinic", "南湾村"),
}
STAFF = {
    "doctor_a": ("a", "village_doctor", "李建国"),
    "doctor_b": ("b", "village_doctor", "王秀兰"),
    "town_doctor": ("town", "township_doctor", "张伟"),
    "duty": ("county", "county_duty", "陈静"),
    "bureau": ("county", "bureau_officer", "赵科长"),
    "curator": ("county", "curator", "钱教授"),
    "operator": ("county", "operator", "孙运维"),
}
_numbers = count(1)
T = TypeVar("T")


def there(found: T | None) -> T:
    """What a test expects to be there."""
    assert found is not None
    return found


@lru_cache(maxsize=1)
def _hash() -> str:
    """One hash for all: hashing on purpose takes long."""
    return practitioners.hash_password(PASSWORD)


@dataclass
class County:
    """Builds rows through the same functions as live data, each in the session given."""

    session: Session
    vault: Vault
    now: datetime
    places: dict[str, Facility] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)

    def build(self) -> County:
        for key, (parent, kind, name) in PLACES.items():
            above = self.places[parent].path if parent else ""
            place = Facility(
                parent_id=self.places[parent].id if parent else None, kind=kind, name=name, path=""
            )
            place.path = f"{above}{place.id}/"
            self.session.add(place)
            self.session.flush()
            self.places[key] = place
        for login, (home, role, known_as) in STAFF.items():
            self.practitioner(login, home, role, known_as)
        return self

    def practitioner(
        self, login: str, place: str, role: str, name: str, *, demo: bool = False
    ) -> Reader:
        home = self.places[place]
        row = Practitioner(
            id=new_id(),
            facility_id=home.id,
            role=role,
            login=login,
            password_hash=_hash(),
            demo=demo,
            created_at=self.now,
        )
        row.name_sealed = self.vault.seal(name, "practitioners.name", row.id)
        self.session.add(row)
        self.session.flush()
        self.readers[login] = Reader(row.id, role, home.id, home.path)
        return self.readers[login]

    def person(
        self,
        place: str | None,
        name: str = "王桂芳",
        *,
        programmes: tuple[Programme, ...] = (Programme.HYPERTENSION,),
        openid: str | None = None,
    ) -> tuple[str, str]:
        """A registered person with a WeChat address. Returns the person's and the address's id."""
        registration = people.Registration(
            name=name,
            facility_id=self.places[place].id if place else self.places["town"].id,
            sex="female",
            born_on=date(1954, 3, 8),
            phone="13800001111",
            programmes=programmes,
        )
        person = people.register(self.session, self.vault, registration, self.now)
        if place is None:
            person.facility_id = None
            self.session.add(person)
            self.session.flush()
        address = messages.Address("wechat", "gh_demo", openid or f"o{next(_numbers):027d}")
        point = messages.ensure_contact_point(self.session, self.vault, address, self.now)
        people.link(self.session, person.id, point.id, self.now)
        return person.id, point.id

    def says(
        self,
        point_id: str,
        text: str,
        *,
        ago: timedelta = timedelta(0),
        kind: str = "text",
        about: str | None = None,
    ) -> str:
        """An inbound message, as a row. With `about`, a turn that says whom it was about."""
        turn_id = None
        at = self.now - ago
        if about:
            turn = Turn(
                contact_point_id=point_id,
                person_id=about,
                began_at=at,
                ended_at=at,
                mode="rules",
                route="reading",
                level="none",
            )
            self.session.add(turn)
            self.session.flush()
            turn_id = turn.id
        row = InboundMessage(
            id=new_id(),
            contact_point_id=point_id,
            channel="wechat",
            account="gh_demo",
            external_id=f"m{next(_numbers)}",
            kind=kind,
            sent_at=at,
            received_at=at,
            state="done",
            turn_id=turn_id,
        )
        row.body_sealed = self.vault.seal(text, messages.BODY, row.id)
        self.session.add(row)
        self.session.flush()
        return row.id

    def photo(self, message_id: str, content: bytes, content_type: str = "image/jpeg") -> str:
        row = Media(
            id=new_id(),
            inbound_message_id=message_id,
            channel="wechat",
            account="gh_demo",
            external_id="media",
            kind="image" if content_type.startswith("image/") else "voice",
            state=media.STORED,
            content_type=content_type,
            stored_at=self.now,
        )
        row.content_sealed = self.vault.seal_bytes(content, media.CONTENT, row.id)
        self.session.add(row)
        self.session.flush()
        return row.id

    def unsure(self, person_id: str | None, point_id: str | None, text: str = "明早来量") -> str:
        """A doctor's message that may have arrived."""
        row = there(
            outbound.queue(
                self.session,
                self.vault,
                outbound.Draft(
                    purpose=outbound.DOCTOR,
                    text_key="doctor",
                    body=text,
                    send_key=f"unsure:{next(_numbers)}",
                    contact_point_id=point_id,
                    person_id=person_id,
                    expires_at=self.now + timedelta(days=1),
                ),
                self.now - timedelta(minutes=9),
            )
        )
        message = self.session.get_one(OutboundMessage, row.id)
        message.state, message.reason = outbound.UNKNOWN, "ReadTimeout"
        message.attempts, message.settled_at = 1, self.now
        self.session.add(message)
        self.session.add(
            DeliveryAttempt(
                outbound_message_id=row.id,
                number=1,
                route="wechat:text",
                provider="wechat:wx1",
                began_at=self.now - timedelta(minutes=9),
                ended_at=self.now,
                result=outbound.UNKNOWN,
                code="ReadTimeout",
            )
        )
        self.session.flush()
        return row.id

    def operator_alarm(self, kind: str = alarms.TROUBLE, subject: str = "aliyun:main") -> str:
        """Something about the ways out that a person must look at."""
        alarms.raise_for_operator(self.session, kind, subject, self.now, reason="balance")
        return next(
            one.id
            for one in alarms.open_alarms(self.session)
            if (one.kind, one.subject) == (kind, subject)
        )

    def alarm(
        self,
        person_id: str,
        point_id: str | None,
        *,
        place: str | None = "a",
        level: Level = Level.EMERGENCY,
        reasons: tuple[str, ...] = ("bp_crisis", "severe_headache"),
        ago: timedelta = timedelta(minutes=4),
    ) -> str:
        alarm = escalations.raise_alarm(
            self.session,
            person_id=person_id,
            contact_point_id=point_id,
            facility_id=self.places[place].id if place else None,
            level=level,
            reasons=reasons,
            now=self.now - ago,
            rings_at=self.now - ago + timedelta(minutes=10),
        )
        return alarm.escalation.id

    def pressure(
        self,
        person_id: str,
        systolic: float,
        diastolic: float,
        *,
        ago: timedelta = timedelta(0),
        certainty: str = "plain",
        level: Level = Level.NONE,
    ) -> str:
        row = readings.store(
            self.session,
            person_id,
            Reading(Kind.BP, systolic=systolic, diastolic=diastolic),
            readings.Provenance(certainty=certainty),
            taken_at=self.now - ago,
            now=self.now - ago,
            level=level,
        )
        self.session.flush()
        return row.id

    def absence(self, login: str, deputy: str | None = None) -> str:
        """Away from tomorrow on."""
        day = duty.today(self.now) + timedelta(days=1)
        leave = Leave(day, day, "leave", self.readers[deputy].practitioner_id if deputy else None)
        return roster.go_away(self.session, self.readers[login], leave, self.now).id

    def shift(self, login: str) -> str:
        """On duty tomorrow."""
        begins = self.now + timedelta(days=1)
        reader = self.readers[login]
        who, ends = reader.practitioner_id, begins + timedelta(hours=12)
        return roster.set_shift(self.session, reader, who, begins, ends, self.now).id

    def unreachable(self, place: str, name: str = "赵没手机") -> str:
        """A registered person without any address."""
        registration = people.Registration(name=name, facility_id=self.places[place].id)
        return people.register(self.session, self.vault, registration, self.now).id

    def question(
        self,
        text: str,
        *,
        reason: str = asked.UNKNOWN,
        group_id: str | None = None,
        place: str | None = "a",
        articles: tuple[str, ...] = (),
        ago: timedelta = timedelta(0),
    ) -> str:
        """A question in the curators' queue. Returns its group."""
        asker = Asker((), frozenset({"hypertension"}), 67, self.places[place].id if place else None)
        question, at = Question(text, reason, articles=articles, confidence=0.5), self.now - ago
        assert asked.keep(self.session, self.vault, new_id(), question, asker, at)
        row, _ = asked.ungrouped(self.session, self.vault)[0]
        return question_groups.put(self.session, row, group_id, at, timedelta(days=7))

    def own_reply(
        self, login: str, words: str = "{称呼}，我看到了", *, shared: bool = False
    ) -> str:
        made = own_replies.add(
            self.session, self.vault, self.readers[login], words, self.now, shared=shared
        )
        return there(made)

    def task(
        self,
        person_id: str,
        *,
        place: str = "a",
        kind: str = tasks.CALL,
        reason: str = "silent",
        message_id: str | None = None,
    ) -> str:
        key = f"task:{next(_numbers)}"
        tasks.open_task(
            self.session,
            task_key=key,
            kind=kind,
            reason=reason,
            person_id=person_id,
            contact_point_id=None,
            facility_id=self.places[place].id,
            inbound_message_id=message_id,
            now=self.now,
        )
        return self.session.exec(select(Task.id).where(Task.task_key == key)).one()

    def register(self, place: str) -> str:
        """A register of a place, uploaded and looked at by nobody yet."""
        prepared = registering.prepare(
            self.vault,
            "名册.csv",
            "姓名,村\n王桂芳,东沟村\n".encode(),
            facility_id=self.places[place].id,
            started_by=None,
            now=self.now,
        )
        return registering.keep(self.session, prepared).id

    def merger(self, place: str) -> str:
        """Two records of one person, put together by nobody in particular."""
        kept, merged = (self.person(place, "何秀英", programmes=())[0] for _ in range(2))
        row = Merger(kept_id=kept, merged_id=merged, merged_at=self.now)
        self.session.add(row)
        self.session.flush()
        return row.id

    def trial(self, article_id: str) -> str:
        """A draft of an article by another curator, and a trial of it that nobody has begun."""
        curator = self.practitioner("author", "county", "curator", "周医生")
        text = laid_out(replace(sheet_for(packaged()[article_id]), title="草稿的标题"))
        assert revisions.keep(self.session, curator, Draft(article_id, text, 0), self.now).done
        return trials.request(self.session, curator, article_id, 1, self.now)
