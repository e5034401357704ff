"""The house's own rules that no linter knows: sizes, clinical numbers, broad excepts, real tests."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "root_packages"
]
MODULES = sorted(
    path
    for package in PACKAGES
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60

# Where catching everything is right: the edges, where somebody must see the failure afterwards.
BOUNDARIES = re.compile(
    r"schedules/|inbox/|agent/(turn|perceiving|unanswered)|channels/(delivery|media|preparation|reception|\w+/webhook)|records/gathering|suifang/(cli|doctor)"
)

# Whole numbers that only ever mean a threshold; fractions are taken from the protocols themselves.
CLINICAL_NUMBERS = {110, 135, 140, 160, 180}
# Calls that fail by themselves when what they are given is wrong.
_FAILING = {
    "raises",
    "warns",
    "fail",
    "expect",
    "wait_for",
    "model_validate",
    "model_validate_json",
}
CLINICAL_PAIR = re.compile(r"\b(110|120|130|135|140|150|160|180)/(70|80|85|90|100|110|120)\b")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def _functions(path: Path) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]:
    return tuple(
        node
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_modules_and_functions_stay_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE
    long = [
        node.name
        for node in _functions(path)
        if (node.end_lineno or node.lineno) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == []


def test_everything_is_caught_only_at_the_edges() -> None:
    found = [
        f"{_name(path)}:{node.lineno}"
        for path in MODULES
        if not BOUNDARIES.match(_name(path))
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ExceptHandler) and _catches_all(node) and not _raises(node)
    ]
    assert found == []


def test_code_repeats_no_clinical_number() -> None:
    fractions = _fractions_of_the_protocols()
    assert fractions
    found = [
        f"{_name(path)}:{line}: {value}"
        for path in MODULES
        # Pictures are drawn there: places on a sheet, and no rule.
        if not _name(path).startswith("simulator/pictures/")
        for line, value in _numbers(path)
        if value in CLINICAL_NUMBERS or value in fractions
    ]
    assert found == []


def test_code_repeats_no_clinical_number_inside_its_strings() -> None:
    found = [
        f"{_name(path)}:{node.lineno}: {node.value!r}"
        for path in MODULES
        for node in _strings(path)
        if CLINICAL_PAIR.search(str(node.value))
    ]
    assert found == []


def test_every_test_can_fail() -> None:
    idle = [
        f"{_name(path)}:{node.lineno} {node.name}"
        for path in TESTS
        for node in _functions(path)
        if node.name.startswith("test_") and not _asserts(node, path)
    ]
    assert idle == []


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"#.*\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    found = [
        f"{_name(path)}:{number}"
        for path in [*MODULES, *TESTS]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert found == []


def test_no_machine_path_and_no_registry_is_committed() -> None:
    hosts = ("py" + "pi.org", "python" + "hosted", "registry.npm" + "js", "npm" + "mirror")
    places = ("/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", "/op" + "t/wheels")
    found = [
        f"{name}: {wrong}"
        for name in _tracked()
        for wrong in (*hosts, *places)
        if wrong in _text(ROOT / name)
    ]
    assert found == []


def _catches_all(node: ast.ExceptHandler) -> bool:
    if node.type is None:
        return True
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(isinstance(kind, ast.Name) and kind.id.endswith("Exception") for kind in caught)


def _raises(node: ast.ExceptHandler) -> bool:
    return isinstance(node.body[-1], ast.Raise)


def _numbers(path: Path) -> Iterator[tuple[int, float]]:
    for node in ast.walk(_tree(path)):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, int | float)
            and not isinstance(node.value, bool)
        ):
            yield node.lineno, node.value


def _strings(path: Path) -> Iterator[ast.Constant]:
    """String literals that are not docstrings."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.Constant) or id(node) in documentation:
            continue
        if isinstance(node.value, str):
            yield node


def _fractions_of_the_protocols() -> set[float]:
    found: set[float] = set()

    def walk(value: object) -> None:
        if isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)
        elif isinstance(value, float) and value > 1 and not value.is_integer():
            found.add(value)

    for path in (ROOT / "care" / "protocols").rglob("*.toml"):
        walk(tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def _asserts(function: ast.AST, path: Path) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call) and _called(node) in _FAILING | _asserting_helpers(path):
            return True
    return False


@cache
def _asserting_helpers(path: Path) -> set[str]:
    """The functions of a file that assert something, and those it imports from other test files."""
    own = {
        function.name
        for function in _functions(path)
        if not function.name.startswith("test_")
        and any(isinstance(node, ast.Assert) for node in ast.walk(function))
    }
    return own.union(*(_imported_helpers(node) for node in ast.walk(_tree(path))))


def _imported_helpers(node: ast.AST) -> set[str]:
    if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("tests."):
        return set()
    file = ROOT.joinpath(*str(node.module).split(".")).with_suffix(".py")
    helpers = _asserting_helpers(file) if file.exists() else set()
    return helpers & {alias.name for alias in node.names}


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


@cache
def _tracked() -> tuple[str, ...]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return tuple(name for name in listed.stdout.split("\0") if name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (UnicodeDecodeError, FileNotFoundError):
        return ""
