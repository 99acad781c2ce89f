"""A source's inbox in an object store is read like a folder: once, whole, and without disturbing other sources."""

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from models.settings import load_settings
from models.storage_settings import is_remote
from pipelines.cli import main
from pipelines.commands.quarantined import still_in_inbox
from pipelines.doctor.finding import Patient
from pipelines.doctor.places import check_places
from pipelines.doctor.sources import check_sources
from pipelines.night.objects import land_objects, objects_seen
from tests.reliability import record
from tests.runs.conftest import AS_OF, Office, as_csv
from tests.storage.conftest import CALL, REP

NOW = datetime(2026, 4, 5, 9, tzinfo=UTC)
SOURCES = """
company: {{name: Test, timezone: America/New_York, holidays: {{default_country: US}}}}
sources:
  - {{name: crm, kind: canonical, path: s3://{bucket}/inbox}}
  - {{name: local, kind: canonical, path: inbox/local}}
storage: {{endpoint: "{endpoint}", patience_seconds: 0}}
"""
MAPPED = """
sources:
  - {{name: crm, kind: canonical, path: s3://{bucket}/inbox/}}
  - name: dialer
    kind: mapped
    path: s3://{bucket}/inbox/activities_dialer*.csv
    entity: activities
    joins: {{who: {{path: "s3://{bucket}/lists/who.csv", on: Agent, key: Agent}}}}
    fields:
      source_record_id: Id
      channel: {{const: call}}
      occurred_at: {{column: At, format: iso}}
      rep_id: who.Rep
storage: {{endpoint: "{endpoint}", patience_seconds: 0}}
engine: {{settle_seconds: 5}}
"""


@pytest.fixture
def inbox(bucket):
    return bucket.place("inbox")


@pytest.fixture
def remote(tmp_path, bucket):
    return Office(tmp_path / "workspace", SOURCES.format(bucket=bucket.name, endpoint=bucket.endpoint))


def asked(caplog, bucket):
    """The objects whose bytes were asked for since the last question."""
    found = [one.getMessage() for one in caplog.records if f"GET /{bucket.name}/inbox/" in one.getMessage()]
    caplog.clear()
    return sorted(line.split("/inbox/")[1].split(" ")[0] for line in found)


@pytest.mark.slow
def test_new_objects_are_read_once_and_a_store_that_is_down_costs_only_its_source(remote, bucket, inbox, caplog):
    caplog.set_level("INFO")
    inbox.put("reps.csv", as_csv([REP]))
    inbox.put("activities.csv.gz", gzip.compress(as_csv([CALL])))
    inbox.put("activities_2.csv.part", as_csv([CALL]))
    inbox.put("minutes.csv", b"what,when\nx,y\n")
    inbox.put(".hidden.csv", b"x")
    inbox.put("archive/activities.csv", as_csv([CALL | {"source_record_id": "OLD"}]))
    first = remote.night()
    assert remote.query("select activity_id, rep_id from core.fct_activity") == [("crm:A1", "crm:R1")]
    assert asked(caplog, bucket) == ["activities.csv.gz", "reps.csv"]
    assert {(load.file_name, load.status) for load in first.loads} == {
        ("reps.csv", "accepted"), ("activities.csv.gz", "accepted"), ("activities_2.csv.part", "deferred"),
    }  # fmt: skip
    assert [note for note in first.notes if note.startswith("crm: not read: minutes.csv at s3://")]

    again = remote.night()
    assert (again.status, asked(caplog, bucket)) == ("nothing_new", [])
    inbox.put("activities_again.csv.gz", gzip.compress(as_csv([CALL])))
    inbox.put("activities_3.csv", as_csv([CALL | {"source_record_id": "A3"}]))
    working = remote.workspace.settings_file.read_text()
    remote.configure(working.replace(bucket.endpoint, "http://127.0.0.1:9"))
    remote.deliver("activities.csv", [CALL | {"source_record_id": "L1"}], folder="inbox/local")
    down = remote.night()
    assert down.status == "published"
    (note,) = (note for note in down.notes if "could not be listed" in note)
    assert note.startswith(f"s3://{bucket.name}/inbox could not be listed: ") and "cannot be reached" in note
    assert remote.query("select count(*) from core.fct_activity") == [(2,)]

    remote.configure(working)
    caplog.clear()
    remote.night()
    assert asked(caplog, bucket) == ["activities_3.csv", "activities_again.csv.gz"]
    ids = [("crm:A1",), ("crm:A3",), ("local:L1",)]
    assert remote.query("select activity_id from core.fct_activity order by all") == ids
    record("an inbox in an object store loses nothing and doubles nothing", "4 nights, the store down in one", 4)


def land(office, wait=lambda seconds: None, at=AS_OF):
    return land_objects(office.workspace, load_settings(office.workspace.settings_file, {}), at, wait)


def names(landed):
    return sorted((one.source, one.entity, one.name, one.deferred) for one in landed.files)


def test_globs_and_joins_name_objects_as_they_name_files(remote, bucket, inbox):
    remote.configure(MAPPED.format(bucket=bucket.name, endpoint=bucket.endpoint))
    for name in ("activities.csv", "activities_dialer_1.csv", "activities_dialer_2.csv.part"):
        inbox.put(name, name.encode())
    bucket.place("lists").put("who.csv", b"Agent,Rep\n")
    assert names(land(remote)) == [
        ("crm", "activities", "activities.csv", None),
        ("dialer", "activities", "activities_dialer_1.csv", None),
        ("dialer", "activities", "activities_dialer_2.csv.part", "its name says that it is not whole yet (.part)"),
        ("dialer", "join:activities:who", "who.csv", None),
    ]
    seen = objects_seen(remote.workspace, load_settings(remote.workspace.settings_file, {}))
    assert [(one.source, one.name) for one in seen] == [
        ("crm", "activities.csv"), ("dialer", "activities_dialer_1.csv"), ("dialer", "who.csv"),
    ]  # fmt: skip
    rows = [{"source": "crm", "file_name": name} for name in ("activities.csv", "gone.csv")]
    assert still_in_inbox(remote.workspace, load_settings(remote.workspace.settings_file, {}), rows) == rows[:1]


