"""A workspace under its own name in a Dagster that serves several, and days of it that are built again by partition."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from models.errors import TouchlineError
from pipelines import sensors
from pipelines.definitions import build_definitions
from pipelines.jobs import run_nightly
from pipelines.maintenance import trim_history
from pipelines.night.lock import one_night_at_a_time
from pipelines.night.steps import Quiet

pytestmark = pytest.mark.slow

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}
RANGE = {"dagster/asset_partition_range_start": "2026-03-01", "dagster/asset_partition_range_end": "2026-03-31"}
AS_OF = datetime(2026, 4, 1, 12, tzinfo=UTC)
STARTED, SUCCESS = dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.SUCCESS


def named(office, name, more=""):
    office.configure(office.workspace.settings_file.read_text() + f"schedule: {{location: {name}{more}}}\n")
    return build_definitions(office.workspace)


@pytest.fixture
def emea(office):
    return named(office, "emea", ", settle_seconds: 0, retries: 1, retry_delay_seconds: 0")


def test_every_key_check_pool_and_origin_stands_under_the_workspaces_name(emea):
    dg.Definitions.validate_loadable(emea)
    graph = emea.resolve_asset_graph()
    daily = graph.get(dg.AssetKey(["emea", "marts", "rep_activity_daily"]))
    lineage = daily.metadata["dagster/column_lineage"].deps_by_column["touches"]
    keys = [*graph.get_all_asset_keys(), *(check.asset_key for check in graph.asset_check_keys)]
    keys += [*daily.parent_keys, *(dep.asset_key for dep in lineage)]
    assert {key.path[0] for key in keys} == {"emea"}
    pools = {job: emea.resolve_job_def(job).all_node_defs[0].pool for job in ("nightly", "backfill", "maintenance")}
    assert pools == {"nightly": "night/emea", "backfill": "night/emea", "maintenance": "maintenance/emea"}


def test_runs_of_another_workspace_are_not_judged_waited_for_or_trimmed(
    office, open_office, emea, instance, monkeypatch
):
    apac = named(open_office(), "apac").resolve_job_def("nightly")
    theirs = [instance.create_run_for_job(apac, status=status) for status in (STARTED, SUCCESS)]
    ours = instance.create_run_for_job(emea.resolve_job_def("nightly"), status=SUCCESS)
    monkeypatch.setattr(sensors, "_is_silent", lambda *_: True)
    found = {sensor.name: sensor for sensor in emea.sensors}
    found["died_nights"].evaluate_tick(dg.build_sensor_context(instance))
    assert instance.get_run_by_id(theirs[0].run_id).status is STARTED

    office.deliver("reps.csv", [REP])
    assert found["inbox"].evaluate_tick(dg.build_sensor_context(instance)).run_requests
    instance.create_run_for_job(emea.resolve_job_def("nightly"), status=dg.DagsterRunStatus.NOT_STARTED)
    assert "queued or running" in found["inbox"].evaluate_tick(dg.build_sensor_context(instance)).skip_message

    trimmed = trim_history(instance, datetime.now(UTC) + timedelta(days=1), ["night/emea"])
    assert trimmed.runs == 1
    assert instance.get_run_by_id(ours.run_id) is None
    assert instance.get_run_by_id(theirs[1].run_id) is not None


def test_a_month_of_partitions_is_one_run_and_one_generation_and_waits_for_a_night_from_elsewhere(
    office, emea, instance
):
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL])
    night = emea.resolve_job_def("nightly").execute_in_process(
        {"ops": {"night": {"config": {"as_of": AS_OF.isoformat()}}}}, instance
    )
    assert night.success
    landed = dg.AssetKey(["emea", "landing", "crm"])
    assert instance.fetch_materializations(landed, limit=5).records
    before = office.hashes()

    backfill = build_definitions(office.workspace).resolve_job_def("backfill")
    with one_night_at_a_time(office.workspace):
        refused = backfill.execute_in_process(instance=instance, tags=RANGE, raise_on_error=False)
    assert [event.event_type_value for event in refused.all_events].count("STEP_UP_FOR_RETRY") == 1
    assert backfill.execute_in_process(instance=instance, tags=RANGE).success
    assert office.query("select generation, as_of from ops.publication") == [(2, AS_OF)]
    assert office.hashes() == before
    days = instance.get_materialized_partitions(dg.AssetKey(["emea", "ops", "rebuilt_days"]))
    assert (min(days), max(days), len(days)) == ("2026-03-01", "2026-03-31", 31)
    rebuilt = instance.fetch_materializations(dg.AssetKey(["emea", "marts", "rep_activity_daily"]), limit=5).records
    assert len(rebuilt) == 2

    beyond = {**RANGE, "dagster/asset_partition_range_end": "2026-04-30"}
    told = backfill.execute_in_process(instance=instance, tags=beyond, raise_on_error=False)
    (failure,) = [event for event in told.all_events if event.is_step_failure]
    assert "reaches beyond what is published" in failure.step_failure_data.user_failure_data.description


def test_a_storage_that_cannot_be_opened_is_told_with_the_file_that_names_it(office):
    office.workspace.dagster_home.mkdir(parents=True)
    own = office.workspace.dagster_home / "dagster.yaml"
    own.write_text("storage: {postgres: {postgres_url: {env: TOUCHLINE_NO_SUCH_VARIABLE}}}\n")
    with pytest.raises(TouchlineError, match=r"dagster\.yaml") as told:
        run_nightly(office.workspace, AS_OF, False, Quiet())
    assert "touchline[postgres]" in told.value.remedy
    assert own.read_text().startswith("storage:")
    assert not office.workspace.published.exists()
