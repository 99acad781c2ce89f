"""What is published here is published at `storage.publish` too: whole versions behind one pointer, whatever goes wrong."""

import json
import re
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from hashlib import sha256

import duckdb
import httpx
import pytest
from werkzeug import Response

from models.storage_settings import Storage
from pipelines.alerting.health import read_health
from pipelines.cli import main
from pipelines.commands.pages import Page
from pipelines.commands.standing import read_standing
from pipelines.commands.status_page import show_standing
from pipelines.doctor.finding import Patient
from pipelines.doctor.places import check_places
from pipelines.night.copying import POINTER, copy_published, read_copy_standing
from pipelines.night.generation import current_generation
from pipelines.night.workspace import Workspace
from pipelines.storage.faults import PlaceError
from pipelines.storage.place import open_place
from pipelines.storage.pulling import pull
from tests.reliability import record
from tests.storage.conftest import CALL, next_generation, settings_of

NOW = datetime(2026, 4, 5, 9, tzinfo=UTC)


def pointer_at(bucket):
    return json.loads(bucket.place().see(POINTER).content)


def keys_at(bucket):
    return [one.key for one in bucket.place().list()]


def copy(office):
    return copy_published(office.workspace, settings_of(office), NOW)


@pytest.fixture
def copied(published, bucket):
    """A workspace whose nights are copied to the bucket."""
    published.configure(bucket.settings(publish=bucket.url))
    return published


def test_what_is_published_is_copied_once_and_nothing_private_leaves(small, bucket):
    next_generation(small)
    assert copy(small).generation == 2
    told, crm = pointer_at(bucket), small.workspace.published_file
    assert (told["generation"], told["as_of"], told["previous"]) == (2, "2026-04-01T03:59:59.999999+00:00", None)
    named = {one["key"].removeprefix(told["prefix"]): one for one in told["files"]}
    assert named.keys() == {"crm.duckdb", "report/index.html"}
    assert named["crm.duckdb"]["sha256"] == sha256(crm.read_bytes()).hexdigest()
    assert sorted(keys_at(bucket)) == sorted([*(one["key"] for one in told["files"]), POINTER])
    before = bucket.place().list()
    assert copy(small).generation == 2
    assert bucket.place().list() == before


def test_a_store_that_is_down_fails_no_night_and_the_next_makes_up_for_it(copied, bucket, capsys):
    copied.environment |= {"TOUCHLINE__ALERTS__ENABLED": "true"}
    copied.configure(bucket.settings(publish=bucket.url).replace(bucket.endpoint, "http://127.0.0.1:9"))
    outcome = copied.night()  # alerts are judged for the first time, so something is new
    assert (outcome.status, outcome.exit_code) == ("published", 0)
    assert (
        f"the copy at {bucket.url} is not in order (readers there see nothing yet, as far as is known)"
        in outcome.notes[0]
    )
    assert [(one.rule, one.is_open, one.severity) for one in read_health(copied.workspace.operator_store)] == [
        ("copy_behind", True, "warning")
    ]
    show_standing(Page(), read_standing(copied.workspace), NOW)
    page = capsys.readouterr().out
    assert f"copy at {bucket.url}: nothing yet, looked at 2026-04-03 07:00 UTC" in page
    assert "→ The copy elsewhere is not in order: Look at the network" in page
    copied.configure(bucket.settings(publish=bucket.url))
    outcome = copied.night()
    assert (outcome.status, outcome.notes, pointer_at(bucket)["generation"]) == ("nothing_new", (), 2)
    assert [one.is_open for one in read_health(copied.workspace.operator_store)] == [False]
    assert read_standing(copied.workspace).to_json()["copied"]["generation"] == 2


@pytest.fixture
def small(slim_office, bucket):
    """The same with little in it, for tests without a night."""
    slim_office.configure(bucket.settings(publish=bucket.url))
    return slim_office


NIGHT = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from models.settings import load_settings
from pipelines.night.run import NightRequest, run_night
from pipelines.night.workspace import Workspace
from tests.cheap_nights import CHEAP

class Fatal:
    def step(self, name):
        if name == "move the pointer":
            os.kill(os.getpid(), signal.SIGKILL)
    def advance(self, done, total):
        pass

