"""The demo's promises: the same bytes, every entity, believable hours, exactly the planned broken rows."""

import csv
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from pydantic import ValidationError

from models.contracts import CONTRACTS
from models.errors import UsageError
from models.fields import BLANKS
from models.settings import load_settings
from pipelines.demo import DEMO_AS_OF, demo_settings, write_demo

SMALL = {"reps": 14, "days": 75, "events": 4500}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("crm")
    return folder, write_demo(folder, **SMALL)


def records(path, entity):
    """Each record below the header as the contract wants it; None for blank lines and repeated headers."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader)
        assert set(header) <= set(CONTRACTS[entity].kinds())
        for cells in reader:
            if not cells or cells == header:
                yield None
                continue
            texts = {name: cell.strip(BLANKS) for name, cell in zip(header, cells, strict=True)}
            yield {name: text for name, text in texts.items() if text}


def is_broken(entity, record):
    try:
        "".join(record.values()).encode()
        CONTRACTS[entity].model_validate(record)
    except (ValidationError, UnicodeEncodeError):
        return True
    return False


@pytest.fixture(scope="module")
def judged(demo):
    """By file: each record (None: ignored) and whether it breaks its contract."""
    folder, summary = demo
    return {
        file: [(record, record is not None and is_broken(file.entity, record)) for record in found]
        for file in summary.files
        for found in [list(records(folder / file.name, file.entity))]
    }


@pytest.fixture(scope="module")
def activities(judged):
    """The valid activity rows, those sent again left out."""
    files = [file for file in judged if file.entity == "activities" and "resent" not in file.name]
    return [record for file in files for record, broken in judged[file] if record is not None and not broken]


def digest(folder):
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_arguments_give_the_same_bytes_under_another_hash_seed(tmp_path):
    write_demo(tmp_path / "here", reps=12, days=40, events=700)
    code = "import pathlib, sys, pipelines.demo as d; d.write_demo(pathlib.Path(sys.argv[1]), 12, 40, 700)"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "TZ": "Asia/Tokyo", "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there")], check=True, env=environment)
    assert digest(tmp_path / "here") == digest(tmp_path / "there")


def test_another_seed_gives_other_bytes(tmp_path):
    write_demo(tmp_path / "a", reps=1, days=3, seed=1)
    write_demo(tmp_path / "b", reps=1, days=3, seed=2)
    assert digest(tmp_path / "a") != digest(tmp_path / "b")


def test_every_entity_has_rows_and_every_file_is_in_the_summary(demo):
    folder, summary = demo
    assert {path.name for path in folder.iterdir()} == {file.name for file in summary.files}
    assert {file.entity for file in summary.files if file.rows} == set(CONTRACTS) - {"users"}  # its roster is whole


def test_exactly_the_planned_rows_break_their_contract(judged):
    for file, rows in judged.items():
        broken = sum(is_bad for _, is_bad in rows)
        ignored = sum(record is None for record, _ in rows)
        assert (len(rows), broken, ignored) == (file.rows, file.broken, file.ignored), file.name


def test_one_activity_row_in_a_hundred_is_broken_and_no_file_is_over_its_budget(demo):
    files = demo[1].files
    rows = sum(file.rows for file in files if file.entity == "activities")
    broken = sum(file.broken for file in files if file.entity == "activities")
    assert 0.008 < broken / rows < 0.012
    assert all(file.broken < 20 or file.broken <= 0.05 * file.rows for file in files)


def test_work_happens_on_weekdays_in_working_hours(activities):
    calls = [record["occurred_at"] for record in activities if record["channel"] == "call"]
    times = [datetime.fromisoformat(text) for text in calls if not text.endswith("Z")]
    assert sum(time.weekday() < 5 for time in times) > 0.98 * len(times)
    assert sum(9 <= time.hour + time.minute / 60 < 17.5 for time in times) > 0.95 * len(times)


def test_inside_reps_call_more_and_outside_reps_meet_in_person(demo, activities):
    types = {row["rep_id"]: row["rep_type"] for row in records(demo[0] / "reps.csv", "reps") if row["rep_id"][0] == "R"}
    counts = Counter((types.get(row.get("rep_id")), row["channel"], row.get("meeting_mode")) for row in activities)
    calls_by_email = {
        rep_type: counts[rep_type, "call", None] / counts[rep_type, "email", None] for rep_type in ("inside", "outside")
    }
    assert calls_by_email["inside"] > 1.15 * calls_by_email["outside"]
    assert counts["outside", "meeting", "in_person"] > counts["outside", "meeting", "video"]
    assert counts["inside", "meeting", "in_person"] < 0.2 * counts["inside", "meeting", "video"]


def test_the_exports_hold_every_kind_of_trouble(demo, activities):
    folder, done = demo[0], activities
    versions = Counter(row["source_record_id"] for row in done)
    assert max(versions.values()) > 1
    assert {row.get("rep_id", "") for row in done} >= {"R999", "", "dial-001"}
    assert any(row.get("booked_by_rep_id", "R001") != row.get("rep_id") for row in done if "booked_by_rep_id" in row)
    assert any(row.get("is_deleted") for row in done)
    assert {row.get("contact_ids", " ")[0] for row in done} >= {"[", "C", " "}
    contacts = {row.get("contact_id"): row for row in records(folder / "contacts.csv", "contacts")}
    merged = {name: row["merged_into_id"] for name, row in contacts.items() if "merged_into_id" in row}
    assert any(survivor in merged for survivor in merged.values())
    priced = {row["from_currency"] for row in records(folder / "exchange_rates.csv", "exchange_rates")}
    currencies = {row.get("currency") for row in records(folder / "opportunities.csv", "opportunities")}
    assert "AUD" in currencies - priced


def test_careers_hold_joiners_leavers_movers_and_one_who_came_back(tmp_path):
    write_demo(tmp_path, reps=24, days=180, events=500)
    rows = list(records(tmp_path / "reps.csv", "reps"))
    hires = {rep: {row["hire_date"] for row in rows if row["rep_id"] == rep} for rep in {row["rep_id"] for row in rows}}
    assert any(len(dates) == 2 for dates in hires.values())
    assert any("2026-01-02" < row["hire_date"] < "2026-06-30" for row in rows)
    assert {row.get("termination_kind") for row in rows} == {None, "voluntary", "involuntary"}
    teams = {(row["rep_id"], row["team"]) for row in rows}
    assert len(teams) > len(hires)
    assert {row.get("role") for row in rows} >= {"sales_manager", "sales_support", "solutions_engineer", None}


@pytest.mark.parametrize("events", [1, 40, 20_000])
def test_events_says_how_many_activities_there_are(tmp_path, events):
    summary = write_demo(tmp_path, reps=3, days=30, events=events)
    rows = sum(file.rows - file.ignored for file in summary.files if file.entity == "activities")
    assert events <= rows <= events * 1.05 + 1


@pytest.mark.parametrize("day", ["2026-06-30", "2026-06-28", "2026-01-01", "2024-02-29"])
def test_one_rep_and_one_day_is_a_company_too(tmp_path, day):
    as_of = DEMO_AS_OF.replace(year=int(day[:4]), month=int(day[5:7]), day=int(day[8:]))
    summary = write_demo(tmp_path, reps=1, days=1, as_of=as_of)
    assert {file.entity for file in summary.files if file.rows - file.ignored} == set(CONTRACTS) - {
        "users"
    }  # its roster is whole
    assert all(
        row is None or row["occurred_at"][:10] >= day
        for row in records(tmp_path / f"activities_{day[:7]}.csv", "activities")
    )


def test_the_last_day_is_the_last_whole_one_before_as_of(tmp_path):
    write_demo(tmp_path, reps=2, days=4, events=400, as_of=datetime(2026, 3, 20, 15, tzinfo=UTC))
    found = [row for row in records(tmp_path / "activities_2026-03.csv", "activities") if row]
    days = {row["occurred_at"][:10] for row in found if row.get("occurred_at", "").startswith("2026-03")}
    assert (min(days), max(days)) == ("2026-03-16", "2026-03-19")


@pytest.mark.parametrize("arguments", [{"reps": 0}, {"days": 0}, {"events": 0}, {"as_of": datetime(2026, 1, 1)}])
def test_arguments_that_make_no_company_are_refused(tmp_path, arguments):
    with pytest.raises(UsageError):
        write_demo(tmp_path / "crm", **arguments)
    assert not (tmp_path / "crm").exists()


def test_progress_ends_with_all_events(tmp_path):
    seen = []
    write_demo(tmp_path, reps=2, days=5, events=60, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (60, 60) and seen == sorted(seen)


def test_names_and_numbers_belong_to_nobody(demo):
    for row in records(demo[0] / "contacts.csv", "contacts"):
        assert row.get("email", "@example.org").split("@")[1] in ("example.com", "example.net", "example.org")
        assert "-555-01" in row.get("phone", "-555-01")


def test_the_settings_text_is_valid(tmp_path):
    path = tmp_path / "touchline.yaml"
    path.write_text(demo_settings(), encoding="utf-8")
    settings = load_settings(path, {})
    assert (settings.company.timezone, settings.sources[0].path) == ("America/New_York", "inbox/crm")
    assert Path(settings.sources[0].path).name == settings.sources[0].name
