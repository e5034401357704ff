"""The call list and the other tasks: whom to phone and why, which message to read. One tap each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import deps_of
from inbox.door import Posted, clinical_post, clinician, not_found
from inbox.page import Frame, frame, show
from inbox.words import word
from records import audit, calls, duties, forms, life, sent, tasks
from records.calls import Returned
from records.casework import Acted
from records.duties import Job
from records.life import Wish
from records.people import china_date
from records.practitioners import Visitor
from records.sent import Sent

# What may come of a task, the likely one first: each is a button. The first of a call opens the form.
FOLLOWED_UP = "followed_up"
OUTCOMES = {tasks.CALL: (duties.LATER, calls.NO_ANSWER, duties.WRONG_NUMBER, life.REFUSED)}
_OTHERWISE = ("done",)
_DONE = {
    calls.NO_ANSWER: "call_again",
    duties.LATER: "call_later",
    duties.WRONG_NUMBER: "number_dead",
}

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Work:
    """What the page draws: calls for now, calls put off, other tasks, messages that may be lost."""

    calls: tuple[Job, ...]
    put_off: tuple[Job, ...]
    others: tuple[Job, ...]
    villages: tuple[tuple[str, str], ...]
    returned: Returned
    drafts: int
    unsure: tuple[Sent, ...] = ()

    @property
    def total(self) -> int:
        return len(self.calls) + len(self.put_off) + len(self.others)


@router.get("/tasks")
async def open_tasks(request: Request, visitor: Annotated[Visitor, Depends(clinician)]) -> Response:
    """Everything a person must do for the machine."""
    deps = deps_of(request)
    now = deps.clock()
    wanted = request.query_params.get("village") or None

    def read(session: Session) -> tuple[Frame, Work]:
        reader = visitor.reader
        jobs = duties.open_tasks(session, deps.vault, reader, village=wanted, now=now)
        today = china_date(now)
        work = Work(
            calls=tuple(job for job in jobs if job.kind == tasks.CALL and not _later(job, today)),
            put_off=tuple(job for job in jobs if job.kind == tasks.CALL and _later(job, today)),
            others=tuple(job for job in jobs if job.kind != tasks.CALL),
            villages=calls.villages(session, reader),
            returned=calls.returned(session, reader, now),
            drafts=forms.drafts_waiting(session, reader),
            unsure=sent.unsure(session, deps.vault, reader, now),
        )
        return frame(session, deps, visitor, now), work

    around, work = await deps.database.read(read)
    code = request.query_params.get("done", "")
    return show(
        request,
        "tasks.html",
        around,
        work=work,
        village=wanted,
        outcomes=outcomes_of,
        flash=code if word("flash", code) != code else "",
    )


@router.post("/tasks/{task_id}")
async def finish(
    request: Request, task_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Close a task with what came of it. Reached and followed up: the form comes next, and closes it."""
    deps = deps_of(request)
    now, reader, outcome = deps.clock(), form.visitor.reader, form["outcome"]
    if outcome == FOLLOWED_UP:
        return await _to_the_form(request, task_id, form.visitor)

    def write(session: Session) -> Acted | None:
        if outcome == life.REFUSED:
            return _refused(session, task_id)
        return duties.finish_task(session, deps.vault, reader, task_id, outcome=outcome, now=now)

    def _refused(session: Session, one: str) -> Acted | None:
        person = duties.person_of(session, reader, one)
        if person is None:
            return None
        changed = life.change(session, deps.vault, reader, person, Wish(life.REFUSED), now)
        return None if changed is None else Acted(done=True, person_id=person)

    acted = await deps.database.write(write)
    if acted is None:
        not_found()
    if outcome == life.REFUSED:
        return RedirectResponse(f"/persons/{acted.person_id}", 303)
    done = _DONE.get(outcome, "task")
    return RedirectResponse(f"/tasks?done={done if acted.done else 'late'}", 303)


async def _to_the_form(request: Request, task_id: str, visitor: Visitor) -> Response:
    """The task stays open until the form is signed: an empty form must not lose anybody."""
    deps, now = deps_of(request), deps_of(request).clock()

    def write(session: Session) -> str | None:
        person = duties.person_of(session, visitor.reader, task_id)
        if person is not None:
            audit.note(
                session,
                actor=visitor.reader.actor,
                action="call",
                subject="task",
                subject_id=task_id,
                person_id=person,
                now=now,
                detail={"outcome": FOLLOWED_UP},
            )
        return person

    person = await deps.database.write(write)
    if person is None:
        not_found()
    return RedirectResponse(f"/persons/{person}/visit?by=phone", 303)


def outcomes_of(kind: str) -> tuple[str, ...]:
    return OUTCOMES.get(kind, _OTHERWISE)


def _later(job: Job, today: date) -> bool:
    return job.due_on is not None and job.due_on > today
