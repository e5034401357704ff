from datetime import datetime, timedelta

from care.level import Level
from records import concerns
from records.db import Database
from records.escalations import raise_alarm
from records.identity import new_id
from records.people import Registration, register
from records.tables import Facility
from records.vault import Vault


def test_the_cases_that_a_model_worried_into_being_are_counted_for_one_clinic_and_one_day(
    database: Database, vault: Vault, now: datetime
) -> None:
    with database.transaction() as session:
        place = Facility(id=new_id(), kind="village_clinic", name="上塘村", path="x/")
        session.add(place)
        session.flush()
        for reason, at in (
            ("model_concern", now),
            ("bp_urgent", now),
            ("model_concern", now - timedelta(days=2)),
        ):
            person = register(session, vault, Registration("王桂芳", place.id), at)
            raise_alarm(
                session,
                person_id=person.id,
                contact_point_id=None,
                facility_id=place.id,
                level=Level.URGENT,
                reasons=(reason,),
                now=at,
                rings_at=at,
            )
        yesterday = now - timedelta(days=1)
        assert concerns.raised_since(session, place.id, yesterday) == 1
        assert concerns.raised_since(session, None, yesterday) == 0
