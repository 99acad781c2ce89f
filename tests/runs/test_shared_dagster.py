"""Two workspaces in one Dagster on PostgreSQL: a code server each, one daemon, one web UI, and nothing of one in the other."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import dagster as dg
import pytest

from pipelines.jobs import run_nightly
from pipelines.new_workspace import template
from pipelines.night.steps import Quiet
from tests.runs.postgres_server import postgres

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}
AS_OF = datetime(2026, 4, 1, 12, tzinfo=UTC)
NAMES = ("apac", "emea")
PATIENCE_SECONDS = 100
STORAGE = """
storage:
  postgres:
    postgres_db: {{scheme: postgresql+psycopg2, hostname: 127.0.0.1, port: {port}, username: touchline, 
      password: {{env: TOUCHLINE_PG}}, db_name: postgres}}
"""
SCHEDULE = 'schedule: {{location: {name}, cron: "0 0 1 1 *", settle_seconds: 0}}\n'
BACKFILL = """mutation Backfill($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
KEYS = "{ assetNodes { assetKey { path } repository { location { name } } } }"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def service(folder, name, *command, **environment):
    """A program of Dagster's in a process group of its own, which ends with the block; its words are in a log."""
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", *command], cwd=folder, env={**os.environ, **environment},
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(folder, what, found):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := found()):
        if time.monotonic() > deadline:
            logs = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-2000:]}" for log in folder.glob("*.log"))
            pytest.fail(f"{what} did not happen in {PATIENCE_SECONDS} s\n{logs}")
        time.sleep(0.2)
    return result


def ask(port, query, **variables):
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def shared(tmp_path, open_office, monkeypatch):
    """A DAGSTER_HOME on PostgreSQL, and two workspaces whose own names the same server."""
    monkeypatch.setenv("TOUCHLINE_PG", "any")
    home = tmp_path / "dagster"
    home.mkdir()
    with postgres() as port:
        (home / "dagster.yaml").write_text(template("dagster.yaml") + STORAGE.format(port=port))
        offices = {}
        for name in NAMES:
            office = offices[name] = open_office()
            office.configure(office.workspace.settings_file.read_text() + SCHEDULE.format(name=name))
            office.workspace.dagster_home.mkdir()
            (office.workspace.dagster_home / "dagster.yaml").write_text((home / "dagster.yaml").read_text())
        yield home, offices


@contextmanager
def running(home, offices):
    """A code server a workspace, the daemon and the web UI; the UI's port and the instance."""
    ports = {name: free_port() for name in (*offices, "ui")}
    servers = [{"grpc_server": {"host": "127.0.0.1", "port": ports[name], "location_name": name}} for name in offices]
    (home / "workspace.yaml").write_text(json.dumps({"load_from": servers}))
    with ExitStack() as stack:
        for name, office in offices.items():
            start = ["dagster", "api", "grpc", "-m", "pipelines.definitions", "-h", "127.0.0.1", "-p", str(ports[name])]
            stack.enter_context(service(home, name, *start, TOUCHLINE_HOME=str(office.workspace.home)))
        wait_for(home, "two code servers", lambda: all(listens(ports[name]) for name in offices))
        ours = {"DAGSTER_HOME": str(home)}
        stack.enter_context(service(home, "daemon", "dagster._daemon", "run", "-w", "workspace.yaml", **ours))
        show = ["dagster_webserver", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(ports["ui"])]
        stack.enter_context(service(home, "ui", *show, **ours))
        yield ports["ui"], stack.enter_context(dg.DagsterInstance.from_config(str(home)))


def calls(office):
    published = office.workspace.published_file
    return office.query("select count(*) from core.fct_activity")[0][0] if published.exists() else 0


def records(instance, **filters):
    return instance.get_run_records(dg.RunsFilter(**filters))


def launch_backfill(port, location, days):
    selector = {"repositoryName": "__repository__", "repositoryLocationName": location}
    params = {"selector": {"repositorySelector": selector, "partitionSetName": "backfill_partition_set"}}
    return ask(port, BACKFILL, params={**params, "partitionNames": days})["launchPartitionBackfill"]


@pytest.mark.slow
def test_two_workspaces_share_a_dagster_on_postgres_and_nothing_else(shared):
    home, offices = shared
    emea = offices["emea"]
    emea.deliver("reps.csv", [REP])
    emea.deliver("activities_1.csv", [{**CALL, "source_record_id": "E1"}])
    run_nightly(emea.workspace, AS_OF, False, Quiet())
    assert not (emea.workspace.dagster_home / "history").exists()
    for office, number in ((emea, 1), (offices["apac"], 2)):
        office.deliver("reps.csv", [REP])
        office.deliver("activities_2.csv", [{**CALL, "source_record_id": f"M{at}"} for at in range(number)])
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (by_hand,) = records(instance)
        assert by_hand.dagster_run.is_success
    with running(home, offices) as (port, instance):
        wait_for(home, "a night each", lambda: [calls(offices[name]) for name in NAMES] == [2, 2])
        wait_for(home, "an end", lambda: len(records(instance, statuses=[dg.DagsterRunStatus.SUCCESS])) == 3)

        shown = [node for node in ask(port, KEYS)["assetNodes"] if node["assetKey"]["path"][-1] == "rep_activity_daily"]
        assert sorted((node["assetKey"]["path"], node["repository"]["location"]["name"]) for node in shown) == [
            ([name, "marts", "rep_activity_daily"], name) for name in NAMES
        ]
        for name, nights in zip(NAMES, (1, 2), strict=True):
            key = dg.AssetKey([name, "core", "fct_activity"])
            assert len(instance.fetch_materializations(key, limit=5).records) == nights

        days = ["2026-03-02", "2026-03-03", "2026-03-09"]
        assert launch_backfill(port, "emea", days)["__typename"] == "LaunchBackfillSuccess"

        def ended():
            found = [record for record in records(instance, job_name="backfill") if record.dagster_run.is_finished]
            return found if len(found) == 2 else None

        later, earlier = sorted(wait_for(home, "two ranges", ended), key=lambda run: run.start_time, reverse=True)
    assert later.dagster_run.is_success
    assert earlier.dagster_run.is_success
    assert later.start_time >= earlier.end_time
    assert emea.query("select generation from ops.publication") == [(4,)]
    assert offices["apac"].query("select generation from ops.publication") == [(1,)]
