"""Files that change, go or cannot be read between being listed and being landed: put off, and never half of them."""

from pathlib import Path

import pytest

from models.settings import Settings
from pipelines.night.landing import LandedFile, land_sources
from pipelines.night.workspace import Workspace

SETTINGS = Settings.model_validate({"sources": [{"name": "crm", "kind": "canonical", "path": "inbox/crm"}]})


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
