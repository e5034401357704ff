"""From a `Decision` to rows: everything a turn decided, inside the transaction it is given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from sqlmodel import Session, col, update

from agent import agreeing, asking, binding, by_sms, unanswered
from agent.context import TurnContext
from agent.decision import Decision, FollowUpStep, NewReading, Picture, Route, TaskWish
from agent.stepping_back import TALK
from care.cadence import chase
from care.level import Level
from care.protocol import protocol
from care.quiet import next_allowed
from records import (
    audit,
    consents,
    conversations,
    escalations,
    follow_ups,
    outbound,
    own_corrections,
    readings,
    stopping,
    strangers,
    tasks,
)
from records.conversations import Claim
from records.insertion import insert
from records.outbound import Draft
from records.people import UNIDENTIFIED, china_date
from records.readings import JUDGED_BY, Provenance
from records.tables import ContactPoint, Person, StoredReading, Turn
from records.times import CHINA
from records.vault import Vault

# A reply that could not be delivered for this long would only confuse.
_REPLY_LIVES = timedelta(hours=24)
_SAFETY_LIVES = timedelta(hours=6)
_REVIEW_WITHIN_DAYS = 14
# Rows of one conversation leave in the order of their making.
_BEHIND = timedelta(milliseconds=1)
_AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Save:
    """One turn on its way into the database, inside the caller's transaction."""

    session: Session
    vault: Vault
    held: Claim
    turn_id: str
    context: TurnContext
    decision: Decision
    now: datetime


def save(turn: Save) -> None:
    """Write a turn. The caller has made sure that the claim is still its own."""
    insert(turn.session, _turn(turn))
    conversations.settle(turn.session, _message_ids(turn), turn.turn_id)
    unconfirmed = _store_readings(turn)
    agreeing.write(
        turn.session, turn.context, turn.decision.agreement, turn.held.contact_point_id, turn.now
    )
    agreeing.ask_owner(turn.session, turn.vault, turn.context, turn.held.contact_point_id, turn.now)
    _keep_introduction(turn)
    _raise_alarm(turn)
    for step in turn.decision.follow_ups:
        _write_step(turn.session, step, turn.now)
    for wish in turn.decision.tasks:
        _open_task(turn, wish)
    if turn.decision.level is Level.ROUTINE:
        _open_review(turn)
    _queue_reply(turn)
    _remember(turn, unconfirmed)
    unanswered.note(turn.session, turn.vault, turn.turn_id, turn.context, turn.decision, turn.now)
    if not turn.context.sender.identified:
        strangers.follow(turn.session, turn.context.sender.person_id)


def _turn(turn: Save) -> Turn:
    decision = turn.decision
    return Turn(
        id=turn.turn_id,
        contact_point_id=turn.held.contact_point_id,
        person_id=decision.subject_id,
        began_at=turn.context.now,
        ended_at=turn.now,
        mode=decision.mode,
        route=decision.route,
        level=decision.level,
        reasons=list(decision.reasons),
        rules=list(decision.rules),
        citations=[citation.article for citation in decision.citations],
    )


def _message_ids(turn: Save) -> list[str]:
    return [heard.message_id for heard in turn.context.messages]


def _store_readings(turn: Save) -> list[str]:
    """Store, confirm, replace and withdraw. Returns the ids that wait for a yes."""
    unconfirmed: list[str] = []
    for new in turn.decision.readings:
        row_id = _store(turn, new)
        if new.held:
            consents.withhold(turn.session, [row_id])
        elif new.certainty != "plain":
            unconfirmed.append(row_id)
    if turn.context.held:
        readings.leave_unsure(turn.session, unconfirmed)
    readings.confirm(turn.session, list(turn.decision.confirm))
    for reading_id in turn.decision.withdraw:
        readings.withdraw(turn.session, [reading_id])
        _look_again(turn, [reading_id], None)
    if turn.decision.disowned and not turn.decision.withdraw:
        _disown(turn)
    return unconfirmed