workspace, at = Workspace(Path(sys.argv[1])), datetime(2026, 4, 9, tzinfo=UTC)
request = NightRequest(workspace, datetime(2026, 4, 1, 3, 59, 59, 999999, tzinfo=UTC), at, "killed")
run_night(request, load_settings(workspace.settings_file, CHEAP), Fatal())
"""


@pytest.mark.slow
def test_a_night_killed_between_data_and_pointer_leaves_the_old_version_whole(copied, bucket, tmp_path):
    copy(copied)
    old = pointer_at(bucket)
    copied.deliver("activities_2.csv", [CALL | {"source_record_id": "A2"}])
    killed = subprocess.run([sys.executable, "-c", NIGHT, str(copied.workspace.home)], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert current_generation(copied.workspace).number == 2
    assert pointer_at(bucket) == old
    assert any(key.startswith("generations/000002-") for key in keys_at(bucket))
    assert pull(bucket.place(), POINTER, tmp_path / "reader").pointer.about["generation"] == 1
    assert not any("private" in key or "data_docs" in key for key in keys_at(bucket))
    half = {one.key: one.modified_at for one in bucket.place().list("generations")}
    assert copied.night().status == "nothing_new"
    assert pointer_at(bucket)["generation"] == 2
    assert half == {one.key: one.modified_at for one in bucket.place().list("generations")}, "uploaded again"
    before = bucket.place().list()
    assert (copied.night().status, bucket.place().list()) == ("nothing_new", before)
    assert pull(bucket.place(), POINTER, tmp_path / "reader").pointer.about["generation"] == 2
    record(
        "a night killed between data and pointer leaves readers elsewhere on the old generation", "a night killed", 1
    )


def test_an_upload_cut_short_is_completed(small, bucket):
    copy(small)
    next_generation(small)
    whole = bucket.place().list()

    def stop(name):
        if name == "move the pointer":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_published(small.workspace, settings_of(small), NOW, stop)
    missing = next(one.key for one in bucket.place().list("generations") if one.key.endswith("index.html"))
    bucket.place().delete([missing])
    assert copy(small).problem is None
    assert {one.key for one in whole} < set(keys_at(bucket)) and missing in keys_at(bucket)


def test_readers_in_a_loop_see_whole_generations_only(small, bucket, tmp_path):
    small.configure(bucket.settings(publish=bucket.url) + "engine: {keep_generations: 1}\n")
    copy(small)
    seen, problems, over = [], [], threading.Event()

    def read():
        place = bucket.place()
        while not over.wait(0.05) or seen[-1:] != [11]:
            try:
                pulled = pull(place, POINTER, tmp_path / "reader")
            except Exception as error:
                problems.append(error)
                return
            page = pulled.folder / "report" / "index.html"
            with duckdb.connect(str((pulled.folder / "crm.duckdb").resolve()), read_only=True) as connection:
                ((number,),) = connection.execute("select generation from ops.publication").fetchall()
            if number > 1 and page.read_text() != f"<p>generation {number}</p>":
                problems.append(number)
            if number != pulled.pointer.about["generation"]:
                problems.append((number, pulled.pointer.about))
            seen.append(number)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(10):
        next_generation(small)
        assert copy(small).problem is None
    over.set()
    reader.join(60)
    assert problems == []
    assert seen == sorted(seen) and seen[-1] == 11
    kept = {key.split("/")[1] for key in keys_at(bucket) if key != POINTER}
    assert {name[:6] for name in kept} == {"000010", "000011"}, "the one that readers had before stays"
    assert len([path for path in (tmp_path / "reader").iterdir() if path.is_dir() and not path.is_symlink()]) <= 2
    record("readers elsewhere see whole generations only", "10 publications under a reader in a loop", 10)


def test_a_rollback_moves_the_pointer_back(small, bucket, capsys):
    copy(small)
    next_generation(small)
    copy(small)
    assert pointer_at(bucket)["generation"] == 2
    with pytest.raises(SystemExit) as exit:
        main(["rollback", "1", "--home", str(small.workspace.home)])
    told = pointer_at(bucket)
    assert (exit.value.code, told["generation"], told["previous"][:18]) == (0, 1, "generations/000002")
    assert f"Readers of {bucket.url} see generation 1." in capsys.readouterr().out
    small.configure(bucket.settings(publish=bucket.url).replace(bucket.endpoint, "http://127.0.0.1:9"))
    with pytest.raises(SystemExit) as exit:
        main(["rollback", "2", "--json", "--home", str(small.workspace.home)])
    assert (exit.value.code, pointer_at(bucket)["generation"]) == (0, 1)
    assert json.loads(capsys.readouterr().out)["copy"]["generation"] == 1


def test_what_nobody_of_us_put_there_stays(small, bucket):
    small.configure(bucket.settings(publish=bucket.url) + "engine: {keep_generations: 1}\n")
    foreign = ["generations/notes.txt", "generations/000000-mine/x", "other/000001-0123456789ab/x"]
    for key in foreign:
        bucket.place().put(key, b"mine")
    for _ in range(4):
        copy(small)
        next_generation(small)
    assert set(foreign) < set(keys_at(bucket))
    assert {key[12:18] for key in keys_at(bucket)} >= {"000003", "000004"}


def test_versions_that_may_not_be_deleted_are_told_though_the_copy_is_whole(small, bucket, httpserver):
    def pass_on(asked):
        if asked.method == "POST":
            return Response("<Error><Code>AccessDenied</Code></Error>", 403)
        headers = {name: value for name, value in asked.headers.items() if name != "Host"}
        url = f"{bucket.endpoint}{asked.full_path}"
        answer = httpx.request(asked.method, url, headers=headers, content=asked.get_data(), trust_env=False)
        return Response(answer.content, answer.status_code, dict(answer.headers))

    httpserver.expect_request(re.compile(".*")).respond_with_handler(pass_on)
    text = bucket.settings(publish=bucket.url).replace(bucket.endpoint, httpserver.url_for("").rstrip("/"))
    small.configure(text + "engine: {keep_generations: 1}\n")
    for _ in range(2):
        assert copy(small).problem is None
        next_generation(small)
    standing = copy(small)
    assert (standing.generation, pointer_at(bucket)["generation"]) == (3, 3)
    assert standing.problem == f"deleting from {bucket.url} failed: access is denied (AccessDenied)"


def test_two_workspaces_that_publish_to_one_place_do_not_write_over_each_other(small, bucket):
    def meanwhile(name):
        if name == "move the pointer":
            bucket.place().put(POINTER, b"another's")

    standing = copy_published(small.workspace, settings_of(small), NOW, meanwhile)
    assert "another process wrote it at the same time" in standing.problem
    assert bucket.place().see(POINTER).content == b"another's"
    assert "is no pointer that this version" in copy(small).problem
    small.workspace.published_copy.write_text("torn{")
    assert read_copy_standing(small.workspace, settings_of(small)) is None


def test_a_folder_is_published_to_and_pulled_from_by_command(slim_office, tmp_path, capsys):
    share = tmp_path / "share"
    share.mkdir()
    slim_office.configure(f"storage: {{publish: 'file://{share}'}}\n")
    assert copy(slim_office).problem is None
    command = ["pull", f"file://{share}", str(tmp_path / "desk"), "--json", "--home", str(tmp_path / "no workspace")]
    for is_new in (True, False):
        with pytest.raises(SystemExit) as exit:
            main(command)
        told = json.loads(capsys.readouterr().out)
        assert (exit.value.code, told["generation"], told["is_new"]) == (0, 1, is_new)
    file = tmp_path / "desk" / "published" / "crm.duckdb"
    assert file.read_bytes() == slim_office.workspace.published_file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o444


def test_what_was_changed_there_is_not_pulled(small, bucket, tmp_path):
    copy(small)
    pull(bucket.place(), POINTER, tmp_path / "reader")
    next_generation(small)
    copy(small)
    named = next(one for one in pointer_at(bucket)["files"] if one["key"].endswith("index.html"))
    bucket.place().put(named["key"], b"<p>generation 9</p>")
    with pytest.raises(PlaceError, match=r"index.html is not what the pointer says: 19 bytes"):
        pull(bucket.place(), POINTER, tmp_path / "reader")
    assert (tmp_path / "reader" / "published").readlink().name.startswith("000001-")
    bucket.place().delete([named["key"]])
    with pytest.raises(PlaceError, match="lacks files that its pointer"):
        pull(bucket.place(), POINTER, tmp_path / "reader")
    assert (tmp_path / "reader" / "published" / "crm.duckdb").is_file()


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("bucket/prefix", "desk"), 2, "'bucket/prefix' is no place"),
        (("file:///nowhere/at/all", "desk"), 1, "it is not there"),
        (("{share}", "full"), 2, "holds what no pull wrote"),
        (("{share}", "desk"), 1, "holds no published.json: nothing is published there"),
        (("s3://b/x", "desk", "--endpoint", "nonsense"), 2, "is no address of a server"),
    ],
)
def test_a_wrong_pull_says_what_to_do(tmp_path, capsys, arguments, code, told):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.odt").touch()
    place, folder, *more = (one.replace("{share}", f"file://{tmp_path}") for one in arguments)
    with pytest.raises(SystemExit) as exit:
        main(["pull", place, str(tmp_path / folder), *more, "--home", str(tmp_path)])
    assert (exit.value.code, told in capsys.readouterr().err) == (code, True)
    assert (tmp_path / "full" / "thesis.odt").exists()


def test_a_pointer_cannot_lead_out_of_a_readers_folder(tmp_path):
    evil = {"layout": 1, "prefix": "generations/000001-a/", "previous": None,
            "files": [{"key": "generations/000001-a/../../x", "size": 1, "sha256": "0"}]}  # fmt: skip
    (tmp_path / POINTER).write_text(json.dumps(evil))
    with pytest.raises(PlaceError, match="no pointer that this version"):
        pull(open_place(f"file://{tmp_path}", Storage(), {}), POINTER, tmp_path / "reader")


def doctor(office):
    return [(one.level, one.what) for one in check_places(Patient(office.workspace, settings_of(office), NOW))]


def test_the_doctor_tries_the_place(small, bucket):
    ((level, what),) = doctor(small)
    assert level == "warn" and "holds no generation yet; 1 is published here" in what
    copy(small)
    assert doctor(small) == [("ok", f"{bucket.url} can be read and written, and holds generation 1")]
    lost = pointer_at(bucket)["files"][0]["key"]
    bucket.place().delete([lost])
    assert doctor(small) == [("fail", f"{bucket.url} lacks what its pointer names: {lost}")]
    small.configure(bucket.settings(publish="s3://nobody-has-this/x"))
    ((level, what),) = doctor(small)
    assert level == "fail" and "there is no such bucket" in what
    assert list(check_places(Patient(Workspace(small.workspace.home), None, NOW))) == []
