"""Bombs, crashing files, links and pipes in the inbox cost themselves: the night goes on and counts the rest."""

import gzip
import io
import json
import os
import struct
import sys
import zipfile
from collections import Counter

import openpyxl
import pytest

from models.settings import load_settings
from pipelines.doctor.finding import Patient
from pipelines.doctor.sources import check_sources
from pipelines.night.landing import InboxFile, find_files
from pipelines.night.opening import NotRegularError, open_regular
from pipelines.sources.reading import child
from tests.reliability import record

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1", "status": "completed"}
HOSTILE = (sys.executable, "-m", "tests.quality.reading.hostile_readers")
ZEROS = b"0" * (8 << 20)


def lines(first, count=1):
    return "\n".join(json.dumps({"source_record_id": f"{first}{n}", **CALL}) for n in range(count)).encode() + b"\n"


def gzip_bomb():
    """A thousand bytes of zeros for each of its own."""
    packed = io.BytesIO()
    with gzip.open(packed, "wb", compresslevel=9) as file:
        for _ in range(16):
            file.write(ZEROS)
    return packed.getvalue()


def workbook_bomb(declared=None):
    """A workbook whose shared strings unpack to 128 MB; `declared` is the size that its table of contents gives."""
    book = openpyxl.Workbook()
    book.active.append(list(CALL))
    plain, packed = io.BytesIO(), io.BytesIO()
    book.save(plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.infolist():
            if member.filename != "xl/sharedStrings.xml":
                target.writestr(member, source.read(member))
        with target.open("xl/sharedStrings.xml", "w") as strings:
            for _ in range(16):
                strings.write(ZEROS)
    content = packed.getvalue()
    return (
        content
        if declared is None
        else content.replace(struct.pack("<I", 16 * len(ZEROS)), struct.pack("<I", declared))
    )


def crowded_workbook():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for number in range(10_001):
            archive.writestr(f"xl/worksheets/{number}", "")
    return packed.getvalue()


DEEP = b'[{"source_record_id": ' + b"[" * 200_000 + b"]" * 200_000 + b"}," + lines("D") + b"]"
FILES = {
    "activities_bomb.csv.gz": (gzip_bomb, "bomb"),
    "activities_bomb.xlsx": (workbook_bomb, "bomb"),
    "activities_liar.xlsx": (lambda: workbook_bomb(declared=100), "corrupt_workbook"),
    "activities_crowded.xlsx": (crowded_workbook, "bomb"),
    "activities_endless.json": (lambda: b"[" * 1_000_000, "bad_json"),
    "activities_crash.jsonl": (lambda: b"# crash\n" + lines("C"), "crashed"),
    "activities_failing.jsonl": (lambda: b"# fail\n" + lines("F"), "crashed"),
}


@pytest.fixture
def hostile(monkeypatch):
    worker = child.Worker(HOSTILE)
    monkeypatch.setitem(child._WORKERS, os.getpid(), worker)
    yield
    worker.stop()


@pytest.mark.slow
def test_a_night_full_of_bombs_publishes_what_is_none(office, hostile):
    office.deliver("reps.csv", [REP])
    office.deliver("activities_0.csv", [{"source_record_id": "A1", **CALL}])
    office.deliver("activities_z.jsonl", lines("Z", 30))
    office.deliver("activities_deep.json", DEEP)
    for name, (make, _) in FILES.items():
        office.deliver(name, make())
    outcome = office.night()
    assert outcome.status == "published"
    ends = {load.file_name: (load.reason or load.status).split(":")[0] for load in outcome.loads}
    assert {name: ends[name] for name in FILES} == {name: rule for name, (_, rule) in FILES.items()}
    assert office.query("select count(*) from core.latest_activities") == [(32,)]
    assert Counter(office.query("select rule from quarantine.rejected")) == {("too_deep",): 1}
    refused = office.query("select count(*), count(reason) from ops.load where status = 'refused'")
    assert refused == [(len(FILES), len(FILES))]
    assert office.night().status == "nothing_new"
    record("a bomb or a crashing file costs that file only", f"{len(FILES)} files in one night")


def strange_inbox(office):
    """Links to a file, to a folder and within the inbox, a pipe, and one good file."""
    outside = office.workspace.home.parent / "outside"
    outside.mkdir()
    (outside / "activities_secret.csv").write_bytes(b"source_record_id\n1\n")
    office.deliver("reps.csv", [REP])
    inbox = office.workspace.home / "inbox/crm"
    (inbox / "activities_link.csv").symlink_to(outside / "activities_secret.csv")
    os.mkfifo(inbox / "activities_pipe.csv")
    (inbox / "linked").symlink_to(outside)
    (inbox / "real").mkdir()
    (inbox / "real/activities_1.csv").write_bytes(b"source_record_id\n1\n")
    return inbox, outside


GLOB = """
  - {name: deep, kind: mapped, entity: activities, path: "inbox/crm/*/*.csv", fields: {source_record_id: source_record_id,
     channel: {const: call}, occurred_at: {const: "2026-03-02T15:00:00Z"}, rep_id: {const: R1}, status: {const: completed}}}
"""


def test_links_and_pipes_are_never_opened_and_are_told(office, settings_text):
    office.configure(settings_text + GLOB)
    strange_inbox(office)
    settings = load_settings(office.workspace.settings_file, {})
    found = [
        file.path.name for source in settings.sources for file in find_files(office.workspace.home, source, settings)
    ]
    assert found == ["reps.csv", "activities_1.csv"]
    outcome = office.night()
    assert [load.file_name for load in outcome.loads] == ["reps.csv", "activities_1.csv"]
    told = [note for note in outcome.notes if "no ordinary file" in note]
    assert len(told) == 2 and "activities_link.csv, activities_pipe.csv" in told[0] and "activities_secret" in told[1]
    findings = list(check_sources(Patient(office.workspace, settings, None)))
    assert sum("no ordinary file, or a link" in finding.what for finding in findings) == 2


def test_a_file_that_becomes_a_link_or_a_pipe_after_it_was_listed_is_put_off(office):
    inbox, outside = strange_inbox(office)
    secret = outside / "activities_secret.csv"
    for path, root in (
        (inbox / "activities_link.csv", inbox),
        (inbox / "linked/activities_secret.csv", inbox),
        (inbox / "activities_pipe.csv", inbox),
        (inbox / "real", inbox),
    ):
        with pytest.raises(NotRegularError):
            open_regular(path, root)
    with open_regular(secret, outside) as opened:
        assert opened.read().startswith(b"source_record_id")
    with open_regular(inbox / "linked/activities_secret.csv", inbox / "linked") as opened:
        assert opened.read(), "the folder that the settings name may be a link"
    with pytest.raises(FileNotFoundError):
        open_regular(inbox / "gone.csv", inbox)
    assert InboxFile("crm", "reps", inbox / "reps.csv", "reps.csv", inbox).object == ""
