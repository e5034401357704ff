"""The part of the facility tree that figures are shown for: an area, what it consists of, and so on.

Below an area with parts stands, beside the parts, whoever belongs to it directly; below the root
also those who belong nowhere yet. So every number is the sum of the numbers one step below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session, col

from records.tables import Facility

UNPLACED = "-"
_OWN = ".own"


@dataclass(frozen=True, slots=True)
class Node:
    """A facility with all that is below it, or (kind "own", "unplaced") a remainder."""

    id: str
    name: str
    kind: str
    path: str = ""
    parent_id: str | None = None

    @property
    def is_facility(self) -> bool:
        return self.kind not in {"own", "unplaced"}


@dataclass(frozen=True)
class Tree:
    """Facilities under a root. `parts` are the facilities one step below each."""

    root: Node
    nodes: Mapping[str, Node]
    parts: Mapping[str, tuple[Node, ...]]

    def below(self, node_id: str) -> tuple[Node, ...]:
        """What an area consists of; nothing for one that has no parts."""
        return self.parts.get(node_id, ())

    def up(self, node: Node) -> Iterator[Node]:
        """The areas above, the nearest first."""
        above = self.nodes.get(node.parent_id or "")
        while above is not None:
            yield above
            above = self.nodes.get(above.parent_id or "")

    def downwards(self) -> Iterator[Node]:
        """Every node, each before what it consists of."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop(0)
            yield node
            waiting += self.below(node.id)

    def remainder(self, place: str | None) -> str:
        """The node that people of exactly this place are counted in."""
        if place is None:
            return UNPLACED if UNPLACED in self.nodes else self.root.id
        return f"{place}{_OWN}" if f"{place}{_OWN}" in self.nodes else place


def tree(session: Session, path: str) -> Tree | None:
    """The tree under a facility path; None when there is no such facility."""
    rows = session.execute(
        select(Facility)
        .where(col(Facility.path).startswith(path, autoescape=True))
        .order_by(col(Facility.path))
    ).scalars()
    facilities = [Node(row.id, row.name, row.kind, row.path, row.parent_id) for row in rows]
    if not facilities:
        return None
    return _grown(facilities)


def _grown(facilities: list[Node]) -> Tree:
    known = {node.id for node in facilities}
    root = facilities[0]
    parts: dict[str, list[Node]] = {}
    for node in facilities[1:]:
        parent = node.parent_id if node.parent_id in known else root.id
        parts.setdefault(parent or root.id, []).append(node)
    for node in facilities:
        if node.id in parts:
            own = Node(f"{node.id}{_OWN}", f"{node.name}本级", "own", node.path, node.id)
            parts[node.id].append(own)
    if root.id in parts and root.parent_id is None:
        parts[root.id].append(Node(UNPLACED, "还没有定村", "unplaced", "", root.id))
    everybody = {node.id: node for group in parts.values() for node in group}
    return Tree(root, {root.id: root, **everybody}, {k: tuple(v) for k, v in parts.items()})
