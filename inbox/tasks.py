"""The tasks: whom to phone, which message to read. One tap closes one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from inbox.deps import deps_of
from inbox.door import Posted, clinical_post, clinician, not_found
from inbox.page import Frame, frame, show
from inbox.words import word
from records import duties, tasks
from records.duties import Job
from records.practitioners import Visitor

# What may come of a task, the likely one first: each is a button.
OUTCOMES = {tasks.CALL: ("reached", "no_answer", "wrong_number")}
_OTHERWISE = ("done",)

router = APIRouter()


@router.get("/tasks")
async def open_tasks(request: Request, visitor: Annotated[Visitor, Depends(clinician)]) -> Response:
    """Everything a person must do for the machine."""
    deps = deps_of(request)
    now = deps.clock()

    def read(session: Session) -> tuple[Frame, tuple[Job, ...]]:
        jobs = duties.open_tasks(session, deps.vault, visitor.reader)
        return frame(session, deps, visitor, now), jobs

    around, jobs = await deps.database.read(read)
    code = request.query_params.get("done", "")
    return show(
        request,
        "tasks.html",
        around,
        jobs=jobs,
        outcomes=outcomes_of,
        flash=code if word("flash", code) != code else "",
    )


@router.post("/tasks/{task_id}")
async def finish(
    request: Request, task_id: str, form: Annotated[Posted, Depends(clinical_post)]
) -> Response:
    """Close a task with what came of it."""
    deps = deps_of(request)
    now, reader, outcome = deps.clock(), form.visitor.reader, form["outcome"]
    acted = await deps.database.write(
        lambda session: duties.finish_task(
            session, deps.vault, reader, task_id, outcome=outcome, now=now
        )
    )
    if acted is None:
        not_found()
    done = "call_again" if outcome == duties.NO_ANSWER else "task"
    return RedirectResponse(f"/tasks?done={done if acted.done else 'late'}", 303)


def outcomes_of(kind: str) -> tuple[str, ...]:
    return OUTCOMES.get(kind, _OTHERWISE)
