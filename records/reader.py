"""Who is looking, and what they may see. Every query of a page takes the reader first.

A catchment is a prefix of the facility path. What lies outside is not forbidden but absent: the
query finds nothing, and the page answers 404.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement
from sqlmodel import and_, col, false, or_, select

from records.tables import Facility, Person, PersonContact

CLINICAL_ROLES = frozenset({"village_doctor", "family_doctor", "township_doctor", "county_duty"})
FIGURE_ROLES = CLINICAL_ROLES | {"bureau_officer"}
# Who sees the education articles; only a curator changes them.
ARTICLE_ROLES = frozenset({"curator", "operator"})
ABOVE_THE_VILLAGE = frozenset({"township_doctor", "county_duty"})
# Who looks at the ways out, and who may stop them: the administrator, and the county at night.
CHANNEL_ROLES = ABOVE_THE_VILLAGE | {"operator", "bureau_officer"}
CHANNEL_KEEPERS = frozenset({"operator", "county_duty"})
# A record put into another one, and one that was emptied on request: nobody looks at them.
MERGED, ERASED = "merged", "erased"


@dataclass(frozen=True, slots=True)
class Reader:
    """A practitioner who is signed in, and the part of the tree they look after."""

    practitioner_id: str
    role: str
    facility_id: str
    facility_path: str
    # Where the reader is the deputy of somebody who is away today.
    stands_in_at: tuple[str, ...] = ()

    @property
    def actor(self) -> str:
        """The name used in the audit trail."""
        return f"practitioner:{self.practitioner_id}"

    @property
    def sees_people(self) -> bool:
        """Clinicians see people; the bureau, the curator and the operator see figures only."""
        return self.role in CLINICAL_ROLES

    @property
    def sees_articles(self) -> bool:
        """The curator's desk; the operator may look."""
        return self.role in ARTICLE_ROLES

    @property
    def curates(self) -> bool:
        """Writes and signs education articles."""
        return self.role == "curator"

    @property
    def sees_figures(self) -> bool:
        """The bureau and the clinicians of an area read its figures."""
        return self.role in FIGURE_ROLES

    @property
    def sees_channels(self) -> bool:
        """How the ways out are: states and counts, nobody's name."""
        return self.role in CHANNEL_ROLES

    @property
    def keeps_channels(self) -> bool:
        """May stop everything that goes out, let it go on, and take an alarm of the ways out."""
        return self.role in CHANNEL_KEEPERS

    def catchment(self) -> ColumnElement[bool]:
        """True for the facilities this reader looks after."""
        return col(Facility.path).startswith(self.facility_path, autoescape=True)

    def people(self) -> ColumnElement[bool]:
        """True for the persons this reader may see.

        Somebody without any facility belongs to nobody's village, so those above the village see
        them: a stranger's alarm must not stand in an empty room.
        """
        if not self.sees_people:
            return false()
        places = [self.catchment()]
        places += [col(Facility.path).startswith(at, autoescape=True) for at in self.stands_in_at]
        inside = col(Person.facility_id).in_(select(Facility.id).where(or_(*places)))
        here = col(Person.status).not_in((MERGED, ERASED))
        if self.role not in ABOVE_THE_VILLAGE:
            return and_(here, inside)
        return and_(here, or_(inside, col(Person.facility_id).is_(None)))

    def contact_points(self) -> ColumnElement[bool]:
        """True for links to people this reader may see: the way to messages and photos."""
        visible = select(Person.id).where(self.people())
        return col(PersonContact.person_id).in_(visible)
