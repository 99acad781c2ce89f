"""The maintenance job really deletes old runs, their events and their files; running and recent ones stay."""

from datetime import timedelta

import dagster as dg
import pytest

from pipelines.definitions import build_definitions
from pipelines.maintenance import TRIM_OP

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}


@pytest.mark.slow
def test_old_runs_go_with_their_events_and_files_and_what_is_published_stays(office, instance):
    definitions = build_definitions(office.workspace)
    nightly = definitions.resolve_job_def("nightly")
    office.deliver("reps.csv", [REP])
    config = {"ops": {"night": {"config": {"as_of": "2026-03-31"}}}}
    old = nightly.execute_in_process(config, instance).run_id
    running = instance.create_run_for_job(nightly, status=dg.DagsterRunStatus.STARTED).run_id
    recent = nightly.execute_in_process(config, instance).run_id
    before = instance.get_run_record_by_id(recent).create_timestamp - timedelta(microseconds=1)
    files = office.workspace.dagster_home / "history/runs"
    assert (files / f"{old}.db").exists()

    trim = {"ops": {TRIM_OP: {"config": {"before": before.isoformat()}}}}
    trimmed = definitions.resolve_job_def("maintenance").execute_in_process(trim, instance)
    assert trimmed.success

    left = {record.dagster_run.run_id for record in instance.get_run_records()}
    assert left == {running, recent, trimmed.run_id}
    assert not list(files.glob(f"{old}*"))
    assert instance.fetch_materializations(dg.AssetKey(["core", "dim_rep"]), limit=5).records == []
    assert office.query("select count(*) from core.dim_rep") == [(1,)]