def _store(turn: Save, new: NewReading) -> str:
    row = readings.store(
        turn.session,
        new.person_id,
        new.reading,
        Provenance(
            inbound_message_id=new.message_id,
            turn_id=turn.turn_id,
            certainty=new.certainty,
            basis=new.basis,
        ),
        taken_at=new.taken_at or turn.now,
        now=turn.now,
        level=new.level,
        protocol_version=protocol().versions[JUDGED_BY[new.reading.kind]],
    )
    if new.replaces:
        readings.replace(turn.session, list(new.replaces), by=row.id)
        _look_again(turn, list(new.replaces), row)
    return row.id


def _look_again(turn: Save, wrong: list[str], right: StoredReading | None) -> None:
    """Answers, alarms and the trail after a value was put right; the doctors of a case are told."""
    for alarm in own_corrections.put_right(turn.session, turn.vault, wrong, right, turn.now):
        person = turn.session.get_one(Person, alarm.person_id)
        asking.tell_corrected(turn.session, turn.vault, person, alarm.escalation_id, turn.now)


def _disown(turn: Save) -> None:
    """The case that was opened for the sender says that the value was another person's."""
    person = turn.session.get_one(Person, turn.context.sender.person_id)
    messages = list(turn.decision.disowned)
    case = own_corrections.disown(turn.session, turn.vault, person.id, messages, turn.now)
    if case is not None:
        asking.tell_corrected(turn.session, turn.vault, person, case, turn.now)


def _keep_introduction(turn: Save) -> None:
    """A stranger waits in the queue from the first word; what was said of oneself is kept."""
    sender, decision = turn.context.sender, turn.decision
    if sender.identified:
        return
    person = turn.session.get_one(Person, sender.person_id)
    if person.status != UNIDENTIFIED:
        return
    strangers.want_identified(turn.session, person, turn.held.contact_point_id, turn.now)
    if any(part.key == "stranger.ask_name" for part in decision.parts):
        person.asked_name_at = turn.now
        turn.session.add(person)
    if decision.introduction is not None:
        strangers.introduce(
            turn.session,
            turn.vault,
            person.id,
            name=decision.introduction.name,
            facility_id=decision.introduction.facility_id,
        )


def _raise_alarm(turn: Save) -> None:
    if turn.decision.level < Level.URGENT:
        return
    subject = turn.session.get_one(Person, turn.decision.subject_id)
    escalations.raise_alarm(
        turn.session,
        person_id=subject.id,
        contact_point_id=turn.held.contact_point_id,
        facility_id=subject.facility_id,
        level=turn.decision.level,
        reasons=turn.decision.reasons,
        now=turn.now,
        rings_at=turn.now,
        inbound_message_id=_message_ids(turn)[0],
        turn_id=turn.turn_id,
    )


def _write_step(session: Session, step: FollowUpStep, now: datetime) -> None:
    if not step.complete:
        follow_ups.note_answers(session, step.follow_up_id, step.answers, _next_reminder(now))
        return
    follow_ups.draft(session, step.follow_up_id, step.answers, step.classification, now)
    # A reminder that waits for the morning, or for a send, would only cost one.
    stopping.withdraw_reminders(session, step.person_id, now)
    if step.next_due_on is not None:
        follow_ups.plan(session, step.person_id, step.programme, step.next_due_on, step.next_reason)


def _next_reminder(now: datetime) -> datetime:
    """Somebody who answers is not reminded before the first reminder would come again."""
    day = chase(china_date(now)).first_reminder
    return next_allowed(datetime.combine(day, time.min, tzinfo=CHINA))


