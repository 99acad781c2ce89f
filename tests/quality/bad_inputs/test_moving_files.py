"""Files that change, go or cannot be read between being listed and being landed: put off, and never half of them."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from models.settings import Settings
from pipelines.night.landing import LandedFile, land_sources
from pipelines.night.uploads import find_moving, find_unfinished
from pipelines.night.workspace import Workspace

SETTINGS = Settings.model_validate({"sources": [{"name": "crm", "kind": "canonical", "path": "inbox/crm"}]})
MAPPED = dict.fromkeys(("rep_id", "start_date", "end_date"), "x")
BEGUN = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox" / "crm"
    folder.mkdir(parents=True)
    (tmp_path / "var").mkdir()
    for name in ("activities_1.csv", "activities_2.csv"):
        (folder / name).write_text(f"{name}\n")
    return folder


def land(inbox: Path, between) -> dict[str, LandedFile]:
    """Lands the inbox; `between` happens after the files were listed and the first of them was landed."""

    def progress(done: int, total: int) -> None:
        if done == 1:
            between()

    landed = land_sources(Workspace(inbox.parents[1]), SETTINGS, progress)
    return {file.name: file for file in landed}


def test_a_file_that_goes_is_put_off_and_the_others_are_taken(inbox):
    landed = land(inbox, (inbox / "activities_2.csv").unlink)
    assert landed["activities_1.csv"].deferred is None
    assert "cannot be read" in landed["activities_2.csv"].deferred


def test_a_file_that_is_replaced_is_landed_as_it_was_opened(inbox):
    def replace() -> None:
        (inbox / "aside").write_text("other bytes\n")
        (inbox / "aside").replace(inbox / "activities_2.csv")

    landed = land(inbox, replace)["activities_2.csv"]
    copy = inbox.parents[1] / "var" / "landed" / landed.sha256
    assert (landed.deferred, copy.read_text()) == (None, "other bytes\n")


def test_a_file_that_became_a_folder_is_put_off(inbox):
    def replace() -> None:
        (inbox / "activities_2.csv").unlink()
        (inbox / "activities_2.csv").mkdir()

    assert "cannot be read" in land(inbox, replace)["activities_2.csv"].deferred


def test_what_is_no_file_of_its_own_is_not_looked_at(inbox):
    (inbox / "activities_3.csv").symlink_to("/etc/passwd")
    (inbox / "activities_4.csv").mkdir()
    assert set(land(inbox, lambda: None)) == {"activities_1.csv", "activities_2.csv"}


@pytest.mark.parametrize("ending", [".part", ".tmp", ".crdownload", ".filepart", ".PART"])
def test_a_name_that_says_half_uploaded_is_put_off_and_told(inbox, ending):
    (inbox / "activities_2.csv").rename(inbox / f"activities_2.csv{ending}")
    (inbox / f"holidays.csv{ending}").touch()  # nothing would read it
    workspace = Workspace(inbox.parents[1])
    (told,) = find_unfinished(workspace, SETTINGS)
    assert (told.entity, told.name, ending in told.deferred) == ("activities", f"activities_2.csv{ending}", True)
    assert [file.name for file in land_sources(workspace, SETTINGS)] == ["activities_1.csv"]
    mapped = Settings.model_validate(
        {
            "sources": [
                {"name": "d", "kind": "mapped", "path": "inbox/*/*_2.csv", "entity": "time_off", "fields": MAPPED}
            ]
        }
    )
    assert [file.entity for file in find_unfinished(workspace, mapped)] == ["time_off"] * (ending != ".PART")


def dated(path: Path, seconds_before: float) -> None:
    os.utime(path, (0, BEGUN.timestamp() - seconds_before))


def test_a_file_that_grows_while_the_night_looks_on_is_put_off_and_the_next_night_takes_it(inbox):
    workspace, growing, waited = Workspace(inbox.parents[1]), inbox / "activities_2.csv", []
    dated(inbox / "activities_1.csv", 1)
    dated(growing, 1)

    def grow(seconds: float) -> None:
        waited.append(seconds)
        growing.write_text("activities_2.csv\nmore\n")

    moving = find_moving(workspace, SETTINGS, BEGUN, grow)
    landed = {file.name: file.deferred for file in land_sources(workspace, SETTINGS, moving=moving)}
    assert (landed, waited) == ({"activities_1.csv": None, "activities_2.csv": "it is still being written"}, [2.0])
    assert len(list(workspace.landed.iterdir())) == 1
    assert find_moving(workspace, SETTINGS, BEGUN, waited.append) == frozenset()
    landed = land_sources(workspace, SETTINGS, moving=find_moving(workspace, SETTINGS, BEGUN, waited.append))
    assert [file.deferred for file in landed] == [None, None]


def test_only_new_and_young_files_are_waited_for(inbox):
    workspace, waited = Workspace(inbox.parents[1]), []
    dated(inbox / "activities_1.csv", 3)
    dated(inbox / "activities_2.csv", 3)
    find_moving(workspace, SETTINGS, BEGUN, waited.append)
    assert waited == []
    dated(inbox / "activities_2.csv", -3600)  # a share whose clock runs ahead
    find_moving(workspace, SETTINGS, BEGUN, waited.append)
    assert waited == [2.0]
    land_sources(workspace, SETTINGS)
    find_moving(workspace, SETTINGS, BEGUN, waited.append)
    assert waited == [2.0]
