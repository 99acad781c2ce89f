"""`python -m tests.reliability_page FIGURES`: writes docs/reliability.md from reliability.yaml and the figures of a run.

`--tests` prints the tests that the promises name, each once, for `make reliability` to run. A promise that the run
recorded nothing for shows how many of its tests passed; one whose tests did not run says so.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reliability.md"
_SHOWN = 10
"""Figures of one promise that a row shows besides their sum."""
_HEAD = """# What was proven

Each promise, the mechanism that keeps it, the command that proves it, and what that came to in the run named below. Written
by `make reliability`, which runs all of these tests, the slow ones too; the list is `tests/reliability.yaml`. A random
test prints its seed; `TOUCHLINE_SEED=…` before the command repeats it. Commands are for the activated environment
(`source .venv/bin/activate`).

"""


@dataclass(frozen=True)
class Promise:
    """One row of the table; `proved_by` are paths of test files, or `path::test`."""

    promise: str
    mechanism: str
    proved_by: tuple[str, ...]


@dataclass
class Proof:
    """What a run said of one promise."""

    figures: list[str] = field(default_factory=list)
    tried: int = 0
    outcomes: list[str] = field(default_factory=list)


def read_promises(file: Path = Path(__file__).with_name("reliability.yaml")) -> list[Promise]:
    """The list, in the order of the page."""
    return [
        Promise(one["promise"], one["mechanism"], tuple(one["proved_by"]))
        for one in yaml.safe_load(file.read_text(encoding="utf-8"))
    ]


def read_lines(figures: Path) -> list[dict[str, Any]]:
    """What record() and the plugin wrote."""
    return [json.loads(line) for line in figures.read_text(encoding="utf-8").splitlines()]


def named_tests(promises: Iterable[Promise]) -> list[str]:
    """What pytest is to run: each once, and no single test of a file that runs as a whole."""
    named = dict.fromkeys(test for promise in promises for test in promise.proved_by)
    return [test for test in named if "::" not in test or test.partition("::")[0] not in named]


def proofs_of(promises: Sequence[Promise], lines: Iterable[dict[str, Any]]) -> dict[str, Proof]:
    """By promise: its figures, and how the tests ended that it names."""
    proofs = {promise.promise: Proof() for promise in promises}
    for line in lines:
        if "promise" in line:
            proof = proofs[line["promise"]]
            proof.figures.append(line["figure"])
            proof.tried += line["tried"]
        else:
            for promise in promises:
                if any(_names(named, line["test"]) for named in promise.proved_by):
                    proofs[promise.promise].outcomes.append(line["outcome"])
    return proofs


def _names(named: str, test: str) -> bool:
    return test.partition("[")[0] == named or test.partition("::")[0] == named


def figure_of(proof: Proof) -> str:
    """The cell: figures, the sum of what is counted alike, and what did not pass."""
    found, counted = sorted(set(proof.figures)), f"**{proof.tried:,}**"
    if len(found) == 1 < len(proof.figures) and proof.tried:
        found = [f"{counted} {found[0]}"]
    elif len(found) > 1 and proof.tried:
        found = [f"{counted} in all", *found[:_SHOWN], *(["…"] if len(found) > _SHOWN else [])]
    passed = proof.outcomes.count("passed")
    missing = [f"**{proof.outcomes.count(how)} {how}**" for how in ("failed", "skipped") if how in proof.outcomes]
    tests = [f"{passed} test{'s' if passed > 1 else ''} passed"] if passed and not found else []
    return "; ".join([*found, *tests, *missing]) or "not run"


def page_of(promises: Sequence[Promise], lines: Iterable[dict[str, Any]], circumstances: str) -> str:
    """The whole page."""
    proofs = proofs_of(promises, lines)
    rows = [
        (one.promise, one.mechanism, f"`pytest {' '.join(one.proved_by)}`", figure_of(proofs[one.promise]))
        for one in promises
    ]
    table = [("promise", "mechanism", "proved by", "figure"), ("---", "---", "---", "---"), *rows]
    return _HEAD + f"{circumstances}\n\n" + "".join(f"| {' | '.join(_cell(cell) for cell in row)} |\n" for row in table)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def circumstances_of(day: date) -> str:
    """When it was run and with what, in words that tell the machine apart and not whose it is."""
    python = ".".join(map(str, sys.version_info[:3]))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    libraries = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "dagster", "great-expectations"))
    return (
        f"Run of {day.isoformat()}, {sys.platform}, {os.cpu_count()} cores, {memory:.0f} GB of memory,"
        f" Python {python}, {libraries}."
    )


def main(arguments: list[str]) -> int:
    """Prints the tests, or writes the page."""
    promises = read_promises()
    if arguments == ["--tests"]:
        print("\n".join(named_tests(promises)))
        return 0
    lines = read_lines(Path(arguments[0]))
    PAGE.write_text(page_of(promises, lines, circumstances_of(datetime.now(UTC).date())), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
