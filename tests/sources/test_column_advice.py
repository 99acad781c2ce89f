"""What a column is called now, and which field a new one holds: by name, by what exports call it, by spelling."""

import pytest

from pipelines.sources.column_advice import likely_column, likely_field


@pytest.mark.parametrize(
    ("entity", "column", "field"),
    [
        ("activities", "Duration_Seconds", "duration_seconds"),
        ("activities", "Talk time", "duration_seconds"),
        ("activities", "Görüşme Süresi", "duration_seconds"),
        ("activities", "dispositon", "disposition"),
        ("accounts", "industry", "industry"),
        ("activities", "mood", None),
        ("activities", "date", None),  # says nothing by itself
        ("activities", "name", None),
    ],
)
def test_a_new_column_looks_like_the_field_that_exports_call_so(entity, column, field):
    assert likely_field(entity, column) == field


def test_a_field_that_is_read_already_needs_no_other_column():
    assert likely_field("activities", "Talk time", {"duration_seconds"}) is None


@pytest.mark.parametrize(
    ("name", "fields", "columns", "column"),
    [
        ("start_time", ("occurred_at",), ["starttime_utc", "rep"], "starttime_utc"),
        ("start_time", ("occurred_at",), ["start_time_utc", "start"], "start_time_utc"),
        ("Agent", ("rep_id",), ["Temsilci", "Mood"], "Temsilci"),
        ("Agent", ("rep_id",), ["Mood", "Weather"], None),
        ("Length", (), ["Lenght"], "Lenght"),
    ],
)
def test_a_missing_column_is_looked_for_under_a_new_name(name, fields, columns, column):
    assert likely_column("activities", fields, name, columns) == column
