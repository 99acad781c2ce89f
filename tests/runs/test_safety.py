"""Secrets are told to nobody, hostile names are only names, and files are no wider open than they must be."""

import json
import os
import re
import stat

import pytest
import stamina

from pipelines.cli import main
from pipelines.commands import dev
from pipelines.new_workspace import write_dagster_settings
from tests.cheap_nights import CHEAP
from tests.reliability import record

REP = {"rep_id": "R1", "full_name": "Ada", "rep_type": "inside", "hire_date": "2025-01-01"}
CALL = {"source_record_id": "A1", "channel": "call", "occurred_at": "2026-03-02T15:00:00Z", "rep_id": "R1"}
SECRETS = {
    "CRM_TOKEN": "pat-canary-token-17",
    "SF_ID": "canary-client-id-28",
    "SF_SECRET": "canary-client-secret-39",
    "TOUCHLINE_SECRET_KEY": "canary-workspace-key-40",
    "HOOK_URL": "{server}/canary-hook-51",
    "HOOK_KEY": "canary-hook-key-62",
    "BEAT_URL": "{server}/canary-beat-95",
}
WITH_SECRETS = """
  - name: hub
    kind: hubspot_api
    api: {token: "env:CRM_TOKEN", base_url: "http://127.0.0.1:9", patience_seconds: 0}
  - name: force
    kind: salesforce_api
    api: {client_id: "env:SF_ID", client_secret: "env:SF_SECRET", base_url: "http://127.0.0.1:9", patience_seconds: 0}
alerts:
  allow_hosts: [127.0.0.1, localhost]
  heartbeat_url: env:BEAT_URL
  channels:
    - {name: hook, kind: webhook, url: "env:HOOK_URL", secret: "env:HOOK_KEY"}
"""


@pytest.fixture
def touchline(office, capfd, monkeypatch):
    """Runs a command on the office's workspace; its exit code and all that it and its log wrote."""
    for name, value in CHEAP.items():
        monkeypatch.setenv(name, value)

    def run(*arguments):
        with pytest.raises(SystemExit) as exit:
            main([*arguments, "--home", str(office.workspace.home)])
        captured = capfd.readouterr()
        return exit.value.code, captured.out + captured.err

    return run


def test_no_secret_is_printed_logged_or_stored(office, touchline, settings_text, monkeypatch, caplog, httpserver):
    """The channel and the heartbeat answer 404, which is told and not tried again."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value.format(server=httpserver.url_for("").rstrip("/")))
    httpserver.expect_request(re.compile("/canary")).respond_with_data("no", status=404)
    monkeypatch.setenv("TOUCHLINE__ALERTS__ENABLED", "true")
    office.workspace.secret_key.unlink()
    office.configure(settings_text + WITH_SECRETS)
    write_dagster_settings(office.workspace)
    office.deliver("reps.csv", [REP])
    office.deliver("activities.csv", [CALL])
    caplog.set_level("DEBUG")
    with stamina.set_testing(True, attempts=1):
        said = [touchline("run", "--as-of", "2026-03-31"), touchline("status"), touchline("status", "--json")]
        said += [touchline("doctor"), touchline("alerts", "deliver"), touchline("alerts", "list")]
    assert [code for code, _ in said[:3]] == [0, 0, 0]
    office.configure(settings_text.replace("canonical", "canonicle") + WITH_SECRETS)
    said.append(touchline("run"))
    places = {str(path): path.read_bytes() for path in office.workspace.home.rglob("*") if path.is_file()}
    places |= {f"command {number}": text.encode() for number, (_, text) in enumerate(said)}
    places["log"] = "\n".join(entry.getMessage() for entry in caplog.records if entry.name != "werkzeug").encode()
    assert any("dagster" in place for place in places) and any(place.endswith("operator.sqlite") for place in places)
    told = [(place, name) for place, content in places.items() for name in SECRETS if b"canary" in content]
    assert told == []
    record("no secret is printed, logged or stored", f"{len(SECRETS)} secrets, {len(places)} places searched")


HOSTILE_COLUMN = 'a"; drop table core.parameter; --'
HOSTILE_WORD = "x'); drop table core.parameter; --"
HOSTILE_SETTINGS = """
  - name: select
    kind: mapped
    path: "inbox/odd/calls*.csv"
    entity: activities
    aliases: {At: ["It's \\"when\\"; --"]}
    ignore: [{if: {Kind: ["nobody's'; --"]}, because: "it's \\"nobody\\"'s"}]
    joins: {table: {path: "inbox/odd/order*.csv", "on": COLUMN, key: "or\\"der"}}
    fields:
      source_record_id: COLUMN
      channel: {const: call}
      occurred_at: At
      rep_id: {join: table, column: "gr\\"oup by"}
      direction: {column: Kind, map: {WORD: outbound}, otherwise: unknown}
      disposition: {cases: [{if: {Kind: {matches: "^x'[)]; drop"}}, const: "'; drop table x; --"}, {column: Kind}]}
"""


def test_hostile_names_and_values_of_the_settings_are_only_names_and_values(office, settings_text):
    settings = HOSTILE_SETTINGS.replace("COLUMN", json.dumps(HOSTILE_COLUMN)).replace("WORD", json.dumps(HOSTILE_WORD))
    office.configure(settings_text + settings)
    office.deliver("reps.csv", [REP])
    at, kinds = 'It\'s "when"; --', (HOSTILE_WORD, "nobody's'; --")
    calls = [{HOSTILE_COLUMN: f"C{n}", at: CALL["occurred_at"], "Kind": kind} for n, kind in enumerate(kinds)]
    office.deliver("calls 'quoted' [x].csv", calls, "inbox/odd")
    office.deliver('order "; --.csv', [{'or"der': "C0", 'gr"oup by': "R1"}], "inbox/odd")
    outcome = office.night()
    assert {load.file_name: (load.status, load.reason) for load in outcome.loads} == dict.fromkeys(
        ("reps.csv", "calls 'quoted' [x].csv", 'order "; --.csv'), ("accepted", None)
    )
    assert office.query("select activity_id, source_rep_id, direction from core.fct_activity") == [
        ("select:C0", "R1", "outbound")
    ]
    assert office.query("select count(*) from core.parameter") == [(1,)]
    record(
        "hostile names and values are only names and values", f"{HOSTILE_SETTINGS.count('--') + 3} of them in one night"
    )


def test_files_are_no_wider_open_than_they_must_be(office):
    before = os.umask(0)
    try:
        office.deliver("reps.csv", [REP | {"email": "ada@example.com"}])
        office.deliver("activities.jsonl", json.dumps(CALL).encode())
        office.night()
    finally:
        os.umask(before)
    modes = {
        str(path.relative_to(office.workspace.var)): stat.S_IMODE(path.stat().st_mode)
        for path in office.workspace.var.rglob("*")
        if not path.is_symlink()
    }
    open_to_write = {name: oct(mode) for name, mode in modes.items() if mode & 0o022}
    assert open_to_write == {}
    private = [name for name in modes if name.startswith("landed") or name.endswith(("private.duckdb", "lock"))]
    assert len(private) >= 5
    assert {name: oct(modes[name]) for name in private if modes[name] & 0o077} == {}
    record("files are no wider open than they must be", f"{len(modes)} files and folders under umask 0")


def test_the_web_ui_is_reached_from_this_machine_only():
    assert dev.HOST == "127.0.0.1"
