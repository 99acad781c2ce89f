"""`touchline status`: the nights whatever came of them, freshness, the failed build, and no line that a colour must explain."""

import io
import json
import os
import pty
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from rich.console import Console

from models.errors import BlockedError
from pipelines.commands.pages import Page, ago, size
from pipelines.commands.standing import read_standing
from pipelines.commands.status_page import show_standing
from pipelines.commands.status_top import in_one_line, spark
from pipelines.night.history import KEPT, PastNight, read_nights, record_night
from pipelines.night.outcome import NightOutcome
from tests.runs.conftest import AS_OF

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}
BROKEN = {**CALL, "source_record_id": "A2", "channel": "pigeon"}
NOW = datetime(2026, 4, 5, 9, tzinfo=UTC)
TOUCHLINE = (sys.executable, "-c", "from pipelines.cli import main; main()")


def page(office, width=4000, whole=True):
    out = io.StringIO()
    made = Page(out)
    made._console = Console(file=out, width=width, highlight=False, markup=False, emoji=False)
    show_standing(made, read_standing(office.workspace), NOW, whole=whole)
    return out.getvalue()


def block(office):
    """A second night that a check stops."""
    file = office.workspace.published.resolve() / "crm.duckdb"
    file.chmod(0o644)
    with duckdb.connect(str(file)) as tampering:
        tampering.execute("update ops.load_accounting set rows_accepted = rows_accepted + 1")
    office.deliver("activities_2.csv", [CALL | {"source_record_id": "A3"}])
    with pytest.raises(BlockedError):
        office.night()


def test_before_the_first_night_it_says_what_to_do(office):
    assert "Nothing is published yet" in page(office)
    assert "→ Drop exports into the inbox, then: touchline run" in page(office)


def test_nights_freshness_rows_and_quarantine_are_on_the_page(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL, BROKEN])
    office.night()
    office.night()
    found = page(office)
    for line in (
        "Generation 1, as of 2026-04-01 03:59 UTC",
        "published 2026-04-02 07:00 UTC, 3 days ago",
        "Rows of its night: 3 read = 2 accepted + 1 quarantined",
        "2026-04-03 07:00 │ nothing new",
        "crm    │ 2026-03-02 15:00 │ 29.5 days │ 4.0 days │ stale",
        "crm    │ activities │    2 │        1 │           1",
        "crm    │ activities │ channel │ not_in_set │    1",
        "→ Rejected rows wait: touchline quarantine list",
    ):
        assert line in found, line
    assert re.search(r"Last nights \(UTC\); seconds, the latest on the right: [▁-█]{2}\n", found)
    short = page(office, whole=False)
    assert "not_in_set" not in short and "activities.csv" not in short
    assert "stale" in short and "nothing new" in short and "touchline status --all" in short
    assert "Rows of all nights" not in found
    office.night(as_of=AS_OF + timedelta(days=1))
    later = page(office)
    assert "Rows of its night: none came\nRows of all nights: 3 read = 2 accepted + 1 quarantined" in later
    narrow = page(office, 80)
    assert max(len(line) for line in narrow.splitlines() if "│" in line) <= 80
    assert "2026-04-03 07:00 │ nothing new │" in narrow  # no cell is broken in two


@pytest.mark.slow
def test_a_blocked_night_shows_the_build_that_was_not_published(office):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL])
    office.night()
    block(office)
    found = page(office)
    assert "│ blocked" in found
    assert f"The build that was not published: {office.workspace.failed / '000002'}" in found
    assert "rows_read_is_the_sum_of_its_parts (block), 2 rows" in found
    content = json.loads(json.dumps(read_standing(office.workspace).to_json(), default=str))
    assert content["publication"]["generation"] == 1
    assert [night["status"] for night in content["nights"]] == ["blocked", "published"]
    assert [check["check_name"] for check in content["failed_build"]["failed_checks"]] == [
        "rows_read_is_the_sum_of_its_parts"
    ]


