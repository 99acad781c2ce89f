"""A place of bytes does the same whether it is a bucket or a folder, and says what is wrong with it."""

import os
from io import BytesIO

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from models.errors import SettingsError
from models.settings import load_settings
from models.storage_settings import Storage
from pipelines.storage.faults import MissingObjectError, MovedError, PlaceError
from pipelines.storage.place import open_place

DENIED = "<Error><Code>AccessDenied</Code><Message>for the key AKIASECRET</Message></Error>"
EMPTY = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"


@pytest.fixture(params=["bucket", "folder"])
def place(request, bucket, tmp_path):
    if request.param == "bucket":
        return bucket.place()
    (tmp_path / "a share").mkdir()
    return open_place(f"file://{tmp_path}/a%20share", Storage(), {})


def test_what_is_written_is_listed_read_and_deleted(place, tmp_path):
    (tmp_path / "large.html").write_bytes(os.urandom(6 << 20))  # more than one part of an upload
    place.upload("a/large.html", tmp_path / "large.html")
    place.put("b/ö 1.txt", b"small")
    assert [(one.key, one.size) for one in place.list()] == [("a/large.html", 6 << 20), ("b/ö 1.txt", 5)]
    assert [one.key for one in place.list("a")] == ["a/large.html"]
    assert place.list("nowhere") == []
    with (tmp_path / "back").open("wb") as back:
        sha256, size = place.download("a/large.html", back)
    assert (tmp_path / "back").read_bytes() == (tmp_path / "large.html").read_bytes()
    assert (len(sha256), size) == (64, 6 << 20)
    place.delete(["a/large.html", "never there"])
    assert [one.key for one in place.list()] == ["b/ö 1.txt"]
    place.delete([])


def test_an_object_that_is_not_there_is_told_apart_from_a_place_that_is_not(place, tmp_path):
    assert place.see("published.json") is None
    with pytest.raises(MissingObjectError, match=r"reading .*/gone failed: it is not there"):
        place.download("gone", BytesIO())


def test_who_writes_between_a_look_and_a_write_is_not_written_over(bucket):
    place = bucket.place()
    place.put_if_unchanged("pointer", b"1", None)
    seen = place.see("pointer")
    with pytest.raises(MovedError, match="another process wrote it"):
        place.put_if_unchanged("pointer", b"other", None)
    place.put_if_unchanged("pointer", b"2", seen)
    with pytest.raises(MovedError):
        place.put_if_unchanged("pointer", b"3", seen)
    assert place.see("pointer").content == b"2"


def test_a_write_that_was_answered_twice_is_no_conflict(bucket):
    place = bucket.place()
    place.put("pointer", b"1")  # the first try, whose answer was lost
    place.put_if_unchanged("pointer", b"1", None)


def test_a_server_without_conditional_writes_is_written_all_the_same(bucket, httpserver: HTTPServer):
    def answer(asked):
        if "If-None-Match" in asked.headers:
            return Response("<Error><Code>NotImplemented</Code></Error>", 501)
        return Response("", 200, {"ETag": '"x"'})

    httpserver.expect_request("/b/x/pointer", method="PUT").respond_with_handler(answer)
    storage = Storage(endpoint=httpserver.url_for("").rstrip("/"), patience_seconds=0)
    open_place("s3://b/x", storage, os.environ).put_if_unchanged("pointer", b"1", None)
    assert [answer.status_code for _, answer in httpserver.log] == [501, 200]


def test_a_folder_knows_no_conditions_and_is_written_whole(tmp_path):
    place = open_place(f"file://{tmp_path}", Storage(), {})
    place.put_if_unchanged("pointer", b"1", None)
    place.put_if_unchanged("pointer", b"2", place.see("pointer"))
    assert (tmp_path / "pointer").read_bytes() == b"2"


def fault(url, **storage):
    with pytest.raises(PlaceError) as raised:
        open_place(url, Storage(**({"patience_seconds": 0} | storage)), os.environ).put("x", b"")
    return raised.value


def test_faults_say_what_was_done_to_what_and_whether_to_try_again(bucket, httpserver: HTTPServer, tmp_path):
    gone = fault("s3://nobody-has-this/x", endpoint=bucket.endpoint)
    assert (gone.what, gone.may_pass) == (
        "writing s3://nobody-has-this/x/x failed: there is no such bucket or container", False
    )  # fmt: skip
    down = fault(bucket.url, endpoint="http://127.0.0.1:9")
    assert "cannot be reached" in down.what and down.may_pass and "storage.endpoint" in down.remedy
    httpserver.expect_request("/b/x/x").respond_with_data(DENIED, status=403)
    denied = fault("s3://b/x", endpoint=httpserver.url_for("").rstrip("/"))
    assert denied.what == "writing s3://b/x/x failed: access is denied (AccessDenied)"
    assert not denied.may_pass and "AKIASECRET" not in str(denied)
    folder = fault(f"file://{tmp_path}/unmounted")
    assert "it is not there" in folder.what


@pytest.mark.parametrize(
    ("url", "environment", "told"),
    [
        ("az://container/x", {}, "no storage account is named"),
        (
            "gs://bucket/x",
            {"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json"},
            "its name or its credentials cannot be used",
        ),
    ],
)
def test_other_vendors_are_opened_by_what_the_environment_holds(monkeypatch, url, environment, told):
    for name in [name for name in os.environ if name.startswith(("AZURE_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert fault(url).what == f"opening {url} failed: {told}"
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "a2V5")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    assert repr(open_place(url, Storage(), os.environ)) == f"Place(url='{url}')"


def test_a_fault_that_passes_is_tried_again(bucket, httpserver: HTTPServer):
    answers = iter([Response("slow down", 503), Response("again", 500)])
    httpserver.expect_request("/b").respond_with_handler(lambda asked: next(answers, Response(EMPTY)))
    url = httpserver.url_for("").rstrip("/")
    assert open_place("s3://b/x", Storage(endpoint=url, patience_seconds=20), os.environ).list() == []
    assert len(httpserver.log) == 3


def test_a_key_of_its_own_is_named_by_variables(bucket):
    storage = Storage(endpoint=bucket.endpoint, access_key_id="env:MINE", secret_access_key="env:MINE_TOO")
    with pytest.raises(SettingsError, match=r"storage.access_key_id needs the environment variable MINE, which is"):
        open_place(bucket.url, storage, {"MINE": " "})
    assert open_place(bucket.url, storage, {"MINE": "a", "MINE_TOO": "b"}).list() == []


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("publish: bucket/prefix", "storage.publish"),
        ("publish: ftp://bucket/prefix", "storage.publish"),
        ("publish: s3:///prefix", "names no bucket"),
        ("endpoint: http://user:secret@host", "storage.endpoint"),
        ("secret_access_key: wJalrXUtnFEMI", "write env:NAME"),
        ("access_key_id: env:A", "give both"),
        ("publsh: s3://a/b", "Did you mean 'publish'?"),
    ],
)
def test_wrong_settings_are_told(tmp_path, written, told):
    (tmp_path / "touchline.yaml").write_text(f"storage:\n  {written}\n")
    with pytest.raises(SettingsError) as raised:
        load_settings(tmp_path / "touchline.yaml", {})
    assert told in str(raised.value)
    assert "wJalr" not in str(raised.value)
