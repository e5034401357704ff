"""How many patients an area is thought to have: the denominator that no register can give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from care.situation import Programme
from records.tables import FacilityEstimate

LONGEST_SOURCE = 120
MOST_PATIENTS = 10_000_000


class EstimateError(ValueError):
    """The estimate cannot be kept. `reason`: patients or source."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number for an area, a programme and a year, and on whose word."""

    facility_id: str
    programme: Programme
    year: int
    patients: int
    source: str


def put(session: Session, estimate: Estimate, *, by: str, now: datetime) -> FacilityEstimate:
    """Add an estimate; it counts from now on, the earlier ones are kept.

    Raises:
        EstimateError: the number is no number of patients, or nobody is named as the source.
    """
    source = " ".join(estimate.source.split())
    if not 0 < estimate.patients <= MOST_PATIENTS:
        raise EstimateError("patients")  # noqa: EM101 - a code
    if not 0 < len(source) <= LONGEST_SOURCE:
        raise EstimateError("source")  # noqa: EM101 - a code
    row = FacilityEstimate(
        facility_id=estimate.facility_id,
        programme=estimate.programme,
        year=estimate.year,
        patients=estimate.patients,
        source=source,
        set_by=by,
        set_at=now,
    )
    session.add(row)
    session.flush()
    return row


def known(
    session: Session, year: int, *, until: datetime | None = None
) -> dict[tuple[str, str], FacilityEstimate]:
    """The last estimate of each facility and programme in a year, as it stood at a moment."""
    statement = (
        select(FacilityEstimate)
        .where(FacilityEstimate.year == year)
        .order_by(col(FacilityEstimate.set_at), col(FacilityEstimate.id))
    )
    if until is not None:
        statement = statement.where(col(FacilityEstimate.set_at) <= until)
    return {(row.facility_id, row.programme): row for row in session.exec(statement)}