@pytest.mark.slow
def test_the_failed_build_goes_when_a_night_publishes(office):
    office.deliver("reps.csv", [REP])
    office.night()
    block(office)
    with duckdb.connect(str(office.workspace.published.resolve() / "crm.duckdb")) as mending:
        mending.execute("update ops.load_accounting set rows_accepted = rows_accepted - 1")
    assert office.night().status == "published"
    assert not office.workspace.failed.exists()
    assert read_standing(office.workspace).failed_build is None


def test_the_record_of_nights_is_bounded_and_survives_a_torn_line(office):
    outcome = NightOutcome("published", NOW, "run", 1)
    office.workspace.nights.write_text('{"started_at": "2026-0')
    for _ in range(2 * KEPT + 5):
        record_night(office.workspace, outcome, NOW)
    nights = read_nights(office.workspace, 10_000)
    assert KEPT <= len(nights) < 2 * KEPT
    assert nights[0] == PastNight(NOW, "published", NOW, "run", 1, 0, 0.0, 0, 0, 0, 0, 0, None)


def test_a_slow_night_is_told_with_what_to_look_at(office):
    for seconds in (20.0, 20.0, 20.0, 20.0, 20.0, 61.0):
        record_night(office.workspace, NightOutcome("published", NOW, "run", 1, seconds=seconds), NOW)
    found = page(office)
    assert "Slow: the last published night took 61.0 s, nights of as many rows 20.0 s (median of 5)" in found
    assert '→ The last night was slow: touchline query "select * from ops.run_step" says which step it was' in found


def on_a_terminal(arguments, columns):
    """What a command writes on a terminal of so many columns, without its colours, and with them."""
    own, other = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color"}
    done = subprocess.Popen([*TOUCHLINE, *arguments], stdout=other, env=environment)
    os.close(other)
    written = b""
    while True:
        try:
            part = os.read(own, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        written += part
    os.close(own)
    assert done.wait() == 0
    raw = written.decode()
    return re.sub(r"\x1b\[[0-9;]*m", "", raw).replace("\r\n", "\n"), raw


def test_a_terminal_gets_one_screen_in_words_and_a_pipe_everything(storied_demo):
    home = str(storied_demo.home)
    said, raw = on_a_terminal(["status", "--home", home], 80)
    assert len(said.splitlines()) <= 50
    assert (
        max(len(line) for line in said.splitlines() if not line.startswith(("→ Look at it", "  →", "Credited"))) <= 80
    )
    for word in ("critical dialer is silent", "stale", "published", "touchline status --all", " read = "):
        assert word in said
    assert "\x1b[" in raw
    piped = subprocess.run([*TOUCHLINE, "status", "--home", home], capture_output=True, text=True, check=True).stdout
    assert "\x1b" not in piped
    assert "Last loads (UTC)" in piped and "Last loads (UTC)" not in said


def test_rows_in_one_line_add_up_and_nights_are_drawn():
    none = dict.fromkeys(("duplicate", "superseded", "quarantined", "ignored", "erased"), 0)
    rows = {f"rows_{part}": number for part, number in {"read": 1200, "accepted": 1198, **none, "ignored": 2}.items()}
    assert in_one_line(rows) == "1,200 read = 1,198 accepted + 2 ignored"
    assert in_one_line(dict.fromkeys(rows, 0)) == "0 read = 0"
    assert [spark([0, 4, 8]), spark([3]), spark([]), spark([0, 0])] == ["▁▅█", "", "", ""]


def test_amounts_are_written_for_people():
    assert [size(0), size(999), size(12_582_912), size(3e12)] == ["0 B", "999 B", "12.6 MB", "3.0 TB"]
    assert ago(NOW - datetime(2026, 4, 5, 8, tzinfo=UTC)) == "1 hour ago"
    assert ago(datetime(2026, 4, 5, 8, tzinfo=UTC) - NOW) == "just now"
