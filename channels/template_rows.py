"""The registry as a table: the words as they are sent, what they cost, and who approved them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from channels.templates import Registry, Template, TemplateIds
from texts.segments import sms_segments, sms_units

# The providers where a template must be registered.
KINDS = ("aliyun", "tencent")
# Not in the installation's file: nobody handed it in.
NOT_REGISTERED = "not_registered"


@dataclass(frozen=True, slots=True)
class TemplateRow:
    """One template. `states`: by provider kind, what the file says and what the provider last said.

    `text` is filled with samples and carries the signature; `units` and `segments` are those of the
    longest it may become.
    """

    name: str
    text: str
    units: int
    segments: int
    problems: tuple[str, ...]
    stands_for: tuple[str, ...]
    calls: bool
    instead: str | None
    note: str
    review: str
    states: Mapping[str, str] = field(default_factory=dict)

    @property
    def approved(self) -> bool:
        """Whether some provider carries it now."""
        return any(state == "approved" for state in self.states.values())


def rows(
    registry: Registry,
    ids: TemplateIds,
    *,
    signature: str = "",
    kinds: Iterable[str] = KINDS,
    told: Mapping[tuple[str, str], str] | None = None,
) -> tuple[TemplateRow, ...]:
    """Every template, in the order of the file.

    Args:
        registry: the templates, with the clinic's number in their words.
        ids: what the operator's file says.
        signature: the words in 【】.
        kinds: the providers that are asked about.
        told: what a provider last said itself, by kind and name; it counts before the file.
    """
    known = told or {}
    return tuple(_row(registry, entry, ids, signature, tuple(kinds), known) for entry in registry)


def example_file(registry: Registry, kinds: Iterable[str] = KINDS) -> str:
    """A file of ids to be filled in, with the words to be registered beside each."""
    lines = [
        "# Ids of our templates at each provider, for SUIFANG_SMS_TEMPLATES_FILE.",
        "# state: approved, pending, rejected or paused. Only an approved template is sent.",
    ]
    for kind in kinds:
        for entry in registry:
            lines += [
                "",
                f"# {entry.as_registered(kind)}",
                f"# {entry.note}",
                f"[{kind}.{entry.name}]",
                'id = "-"',
                'state = "pending"',
            ]
    return "\n".join(lines) + "\n"


def _row(
    registry: Registry,
    entry: Template,
    ids: TemplateIds,
    signature: str,
    kinds: tuple[str, ...],
    told: Mapping[tuple[str, str], str],
) -> TemplateRow:
    longest = registry.longest(entry.name)
    samples = {gap.name: gap.sample for gap in entry.gaps.values()}
    return TemplateRow(
        name=entry.name,
        text=registry.filled(entry.name, samples, signature).text,
        units=sms_units(longest),
        segments=sms_segments(longest),
        problems=tuple(registry.problems(entry.name)),
        stands_for=(*entry.text_keys, *entry.purposes),
        calls=entry.calls,
        instead=entry.instead,
        note=entry.note,
        review=entry.review,
        states={
            kind: told.get((kind, entry.name)) or ids.state(kind, entry.name) or NOT_REGISTERED
            for kind in kinds
        },
    )
