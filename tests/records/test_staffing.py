"""The tree of facilities, who works there, and who came lately."""

from __future__ import annotations

from datetime import timedelta

from records import audit, practitioners, staffing
from records.staffing import Post
from records.tables import Person
from tests.inbox.county import County


def tree(county: County, login: str) -> dict[str, Post]:
    found = staffing.posts(county.session, county.vault, county.readers[login])
    return {post.name: post for post in found}


def test_each_place_names_its_people_and_how_many_it_looks_after(county: County) -> None:
    county.person("a")
    gone, _ = county.person("a")
    county.session.get_one(Person, gone).status = "moved"
    county.session.flush()
    found = tree(county, "town_doctor")
    assert set(found) == {"清水镇卫生院", "东沟村", "西坡村"}
    village = found["东沟村"]
    assert (village.depth, village.people) == (1, 1)
    assert [(one.name, one.role) for one in village.staff] == [("李建国", "village_doctor")]
    assert len(tree(county, "duty")) == 6


def test_who_signed_in_last_and_whose_account_is_closed(county: County) -> None:
    doctor = county.readers["doctor_a"].practitioner_id
    for days in (5, 2):
        audit.note(
            county.session,
            actor=f"practitioner:{doctor}",
            action="sign_in",
            subject="practitioner",
            subject_id=doctor,
            now=county.now - timedelta(days=days),
        )
    practitioners.disable(county.session, county.readers["doctor_b"].practitioner_id, county.now)
    county.session.flush()
    county.session.expire_all()
    found = tree(county, "town_doctor")
    assert found["东沟村"].staff[0].last_came_at == county.now - timedelta(days=2)
    assert found["西坡村"].staff[0].disabled_at == county.now
    assert found["西坡村"].staff[0].last_came_at is None