def _open_task(turn: Save, wish: TaskWish) -> None:
    person = turn.session.get_one(Person, wish.person_id)
    if wish.reason == TALK and escalations.stands(turn.session, person.id):
        return
    if wish.once and tasks.stands(turn.session, person.id, wish.kind, wish.reason):
        return
    opened = tasks.open_task(
        turn.session,
        task_key=f"{wish.kind}:{wish.cause}",
        kind=wish.kind,
        reason=wish.reason,
        person_id=person.id,
        contact_point_id=turn.held.contact_point_id,
        facility_id=person.facility_id,
        inbound_message_id=wish.message_id,
        now=turn.now,
    )
    if opened and wish.rings:
        asking.ring(turn.session, turn.vault, person, wish.cause, turn.now)


def _open_review(turn: Save) -> None:
    """A doctor looks within two weeks; one review per person and fortnight, however many values."""
    person = turn.session.get_one(Person, turn.decision.subject_id)
    today = china_date(turn.now)
    tasks.open_task(
        turn.session,
        task_key=f"review:{person.id}:{today.toordinal() // _REVIEW_WITHIN_DAYS}",
        kind=tasks.REVIEW,
        reason=turn.decision.reasons[0] if turn.decision.reasons else "other",
        person_id=person.id,
        contact_point_id=turn.held.contact_point_id,
        facility_id=person.facility_id,
        due_on=today + timedelta(days=_REVIEW_WITHIN_DAYS),
        now=turn.now,
    )


def _queue_reply(turn: Save) -> None:
    """One turn, one reply: the send key is the first message it answers."""
    decision = turn.decision
    if not decision.reply:
        return
    alarm = decision.route is Route.ALARM
    first = turn.context.messages[0]
    draft = outbound.Draft(
        purpose=outbound.SAFETY if alarm else outbound.REPLY,
        text_key=decision.text_key,
        body=decision.reply,
        send_key=f"reply:{first.message_id}" + (":heard" if first.again else ""),
        contact_point_id=turn.held.contact_point_id,
        person_id=decision.subject_id,
        turn_id=turn.turn_id,
        # Where only templates travel, one of them stands for the whole reply.
        template={"keys": by_sms.keys_of(decision.parts)} if turn.context.sms else {},
        expires_at=turn.now + (_SAFETY_LIVES if alarm else _REPLY_LIVES),
    )
    outbound.queue(turn.session, turn.vault, draft, turn.now)
    if decision.picture is not None:
        _queue_picture(turn, decision.picture, draft)


def _queue_picture(turn: Save, picture: Picture, after: Draft) -> None:
    """A row of its own behind the words: what happens to one never repeats the other."""
    draft = replace(
        after,
        text_key=picture.key,
        body=picture.told,
        send_key=f"{after.send_key}:picture",
        picture=picture.content,
    )
    outbound.queue(turn.session, turn.vault, draft, turn.now + _BEHIND)


def _remember(turn: Save, unconfirmed: list[str]) -> None:
    """Keep what was asked, and whether the holder of the phone opted out."""
    decision = turn.decision
    awaiting = dict(decision.awaiting)
    if unconfirmed:
        awaiting["confirm"] = unconfirmed
    unsaid = binding.unsaid(turn.context, decision.parts)
    if unsaid is not None:
        awaiting[binding.HELLO] = unsaid
    if turn.context.sms:
        awaiting = by_sms.dated(awaiting, turn.now)
    values: dict[str, object] = {"awaiting": awaiting}
    if decision.reminder_hour is not None:
        values["reminder_hour"] = decision.reminder_hour
    if decision.opt_out is not None:
        values["stopped_at"] = turn.now if decision.opt_out else None
        action = "consent.stopped" if decision.opt_out else "consent.resumed"
        _note(turn, action, turn.held.contact_point_id)
    elif decision.reminder_hour is None and awaiting == dict(turn.context.awaiting):
        return
    turn.session.execute(
        update(ContactPoint)
        .where(col(ContactPoint.id) == turn.held.contact_point_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def _note(turn: Save, action: str, subject_id: str) -> None:
    audit.note(
        turn.session,
        actor=_AGENT,
        action=action,
        subject=action.split(".", maxsplit=1)[0],
        subject_id=subject_id,
        person_id=turn.decision.subject_id,
        now=turn.now,
    )
