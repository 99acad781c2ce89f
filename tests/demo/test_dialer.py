"""The dialer's share of the calls: in its own files, never twice, and the number of activities stays what was asked."""

from collections import Counter

from pipelines.demo import write_demo
from tests.oracles.dialer import dialer_rows

SIZE = {"reps": 16, "days": 60, "events": 9000}


def test_a_call_is_exported_by_the_dialer_or_by_the_crm(tmp_path):
    alone = write_demo(tmp_path / "alone", **SIZE)
    both = write_demo(tmp_path / "crm", dialer=tmp_path / "dialer", **SIZE)
    entities = Counter(file.entity for file in alone.files)
    assert entities["activities"] < sum(file.entity == "activities" for file in both.files)
    crm = "".join(path.read_text(errors="replace") for path in (tmp_path / "crm").glob("activities*.csv"))
    dialed = [row for path in (tmp_path / "dialer").iterdir() for row in dialer_rows(path)]
    ids = [row["source_record_id"] for row in dialed if row is not None]
    assert len(ids) == len(set(ids)) > 100
    assert not any(f"ACT-{name.removeprefix('D')}," in crm for name in ids)


def test_one_dialer_row_in_a_hundred_is_broken_as_the_summary_says(tmp_path):
    summary = write_demo(tmp_path / "crm", dialer=tmp_path / "dialer", **SIZE)
    for file in summary.files:
        if file.name.startswith("calls"):
            rows = list(dialer_rows(tmp_path / "dialer" / file.name))
            assert (len(rows), rows.count(None)) == (file.rows, file.broken)


def test_a_month_with_very_many_rows_is_spread_over_several_files(tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.demo.activities.PART_ROWS", 1000)
    monkeypatch.setattr("pipelines.demo.activities.CHUNK", 700)
    summary = write_demo(tmp_path, reps=4, days=30, events=6000)
    parts = [file for file in summary.files if file.name.startswith("activities_2026-06") and "resent" not in file.name]
    assert len(parts) > 3
    assert all((tmp_path / file.name).read_bytes().count(b"\n") > 700 for file in parts[:-1])
    assert sum(file.rows for file in summary.files if file.entity == "activities") > 6000


def test_events_alone_decide_how_many_people_do_them(tmp_path):
    write_demo(tmp_path / "many", events=60_000, days=30)
    reps = (tmp_path / "many" / "reps.csv").read_text().splitlines()
    assert 80 < sum(line.startswith("R") for line in reps) < 120