def test_a_young_object_is_looked_at_twice_and_one_that_changes_is_left_to_the_next_night(remote, bucket, inbox):
    remote.configure(MAPPED.format(bucket=bucket.name, endpoint=bucket.endpoint))
    inbox.put("activities.csv", b"a")
    inbox.put("reps.csv", b"r")
    waits = []

    def wait(seconds):
        waits.append(seconds)
        inbox.put("reps.csv", b"more")

    young = datetime.now(UTC)
    assert names(land(remote, wait, young)) == [
        ("crm", "activities", "activities.csv", None),
        ("crm", "reps", "reps.csv", "it is still being written"),
    ]
    assert [one.deferred for one in land(remote, waits.append, young + timedelta(seconds=60)).files] == [None, None]
    assert waits == [5]


def test_an_object_that_is_replaced_is_read_anew_and_what_goes_is_forgotten(remote, inbox):
    inbox.put("activities.csv", b"one")
    (first,) = land(remote).files
    inbox.put("activities.csv", b"two")
    (second,) = land(remote).files
    assert first.sha256 != second.sha256
    assert (remote.workspace.landed / second.sha256).read_bytes() == b"two"
    assert {path.name for path in remote.workspace.landed.iterdir()} == {first.sha256, second.sha256}
    assert (remote.workspace.landed / second.sha256).stat().st_mode & 0o777 == 0o600
    (remote.workspace.landed / second.sha256).unlink()
    assert land(remote).files[0].sha256 == second.sha256, "a copy that is missing is made again"
    inbox.delete(["activities.csv"])
    assert land(remote).files == []
    assert objects_seen(remote.workspace, load_settings(remote.workspace.settings_file, {})) == []


def test_what_may_be_listed_and_not_read_is_a_note(remote, bucket, httpserver):
    listing = (
        "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>inbox/reps.csv</Key><Size>3</Size>"
        '<LastModified>2026-03-01T00:00:00Z</LastModified><ETag>"x"</ETag></Contents></ListBucketResult>'
    )
    httpserver.expect_request(f"/{bucket.name}").respond_with_data(listing)
    httpserver.expect_request(f"/{bucket.name}/inbox/reps.csv").respond_with_data(
        "<Code>AccessDenied</Code>", status=403
    )
    text = remote.workspace.settings_file.read_text()
    remote.configure(text.replace(bucket.endpoint, httpserver.url_for("").rstrip("/")))
    landed = land(remote)
    assert landed.files == [] and "could not be read to the end" in landed.notes[0]
    assert "access is denied (AccessDenied)" in landed.notes[0]
    assert doctor(remote)[0][0] == "fail"
    assert list(remote.workspace.landed.iterdir()) == []


def doctor(office):
    settings = load_settings(office.workspace.settings_file, {})
    patient = Patient(office.workspace, settings, NOW)
    return [
        (one.level, one.what) for one in (*check_places(patient), *check_sources(patient)) if "local" not in one.check
    ]


def test_the_doctor_lists_an_inbox_elsewhere(remote, bucket, inbox):
    url = f"s3://{bucket.name}/inbox"
    assert doctor(remote) == [("warn", f"no object is found at {url}")]
    inbox.put("reps.csv", b"x")
    assert doctor(remote) == [("ok", f"1 objects at {url}")]
    inbox.put("minutes.csv", b"x")
    assert doctor(remote) == [("warn", "not read, for their names are no entity's: minutes.csv")]


@pytest.mark.slow
def test_who_is_forgotten_is_named_by_objects_only_and_by_no_copy(remote, bucket, inbox):
    remote.configure(
        remote.workspace.settings_file.read_text().replace("storage: {", f"storage: {{publish: {bucket.url}, ")
    )
    inbox.put("reps.csv", as_csv([REP]))
    inbox.put("contacts.csv", as_csv([{"contact_id": "CON-77120", "full_name": "Ann", "email": "ann@x.example"}]))
    remote.night()
    before = bucket.place().list("generations")
    with pytest.raises(SystemExit):
        main(["forget", "--contact", "crm:CON-77120", "--yes", "--home", str(remote.workspace.home)])
    outcome = remote.night()
    assert outcome.status == "published"
    (note,) = (note for note in outcome.notes if "only you can delete them" in note)
    assert note.endswith(f"s3://{bucket.name}/inbox/contacts.csv.")
    kept = {one.key for one in bucket.place().list("generations")}
    assert kept and not kept & {one.key for one in before}, "the copy that names them is gone"
    assert not any(b"CON-77120" in path.read_bytes() for path in remote.workspace.landed.iterdir())
    assert remote.night().status == "nothing_new"


@pytest.mark.parametrize(
    ("path", "expected"),
    [("s3://b/x", True), ("gs://b", True), ("az://c/*.csv", True), ("inbox/s3", False), ("/s3:/x", False)],
)
def test_a_path_is_remote_by_its_scheme(path, expected):
    assert is_remote(path) is expected
