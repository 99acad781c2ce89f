"""`touchline init` makes a whole workspace, whose settings file explains every key there is."""

import os
import pty
import re
import subprocess
import sys
import types
from contextlib import suppress
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from models.conditions import Test
from models.errors import UsageError
from models.settings import Settings, load_settings
from pipelines.new_workspace import make_workspace, template

ROOT = Path(__file__).parents[2]


SHIPPED_ONLY = {"object", "pages", "files"}
"""Keys that only the mappings of CRMs have, or that readings get by themselves."""


def keys_of(model, above=()):
    """Every key of a settings model and of the models inside it, as one writes them."""
    for name, field in model.model_fields.items():
        if name in SHIPPED_ONLY:
            continue
        yield field.alias or name
        for inner in models_in(field.annotation):
            if inner is not Test and inner not in above:
                yield from keys_of(inner, (*above, model))


def models_in(annotation):
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for part in get_args(annotation) for model in models_in(part)]


def uncommented_example(text):
    """The commented mapped source of the template, as settings of its own."""
    start, end = text.index("  # - name: dialer"), text.index("# What is built, and")
    return "sources:\n" + re.sub("(?m)^  # ", "  ", text[start:end])


def test_the_template_says_the_defaults_and_one_source(tmp_path):
    workspace = make_workspace(tmp_path / "here")
    settings = load_settings(workspace.settings_file, {})
    assert settings.model_copy(update={"sources": ()}) == Settings()
    assert [(source.name, source.kind, source.path) for source in settings.sources] == [
        ("crm", "canonical", "inbox/crm")
    ]
    assert (workspace.home / "inbox/crm").is_dir()


def test_every_key_of_the_settings_is_in_the_template():
    text = template("touchline.yaml")
    missing = {key for key in keys_of(Settings) if not re.search(rf'\b{key}"?:', text)}
    assert missing == set()


def test_the_commented_source_of_the_template_works(tmp_path):
    file = tmp_path / "touchline.yaml"
    file.write_text(uncommented_example(template("touchline.yaml")), encoding="utf-8")
    (source,) = load_settings(file, {}).sources
    assert source.mapping().entity == "activities"
    assert source.read.encoding == "cp1254"


def test_a_workspace_is_never_overwritten(tmp_path):
    workspace = make_workspace(tmp_path)
    workspace.settings_file.write_text("company: {name: Ours}\n")
    with pytest.raises(UsageError, match="exists already"):
        make_workspace(tmp_path)
    assert workspace.settings_file.read_text() == "company: {name: Ours}\n"


def test_a_companys_own_dagster_settings_are_kept(tmp_path):
    (tmp_path / "var/dagster").mkdir(parents=True)
    (tmp_path / "var/dagster/dagster.yaml").write_text("telemetry: {enabled: false}\n")
    make_workspace(tmp_path)
    assert (tmp_path / "var/dagster/dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


@pytest.mark.parametrize("name", ["dagster.yaml", "workspace.yaml"])
def test_the_root_has_the_dagster_settings_that_workspaces_get(name):
    assert (ROOT / name).read_text(encoding="utf-8") == template(name)


def test_words_that_old_yaml_reads_as_booleans_and_numbers_are_words(tmp_path):
    file = tmp_path / "touchline.yaml"
    file.write_text(
        "company: {workday_hours: {start: 09:30, end: 17:30}, holidays: {default_country: NO}}\n"
        "sources:\n"
        "  - name: dialer\n    kind: mapped\n    path: inbox/*.csv\n    entity: activities\n"
        "    joins: {people: {path: other/*.csv, on: Call, key: Id}}\n"
        "    fields:\n"
        "      source_record_id: Call\n      channel: {column: Kind, map: {Yes: call, no: task, 010: sms, true: email}}\n"
        "      occurred_at: Started\n"
    )
    settings = load_settings(file, {})
    assert settings.company.workday_hours.start == "09:30"
    assert settings.company.holidays.default_country == "NO"
    assert settings.sources[0].joins["people"].on == "Call"
    assert settings.sources[0].fields["channel"].map == {"Yes": "call", "no": "task", "010": "sms", "true": "email"}


def test_true_and_numbers_are_still_what_they_are(tmp_path):
    file = tmp_path / "touchline.yaml"
    file.write_text("privacy: {keep_subjects: true}\nmetrics: {connected_call_seconds: 60}\n")
    settings = load_settings(file, {})
    assert (settings.privacy.keep_subjects, settings.metrics.connected_call_seconds) == (True, 60)


def test_a_variable_that_is_no_yaml_is_named(tmp_path):
    workspace = make_workspace(tmp_path / "company")
    with pytest.raises(UsageError, match="TOUCHLINE__COMPANY__NAME") as wrong:
        load_settings(workspace.settings_file, {"TOUCHLINE__COMPANY__NAME": "Acme: 'Ltd"})
    assert "Quote it" in wrong.value.remedy


def asked(folder: Path, answers: str) -> str:
    """What `touchline init` says in a terminal in which somebody types."""
    ours, theirs = pty.openpty()
    command = [str(Path(sys.executable).with_name("touchline")), "init", str(folder)]
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True, env={**os.environ, "TZ": "UTC"}
    )
    os.close(theirs)
    os.write(ours, answers.encode())
    said = b""
    with suppress(OSError):  # a terminal whose other end is gone
        while chunk := os.read(ours, 4096):
            said += chunk
    process.wait()
    os.close(ours)
    return said.decode()


def test_in_a_terminal_five_questions_fill_in_the_settings_and_a_wrong_answer_is_asked_again(tmp_path):
    said = asked(tmp_path / "here", 'Şahin "&" Co: West\nIstanbul\nEurope/Istanbul\neur\nsalesforce\ninbox/sf\n')
    settings = load_settings(tmp_path / "here/touchline.yaml", {})
    company = settings.company
    assert (company.name, company.timezone, company.currency) == ('Şahin "&" Co: West', "Europe/Istanbul", "EUR")
    assert [(source.kind, source.path) for source in settings.sources] == [("salesforce_export", "inbox/sf")]
    assert "inbox/sf" in said.splitlines()[-2]


def test_enter_takes_every_default(tmp_path):
    asked(tmp_path / "here", "\n" * 5)
    assert (tmp_path / "here/touchline.yaml").read_text() == template("touchline.yaml")


def test_a_program_is_never_asked(tmp_path):
    command = [str(Path(sys.executable).with_name("touchline")), "init", str(tmp_path / "here")]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    assert "time zone" not in done.stdout
    assert (tmp_path / "here/touchline.yaml").read_text() == template("touchline.yaml")
