"""The list of promises names what there is, tests record no other promise, and the page has a row for each."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.reliability_page import PAGE, Promise, named_tests, page_of, read_promises

ROOT = Path(__file__).parents[2]
PROMISES = read_promises()
NAMES = {promise.promise for promise in PROMISES}
BROKEN = Promise("glass bends", "it is soft", ("tests/a.py::test_x", "tests/b.py"))
WHOLE = Promise("glass breaks", "it is | hard", ("tests/a.py",))


@pytest.mark.parametrize("proof", sorted({proof for promise in PROMISES for proof in promise.proved_by}))
def test_a_promise_names_a_test_that_is_there(proof):
    path, _, name = proof.partition("::")
    assert (ROOT / path).is_file()
    assert not name or f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def recorded_in(file: Path) -> set[str]:
    """The promises that a test file gives to record(): literals, or names of its own or an imported constant."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record"]
    given = [call.args[0] for call in calls if call.args]
    return {str(one.value) if isinstance(one, ast.Constant) else CONSTANTS[one.id] for one in given}


CONSTANTS = {
    target.id: str(node.value.value)
    for file in (ROOT / "tests").rglob("test_*.py")
    for node in ast.parse(file.read_text(encoding="utf-8")).body
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    for target in node.targets
    if isinstance(target, ast.Name) and target.id in ("FORGOTTEN", "FULL", "KILLED", "SAME")
}
RECORDING = [
    file
    for file in (ROOT / "tests").rglob("test_*.py")
    if "from tests.reliability import record\n" in file.read_text(encoding="utf-8")
]


def test_what_is_recorded_is_promised_by_a_row_that_names_the_test():
    files = {promise.promise: {proof.partition("::")[0] for proof in promise.proved_by} for promise in PROMISES}
    astray = {
        (str(file.relative_to(ROOT)), promise)
        for file in RECORDING
        for promise in recorded_in(file)
        if str(file.relative_to(ROOT)) not in files.get(promise, set())
    }
    assert astray == set()
    assert len({promise for file in RECORDING for promise in recorded_in(file)}) > 20


def test_each_promise_stands_once_and_has_its_row_on_the_page():
    assert len(NAMES) == len(PROMISES)
    page = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.*?) \| (.*?) \| `pytest (.*?)` \|", page, re.MULTILINE)
    assert [row[0] for row in rows] == [promise.promise for promise in PROMISES], "write it anew: make reliability"
    assert [tuple(row[2].split()) for row in rows] == [promise.proved_by for promise in PROMISES]


def test_a_test_runs_once_however_many_promises_name_it():
    assert named_tests([BROKEN, WHOLE]) == ["tests/b.py", "tests/a.py"]


def row(*lines, promise=WHOLE):
    page = page_of([promise], lines, "Run at sea.")
    assert "Run at sea." in page
    return page.splitlines()[-1]


def counted(figure, tried):
    return {"promise": "glass breaks", "figure": figure, "tried": tried}


def test_a_row_shows_figures_and_their_sum():
    ended = {"test": "tests/a.py::test_x[1]", "outcome": "passed"}
    assert row(counted("nine", 0), ended) == "| glass breaks | it is \\| hard | `pytest tests/a.py` | nine |"
    assert row(counted("a", 1), counted("b", 1_000)).endswith("| **1,001** in all; a; b |")
    assert row(*(counted("rows", 2) for _ in range(6))).endswith("| **12** rows |")
    many = row(*(counted(f"c{n}", 2) for n in range(11)))
    assert "| **22** in all; c0; c1; c10; " in many and many.endswith("; c8; … |")


def test_a_row_without_a_figure_says_what_its_tests_came_to():
    ends = [{"test": f"tests/a.py::test_{how}", "outcome": how} for how in ("passed", "skipped", "failed")]
    other = {"test": "tests/c.py::test_x", "outcome": "passed"}
    assert row(*ends[:1], other).endswith("| 1 test passed |")
    assert row(*ends).endswith("| 1 test passed; **1 failed**; **1 skipped** |")
    assert row(other).endswith("| not run |")
    assert row({"test": "tests/a.py::test_y", "outcome": "passed"}, promise=BROKEN).endswith("| not run |")
    assert row({"test": "tests/a.py::test_x[z]", "outcome": "passed"}, promise=BROKEN).endswith("| 1 test passed |")


def test_a_figure_of_no_promise_is_an_error():
    with pytest.raises(KeyError):
        row({"promise": "else", "figure": "", "tried": 0})
