"""Every bad input of the catalogue ends where it must: its counts by bucket, the rules that fired, what core holds.

All fixtures share one workspace, each as a source of its own, and two nights; what needs more is proved elsewhere, and
the list says where.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.quality.bad_inputs.fixtures import Fixture, GivenFile, read_catalogue, read_fixtures
from tests.quality.bad_inputs.made_files import content_of
from tests.reliability import record
from tests.runs.conftest import Office, made_once

ROOT = Path(__file__).parents[3]
CATALOGUE, FIXTURES = read_catalogue(), read_fixtures()
SHOWN = [(fixture, form) for fixture in FIXTURES for form in fixture.forms]
NIGHTS = (1, 2)


def source_of(fixture: Fixture, form: str) -> str:
    return fixture.id.lower() + ("" if form == fixture.forms[0] else f"_{form}")


def settings_of(fixture: Fixture, form: str) -> dict[str, Any]:
    name = source_of(fixture, form)
    if fixture.is_mapped:
        place = {"kind": "mapped", "entity": fixture.entity, "path": f"inbox/{name}/{fixture.entity}*"}
        return {"name": name, **place, **fixture.source}
    return {"name": name, "kind": "canonical", "path": f"inbox/{name}", **fixture.source}


def given_in(fixture: Fixture, form: str) -> list[GivenFile]:
    """The files of this form: in further forms only those made of rows."""
    return [file for file in fixture.files if form == fixture.forms[0] or file.rows is not None]


@dataclass(frozen=True)
class Ended:
    """What was delivered (name and hash, by source and place in the fixture), and what became of it."""

    office: Office
    delivered: dict[tuple[str, int], tuple[str, str]]
    loads: dict[tuple[str, str, str], tuple[Any, ...]]
    rejected: dict[tuple[str, str, str], dict[str, int]]
    notes: list[str]


LOADS = """
    select l.source, l.file_name, l.file_sha256, l.status, l.reason, l.remedy,
        rows_read, rows_accepted, rows_duplicate, rows_superseded, rows_quarantined, rows_ignored
    from ops.load as l left join ops.load_accounting as a using (load_id, entity)
    where not starts_with(l.entity, 'join:')
"""
REJECTED = """
    select l.source, l.file_name, l.file_sha256, coalesce(r.field, '') || ': ' || r.rule
    from quarantine.rejected as r join ops.load as l using (load_id, entity)
"""


def run_nights(folder: Path) -> None:
    """All fixtures through two nights; what was delivered and noted is written beside the workspace."""
    company = {"name": "Test", "timezone": "America/New_York"}
    sources = [settings_of(fixture, form) for fixture, form in SHOWN]
    office = Office(folder / "workspace", json.dumps({"company": company, "sources": sources}))
    delivered: list[tuple[str, int, str, str]] = []
    notes: list[str] = []
    for night in NIGHTS:
        for fixture, form in SHOWN:
            source = source_of(fixture, form)
            for place, file in enumerate(given_in(fixture, form)):
                if file.night == night:
                    name, content = content_of(fixture, file, form)
                    office.deliver(name, content, f"inbox/{source}")
                    delivered.append((source, place, name, hashlib.sha256(content).hexdigest()))
        notes += office.night().notes
    (folder / "told.json").write_text(json.dumps([delivered, notes]), encoding="utf-8")


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """What one process's nights published."""
    folder = made_once(tmp_path_factory, "catalogue", run_nights)
    office = Office(folder / "workspace")
    delivered, notes = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    rejected: dict[tuple[str, str, str], Counter[str]] = {}
    for *where, rule in office.query(REJECTED):
        rejected.setdefault(tuple(where), Counter())[rule] += 1
    return Ended(
        office,
        {(source, place): (name, sha256) for source, place, name, sha256 in delivered},
        {(source, name, sha256): tuple(rest) for source, name, sha256, *rest in office.query(LOADS)},
        {where: dict(rules) for where, rules in rejected.items()},
        notes,
    )


@pytest.mark.parametrize(("fixture", "form"), SHOWN, ids=[source_of(*shown) for shown in SHOWN])
def test_a_bad_input_ends_where_it_must(ended, fixture, form):
    name = source_of(fixture, form)
    for place, file in enumerate(given_in(fixture, form)):
        assert_fate(file, ended, (name, *ended.delivered[name, place]))
    for question in fixture.core:
        found = ended.office.query(question.ask.replace("{source}", name))
        wanted = [[_named(cell, name) for cell in row] for row in question.rows]
        assert [list(row) for row in found] == wanted


def assert_fate(file: GivenFile, ended: Ended, where: tuple[str, str, str]) -> None:
    if file.fate == "not_seen":
        assert where not in ended.loads
        return
    status, reason, remedy, *counts = ended.loads[where]
    rejected = ended.rejected.get(where, {})
    if file.expect is not None:
        assert (status, tuple(counts), rejected) == ("accepted", file.expect.counts(), file.rejected), reason
    elif file.refused is not None:
        assert (status, (reason or "").split(": ")[0], rejected) == ("refused", file.refused, {})
        assert remedy and file.says in f"{reason} {remedy}"
    else:
        assert status == file.fate


def test_everything_that_was_read_is_in_one_bucket(ended):
    [(rows,)] = ended.office.query("select sum(rows_read) from ops.load_accounting")
    assert rows > 0
    unequal = (
        "select * from ops.load_accounting where rows_read <> rows_accepted + rows_duplicate + rows_superseded"
        " + rows_quarantined + rows_ignored + rows_erased"
    )
    assert ended.office.query(unequal) == []
    figure = f"{len(CATALOGUE)} entries, {len(ended.loads):,} files, {rows:,} rows"
    record("every bad input of the catalogue ends where it must", figure)


def test_every_entry_is_shown_proved_elsewhere_or_left_out_for_a_reason():
    fixtures = {fixture.id for fixture in FIXTURES}
    elsewhere = {name for name, entry in CATALOGUE.items() if entry.proved_by or entry.left_out}
    assert fixtures | elsewhere == set(CATALOGUE)
    assert [fixture.id for fixture in FIXTURES if fixture.path.parent.name != fixture.id[0]] == []


@pytest.mark.parametrize("proof", sorted({proof for entry in CATALOGUE.values() for proof in entry.proved_by}))
def test_a_proof_elsewhere_is_there(proof):
    path, _, name = proof.partition("::")
    assert (ROOT / path).is_file()
    text = (ROOT / path).read_text(encoding="utf-8")
    assert not name or f"def {name}(" in text or f"\n{name} = " in text


def test_a_column_that_nothing_names_is_told_once(ended):
    assert len([note for note in ended.notes if note.startswith("c14/") and "mood" in note]) == 1


def test_every_rejected_record_is_kept_as_it_came(ended):
    """In the private file, once, however many rules it broke."""
    with duckdb.connect(str(ended.office.workspace.published / "private.duckdb"), read_only=True) as private:
        (kept,) = private.execute("select count(*) from quarantined_row").fetchone()
    [(told,)] = ended.office.query("select count(distinct (load_id, entity, line_number)) from quarantine.rejected")
    assert kept == told


def _named(cell: Any, source: str) -> Any:
    return cell.replace("{source}", source) if isinstance(cell, str) else cell
