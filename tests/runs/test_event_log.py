"""Dagster's run log while a night keeps it open: others read each event at once, and nothing of it stays behind."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from pipelines.event_log import kept_open


def report(instance: dg.DagsterInstance, name: str) -> None:
    instance.report_runless_asset_event(dg.AssetMaterialization(name))


def materialized(instance: dg.DagsterInstance) -> set[str]:
    return {key.to_user_string() for key in instance.all_asset_keys()}


def test_another_process_reads_an_event_while_the_log_is_kept_open(tmp_path):
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as writer,
        dg.DagsterInstance.local_temp(str(tmp_path)) as reader,
        kept_open(writer),
    ):
        report(writer, "one")
        assert materialized(reader) == {"one"}
        report(reader, "two")
        report(writer, "three")
        assert materialized(writer) == {"one", "two", "three"}


def test_the_file_itself_changes_with_every_event(tmp_path):
    """The web UI follows a run by watching that file, not the write-ahead log beside it."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance, kept_open(instance):
        report(instance, "one")
        file = tmp_path / "history" / "runs" / "index.db"
        before = file.read_bytes()
        report(instance, "two")
        assert file.read_bytes() != before


def test_nothing_is_left_open(tmp_path):
    def open_files() -> int:
        return sum(tmp_path in link.resolve().parents for link in Path("/proc/self/fd").iterdir())

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        with pytest.raises(ZeroDivisionError), kept_open(instance):
            report(instance, "one")
            assert open_files() > 0
            raise ZeroDivisionError
        assert open_files() == 0
        report(instance, "two")
        assert materialized(instance) == {"one", "two"}


def test_a_log_that_is_not_in_sqlite_files_is_left_alone():
    with dg.DagsterInstance.ephemeral() as instance:
        before = instance.event_log_storage.__dict__.keys()
        with kept_open(instance):
            assert instance.event_log_storage.__dict__.keys() == before
