"""Who has a phone with WeChat on it, and who of them follows the account."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from simulator.errors import ApiError
from simulator.settings import DemoPatient


@dataclass(slots=True)
class Follower:
    """A person and what the account may expect of them.

    Attributes:
        patient: who it is.
        following: whether they follow the account now.
        receipt: the status that template receipts report, `success` or `failed:user block` and so on.
    """

    patient: DemoPatient
    following: bool
    receipt: str = "success"


class Followers:
    """The people the platform knows; strangers are taken in only when told so."""

    def __init__(self, patients: Iterable[DemoPatient], *, open_to_all: bool = False) -> None:
        self._people = {
            patient.openid: Follower(patient, patient.following) for patient in patients
        }
        self._open_to_all = open_to_all

    def __iter__(self) -> Iterator[Follower]:
        return iter(self._people.values())

    def get(self, openid: str) -> Follower:
        """Return the person, or raise 40003 for an openid nobody has."""
        if openid not in self._people and self._open_to_all and openid:
            self.add(DemoPatient(openid, openid[-6:], ""))
        try:
            return self._people[openid]
        except KeyError:
            raise ApiError(40003) from None

    def add(self, patient: DemoPatient) -> Follower:
        follower = self._people[patient.openid] = Follower(patient, patient.following)
        return follower
