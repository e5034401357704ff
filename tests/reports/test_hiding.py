"""Small numbers are hidden, and nothing hidden can be worked out from everything shown."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction

import pytest

from reports.activity import Tally
from reports.definition import definitions
from reports.hiding import Cell, Sum, _numbers, _sums, hidden
from reports.ledger import Ledger, class_keys, summed
from reports.month import Month
from reports.state import COHORT, CONTROL, STANDARD
from reports.tree import Node, Tree, _grown
from tests.reports.conftest import Look
from tests.reports.hand import Hand

KNOWN = definitions()
OCTOBER = Month(2026, 10)
MANAGED = "nbphs.hypertension.managed"


def grown(villages: int, towns: int = 2) -> Tree:
    nodes = [Node("county", "县", "county", "county/")]
    for town in range(towns):
        path = f"county/t{town}/"
        nodes.append(Node(f"t{town}", "镇", "township_health_centre", path, "county"))
        nodes += [
            Node(f"t{town}v{n}", "村", "village_clinic", f"{path}t{town}v{n}/", f"t{town}")
            for n in range(villages)
        ]
    return _grown(nodes)


def populated(tree: Tree, chance: random.Random, most: int) -> Ledger:
    """People with random classes in every village."""
    places: dict[str | None, Tally] = {}
    for node in tree.nodes.values():
        if node.kind == "village_clinic":
            counts: Counter[str] = Counter()
            for _ in range(chance.randint(0, most)):
                care = chance.random() < 0.9
                cohort = chance.choice(COHORT[:-1]) if care else COHORT[-1]
                cohort = "uncontrolled" if cohort == "worse" else cohort
                classes = chance.choice(STANDARD), chance.choice(CONTROL), cohort
                counts.update(class_keys("hypertension", care, *classes))
            counts["work.due"] = chance.randint(0, most)
            counts["work.done"] = chance.randint(0, counts["work.due"])
            places[node.id] = Tally(counts)
    return summed(OCTOBER, tree, places)


def follows(tree: Tree, ledger: Ledger, numbers: dict[Cell, int], away: set[Cell]) -> set[Cell]:
    """The hidden cells whose value is fixed by everything shown, by elimination in fractions."""
    sums = list(_sums(KNOWN, tree, ledger))
    cells = {c for one in sums for c in (one.whole, *one.parts)}
    unknown = sorted(c for c in cells if c in away or c[1].endswith("~rest"))
    column = {cell: position for position, cell in enumerate(unknown)}
    solved: dict[int, dict[int, Fraction]] = {}
    for one in sums:
        row = equation(one, column)
        for pivot, known in solved.items():
            subtract(row, known, pivot)
        if row:
            pivot = min(row)
            scaled = {other: value / row[pivot] for other, value in row.items()}
            for known in solved.values():
                subtract(known, scaled, pivot)
            solved[pivot] = scaled
    alone = {unknown[pivot] for pivot, row in solved.items() if len(row) == 1}
    return {cell for cell in alone if cell in away and numbers[cell]}


def subtract(row: dict[int, Fraction], known: dict[int, Fraction], pivot: int) -> None:
    times = row.get(pivot, Fraction(0))
    for other, value in known.items() if times else ():
        row[other] = row.get(other, Fraction(0)) - times * value
        if not row[other]:
            del row[other]


def equation(one: Sum, column: dict[Cell, int]) -> dict[int, Fraction]:
    row: dict[int, Fraction] = {}
    for cell, sign in ((one.whole, 1), *((part, -1) for part in one.parts)):
        if cell in column:
            row[column[cell]] = row.get(column[cell], Fraction(0)) + sign
    return {position: value for position, value in row.items() if value}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("most", [6, 25, 60])
def test_nothing_hidden_follows_from_what_is_shown(seed: int, most: int) -> None:
    tree = grown(villages=3)
    ledger = populated(tree, random.Random(seed), most)
    away = hidden(KNOWN, tree, ledger)
    numbers = _numbers(list(_sums(KNOWN, tree, ledger)), ledger)
    for cell, number in numbers.items():
        if 0 < number < KNOWN.smallest_cell:
            assert cell in away
    published = {cell for cell in away if not cell[1].endswith("~rest")}
    assert follows(tree, ledger, numbers, published) == set()


def test_the_audit_of_this_test_finds_what_is_not_covered() -> None:
    tree = grown(villages=3)
    ledger = populated(tree, random.Random(1), 25)
    numbers = _numbers(list(_sums(KNOWN, tree, ledger)), ledger)
    small = {cell for cell, number in numbers.items() if 0 < number < KNOWN.smallest_cell}
    assert follows(tree, ledger, numbers, {cell for cell in small if not cell[1].endswith("~rest")})


def test_large_numbers_stay_in_sight() -> None:
    tree = grown(villages=3)
    counts = Counter({MANAGED: 100})
    ledger = summed(OCTOBER, tree, {f"t0v{n}": Tally(Counter(counts)) for n in range(3)})
    shown = {cell for cell in hidden(KNOWN, tree, ledger) if cell[1] == MANAGED}
    assert shown == set()


def test_from_outside_a_village_of_few_is_hidden_and_another_with_it(
    hand: Hand, look: Look
) -> None:
    report = look("town", inside=False)
    values = {row.id: row.values[MANAGED] for row in report.table("nbphs.hypertension").rows}
    assert values["b"].text == "少于5"
    assert values["a"].text == "＊"
    assert report.table("nbphs.hypertension").total.values[MANAGED].text == "10"
    # The villages are hidden, so their rates are.
    for row in report.table("nbphs.hypertension").rows:
        assert row.values["nbphs.hypertension.control_rate"].text in {"＊", "—"}


def test_from_outside_the_running_month_shows_no_village(look: Look) -> None:
    running = look("town", Month(2026, 11), inside=False)
    village = next(row for row in running.table("nbphs.hypertension").rows if row.id == "a")
    assert {value.text for value in village.values.values()} == {"过完月再看"}
    # The other township has one person: hers would follow from this one's and the county's.
    assert running.table("nbphs.hypertension").total.values[MANAGED].text == "＊"
    county = look(month=Month(2026, 11), inside=False)
    assert county.table("nbphs.hypertension").total.values[MANAGED].text == "11"


def test_from_inside_everything_is_shown(look: Look) -> None:
    report = look("town", inside=True)
    texts = [v.text for t in report.tables for row in t.all_rows() for v in row.values.values()]
    assert not {"少于5", "＊"} & set(texts)
