"""`touchline dev` opens Dagster's UI on the workspace, and leaves no process behind when it is stopped."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from pipelines.cli import main

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
PATIENCE_SECONDS = 300
LAUNCH = """mutation Launch($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) { ... on LaunchRunSuccess { run { id } } ... on PythonError { message } }
}"""
RUN = """query Run($id: ID!) { runOrError(runId: $id) { ... on Run { status eventConnection { events {
  ... on ExecutionStepFailureEvent { failureMetadata { description } } } } } } }"""


def exit_of(*arguments):
    with pytest.raises(SystemExit) as exit:
        main(list(arguments))
    return exit.value.code


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ask(port, query, **variables):
    """The answer of the UI's own interface."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def wait_for(what, found):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (result := found()):
        assert time.monotonic() < deadline, f"{what} did not happen in {PATIENCE_SECONDS} s"
        time.sleep(0.2)
    return result


def processes_naming(text):
    """Process ids whose environment names the text, where the system tells."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if text.encode() in environment.read_bytes():
                found.append(environment.parent.name)
    return found


def materialize(port, *tables):
    """Selects tables in the asset graph and materializes them; the finished run's status and why it failed."""
    selector = {
        "repositoryName": "__repository__",
        "repositoryLocationName": "touchline",
        "pipelineName": "__ASSET_JOB",
        "assetSelection": [{"path": table.split(".")} for table in tables],
    }
    params = {"selector": selector, "mode": "default", "runConfigData": {}}
    run_id = ask(port, LAUNCH, params=params)["launchPipelineExecution"]["run"]["id"]

    def ended():
        run = ask(port, RUN, id=run_id)["runOrError"]
        return run if run["status"] in ("SUCCESS", "FAILURE") else None

    run = wait_for(f"the run of {tables}", ended)
    told = [
        event["failureMetadata"]["description"]
        for event in run["eventConnection"]["events"]
        if event.get("failureMetadata")
    ]
    return run["status"], "".join(told)


def test_without_a_workspace_it_says_how_to_make_one(tmp_path, capsys):
    assert exit_of("dev", "--home", str(tmp_path)) == 2
    assert "touchline init" in capsys.readouterr().err


def test_a_port_that_is_taken_is_named_with_another_to_take(office, capsys):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert exit_of("dev", "--home", str(office.workspace.home), "--port", str(port)) == 2
    err = capsys.readouterr().err
    assert f"port {port}" in err
    assert "touchline dev --port" in err


@pytest.mark.slow
def test_the_ui_makes_a_generation_of_a_few_tables_or_says_why_not_and_stops_as_a_whole(office):
    office.configure(office.workspace.settings_file.read_text() + 'schedule: {cron: "0 0 1 1 *", watch_inbox: false}\n')
    office.deliver("reps.csv", [REP])
    office.night()
    home, port = str(office.workspace.home), free_port()
    environment = {key: value for key, value in os.environ.items() if key not in ("DAGSTER_HOME", "TOUCHLINE_HOME")}
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "dev", "--home", home, "--no-open"]
    with subprocess.Popen(
        [*command, "--port", str(port)], env={**environment, "PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True
    ) as services:
        try:
            wait_for("the address", lambda: "Dagster's UI: http://127.0.0.1" in services.stdout.readline())
            assert materialize(port, "marts.rep_type_activity") == ("SUCCESS", "")
            assert office.query("select generation from ops.publication") == [(2,)]
            office.configure(office.workspace.settings_file.read_text().replace("America/New_York", "Europe/Berlin"))
            status, told = materialize(port, "marts.rep_type_activity")
            assert status == "FAILURE"
            assert "only a whole night can be built: settings, contracts, SQL, the secret key" in told
            assert "launch the job nightly" in told
            assert office.query("select generation from ops.publication") == [(2,)]
        finally:
            services.send_signal(signal.SIGINT)
            services.stdout.read()
        assert services.wait(120) == 0
    assert processes_naming(f"TOUCHLINE_HOME={home}") == []
