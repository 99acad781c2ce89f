"""A night whose small files are each within their budget and broken together publishes nothing, and says how to go on."""

from datetime import UTC, datetime

import pytest

from data_quality.quarantine import Rejected
from models.errors import BlockedError
from models.settings import Settings
from pipelines.commands.standing import read_standing
from pipelines.night.night_budget import judge_night
from pipelines.night.outcome import LoadSummary
from tests.runs.test_status import page

pytestmark = pytest.mark.slow

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
NOW = datetime(2026, 4, 5, 9, tzinfo=UTC)
CRM = {"name": "crm", "kind": "canonical", "path": "inbox/crm"}


def calls(file, sound, broken):
    row = {"occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}
    good = [{**row, "source_record_id": f"{file}-{n}", "channel": "call"} for n in range(sound)]
    return good + [{**row, "source_record_id": f"{file}-b{n}", "channel": "pigeon"} for n in range(broken)]


def judged(read, broken, source="crm", status="accepted", own=None, **quality):
    """A night of one file."""
    settings = Settings.model_validate({"sources": [CRM | {"max_quarantined_share": own}], "quality": quality})
    load = LoadSummary("1", source, "activities", "a.csv", status, rows_read=read, rows_quarantined=broken)
    rejected = [
        Rejected("1", source, "activities", "a.csv", line, None, "channel", "not_in_set", "", "", "")
        for line in range(broken)
    ]
    return judge_night(settings, [load], rejected)


def test_a_tenth_of_a_night_may_be_rejected_and_not_one_row_more():
    assert judged(1000, 100).passed
    found = judged(1000, 101)
    assert (found.passed, found.failing_rows, found.severity, found.kind) == (False, 101, "block", "budget")
    assert "101 of the 1,000 rows" in found.sample and "crm activities, channel: not_in_set (101 rows)" in found.sample


@pytest.mark.parametrize(
    "night",
    [
        {"read": 99, "broken": 99},  # a small night
        {"read": 1000, "broken": 500, "status": "refused"},  # nothing of it is published
        {"read": 1000, "broken": 500, "own": 0.6},  # somebody has said what is usual there
        {"read": 1000, "broken": 200, "max_quarantined_share": 0.3},  # a file may have more than that
        {"read": 1000, "broken": 200, "max_night_quarantined_share": 0.2},
    ],
)
def test_what_does_not_stop_a_night(night):
    assert judged(**night).passed


def test_a_file_that_several_loads_read_counts_once():
    settings = Settings.model_validate({"sources": [CRM]})
    links = [
        LoadSummary(str(number), "crm", f"join:activities:{number}", "links.csv", "accepted", rows_read=1000)
        for number in range(6)
    ]
    calls = LoadSummary("9", "crm", "activities", "calls.csv", "accepted", rows_read=400, rows_quarantined=150)
    found = judge_night(settings, [*links, calls], [])
    assert (found.passed, found.failing_rows) == (False, 150)
    assert "150 of the 1,400 rows" in found.sample


def test_many_small_files_together_stop_the_night_and_one_setting_lets_it_go_on(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities_0.csv", calls(0, 5, 0))
    office.night()
    for file in range(1, 8):
        office.deliver(f"activities_{file}.csv", calls(file, 60, 15))
    with pytest.raises(BlockedError, match=r"105 of the 525 rows .* crm activities, channel: not_in_set \(105 rows\)"):
        office.night()
    assert office.query("select count(*) from core.fct_activity") == [(5,)]
    assert "20.0%, at most 10.0%" in page(office) and "MAX_NIGHT_QUARANTINED_SHARE=1 touchline run" in page(office)
    assert read_standing(office.workspace).failed_build.quarantine[0]["rows"] == 105
    office.environment = office.environment | {"TOUCHLINE__QUALITY__MAX_NIGHT_QUARANTINED_SHARE": "1"}
    assert office.night().status == "published"
    del office.environment["TOUCHLINE__QUALITY__MAX_NIGHT_QUARANTINED_SHARE"]
    assert office.query("select count(*) from core.fct_activity") == [(425,)]
    assert office.night().status == "nothing_new"
    assert office.night(full_refresh=True).status == "published"  # what was let through is not judged again
    found = "select kind, passed from ops.check_result where check_name = 'night_quarantined_share'"
    assert office.query(found) == [("budget", True)]
