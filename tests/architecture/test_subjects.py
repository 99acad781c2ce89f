"""What `metrics.subjects` leaves out is not built, and nothing that is built misses it."""

from typing import get_args

import pytest

from models.settings import Subject
from pipelines.night.shipped import shipped_catalogue
from sql.queries import parse_query

SUBJECTS = get_args(Subject)


def marts_of(catalogue):
    return {name for name in catalogue.models if name.startswith("marts.")}


def test_the_settings_know_every_folder_of_marts():
    folders = {path.name for path in (shipped_catalogue().root / "marts").iterdir() if path.is_dir()}
    assert set(SUBJECTS) == folders
    assert {model.subject for model in shipped_catalogue().models.values()} == {None, *folders}


def test_what_is_not_wanted_is_not_built():
    catalogue = shipped_catalogue().of_subjects(["activity"])
    assert marts_of(catalogue) == {"marts.rep_activity_daily", "marts.rep_type_activity"}
    assert {model.subject for model in catalogue.models.values()} == {None, "activity"}


def test_what_a_wanted_subject_reads_is_built_too():
    catalogue = shipped_catalogue().of_subjects(["kpi"])
    assert {"marts.sales_kpi", "marts.team_turnover_monthly"} <= marts_of(catalogue)
    assert "marts.rep_workload_weekly" not in catalogue.models


@pytest.mark.parametrize("subject", SUBJECTS)
def test_nothing_that_is_built_asks_for_a_table_that_is_not(subject):
    catalogue = shipped_catalogue().of_subjects([subject])
    known = catalogue.specs().keys()
    for name, model in catalogue.models.items():
        evidence = [parse_query(one.sql, name).reads for one in model.spec.evidence]
        assert set().union(model.query.reads, model.check_reads, *evidence) <= known, name
