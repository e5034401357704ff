"""A village whose phone is open for a lesson, with a clock that stands where it is put."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from sqlmodel import col, select, update

from care.level import Level
from care.situation import Programme
from knowledge.article import Article, Audience, Confidence, Review
from knowledge.curriculum import curriculum
from knowledge.source import Source
from records import people
from records.outbound import EDUCATION, text_of
from records.people import Registration
from records.tables import ContactPoint, Lesson, OutboundMessage, Person
from records.times import CHINA
from schedules.lesson_hours import Timetable, own_minute, own_weekday
from schedules.teaching import School, teach_due
from tests.agent.scene import Village

SOURCE = Source("HTN_PC_2025", "国家基层高血压防治管理指南2025版", "2025", "基层指南2025版")
_AUDIENCES = {"htn": Audience.HYPERTENSION, "dm": Audience.DIABETES}


def an_article(article_id: str, **changes: object) -> Article:
    """An article of the curriculum with a text of its own."""
    audience = _AUDIENCES.get(article_id.partition(".")[0], Audience.BOTH)
    made = Article(
        id=article_id,
        title=article_id[-6:],
        audience=audience,
        plain=f"{article_id}的要点。",
        today="",
        see_doctor="",
        not_true="",
        body="正文。",
        questions=("怎么办",),
        related=(),
        sources=(SOURCE,),
        confidence=Confidence.LOW,
        review=Review.PENDING,
        expires=date(2030, 1, 1),
        level=Level.NONE,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


SHELF = {one: an_article(one) for subject in curriculum().subjects for one in subject.articles}


def a_school(
    timetable: Timetable | None = None, *, by_sms: bool = False, today: str = ""
) -> School:
    """Lessons from articles of our own; `today` stands in every one of them."""

    def article(article_id: str, now: datetime) -> Article | None:
        found = SHELF.get(article_id)
        fit = found is not None and found.served(now.date(), pending=True)
        return replace(found, today=today) if found is not None and fit else None

    return School(article, timetable or Timetable(), by_sms=by_sms)


class Classroom:
    """Lessons in a village; the window of the phone is kept open."""

    def __init__(self, village: Village, school: School | None = None) -> None:
        self.village = village
        self.school = school or a_school()

    @property
    def now(self) -> datetime:
        return self.village.now

    def open_window(self, left: int = 5, lasts: timedelta = timedelta(days=400)) -> None:
        self._contact(window_until=self.now + lasts, window_left=left)

    def _contact(self, **values: object) -> None:
        with self.village.database.transaction() as session:
            session.execute(
                update(ContactPoint)
                .where(col(ContactPoint.id) == self.village.contact_id)
                .values(**values)
            )

    def contact(self, **values: object) -> None:
        """Change the phone."""
        self._contact(**values)

    def person(self, **values: object) -> None:
        with self.village.database.transaction() as session:
            session.execute(
                update(Person).where(col(Person.id) == self.village.patient.id).values(**values)
            )

    def at_its_time(self, day: date | None = None, hour: int | None = None) -> datetime:
        """Put the clock at the phone's own minute of a day."""
        on = day or self.now.astimezone(CHINA).date()
        minute = own_minute(self.school.timetable, self.village.contact_id, on, hour)
        moment = datetime(on.year, on.month, on.day, tzinfo=CHINA) + timedelta(minutes=minute + 1)
        self.village.now = moment.astimezone(self.now.tzinfo)
        return self.village.now

    def weekday(self) -> int:
        return own_weekday(self.school.timetable, self.village.contact_id)

    def teach(self) -> int:
        return teach_due(self.village.database, self.village.vault, self.school, self.now)

    def lessons(self) -> list[Lesson]:
        with self.village.database.reading() as session:
            return list(session.exec(select(Lesson).order_by(col(Lesson.planned_at))).all())

    def texts(self) -> list[str]:
        with self.village.database.reading() as session:
            rows = session.exec(
                select(OutboundMessage)
                .where(OutboundMessage.purpose == EDUCATION)
                .order_by(col(OutboundMessage.created_at))
            ).all()
            return [text_of(self.village.vault, row) for row in rows]

    def settle(self, state: str = "accepted") -> None:
        """As if delivery had sent what is queued."""
        with self.village.database.transaction() as session:
            session.execute(
                update(OutboundMessage)
                .where(col(OutboundMessage.state) == "queued")
                .values(state=state, settled_at=self.now)
            )

    def relative(self, name: str = "李大山", relation: str = "spouse") -> str:
        """Another patient behind the same phone."""
        with self.village.database.transaction() as session:
            person = people.register(
                session,
                self.village.vault,
                Registration(
                    name,
                    self.village.facility.id,
                    born_on=date(1955, 2, 1),
                    programmes=(Programme.HYPERTENSION,),
                ),
                self.now,
            )
            people.link(session, person.id, self.village.contact_id, self.now, relation)
            return person.id
