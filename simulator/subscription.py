"""Subscription messages (订阅通知): who agreed to which template, and what is left of it.

One yes to a one-time template is one message; a yes to a long-term one holds until it is taken back.
Whoever switches a template off in the phone's settings gets nothing more of it.
"""

from dataclasses import dataclass

from simulator.errors import ApiError
from simulator.settings import TemplateSpec

ACCEPT, REJECT = "accept", "reject"


@dataclass(slots=True)
class Agreement:
    """Where one person stands with one template."""

    left: int = 0
    lasting: bool = False
    switched_off: bool = False


class ConsentLedger:
    """Keeps agreements. The product's own ledger is never asked."""

    def __init__(self) -> None:
        self._agreements: dict[tuple[str, str], Agreement] = {}

    def of(self, openid: str, template_id: str) -> Agreement:
        return self._agreements.setdefault((openid, template_id), Agreement())

    def answer(self, openid: str, spec: TemplateSpec, answer: str) -> None:
        """What was tapped in the question."""
        agreement = self.of(openid, spec.template_id)
        if answer == ACCEPT:
            agreement.switched_off = False
            agreement.left += 1
            agreement.lasting = spec.kind == "long_term"
        else:
            agreement.lasting = False

    def switch_off(self, openid: str, spec: TemplateSpec) -> None:
        agreement = self.of(openid, spec.template_id)
        agreement.switched_off, agreement.left, agreement.lasting = True, 0, False

    def open(self, openid: str, spec: TemplateSpec) -> bool:
        agreement = self.of(openid, spec.template_id)
        if agreement.switched_off:
            return False
        return agreement.lasting if spec.kind == "long_term" else agreement.left > 0

    def spend(self, openid: str, spec: TemplateSpec) -> None:
        """Take one message, or raise 43101."""
        if not self.open(openid, spec):
            raise ApiError(43101)
        if spec.kind == "one_time":
            self.of(openid, spec.template_id).left -= 1
