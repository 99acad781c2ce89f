"""A file that is refused for its header says what is wrong with it: another delimiter, lines above it, a missing column."""

import pytest

from models.contracts import CONTRACTS
from models.errors import UnreadableFileError
from models.mapping import SourceMapping
from pipelines.sources.header_match import match_columns, match_fields

CALLS = SourceMapping.model_validate(
    {
        "entity": "activities",
        "fields": {"source_record_id": "Call ID", "channel": {"const": "call"}, "occurred_at": "At"},
    }
)


def refusal(columns):
    with pytest.raises(UnreadableFileError) as refused:
        match_fields(CONTRACTS["reps"], columns)
    return refused.value


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("rep_id;full_name;hire_date", '";"'),
        ("rep_id\tfull_name\thire_date", '"\\t"'),
        ("a|b|c", '"|"'),
        ("a,b,c", '","'),
    ],
)
def test_another_delimiter_is_named_with_the_setting_that_reads_it(header, delimiter):
    refused = refusal([header])
    assert refused.rule == "dialect"
    assert f"read: {{delimiter: {delimiter}}}" in refused.remedy


def test_a_title_above_the_header_is_skipped_by_a_setting():
    assert "skip_rows" in refusal(["Activities of March"]).remedy
    with pytest.raises(UnreadableFileError, match="skip_rows"):
        match_columns(CALLS, ["Activities of March"])


def test_a_missing_column_among_others_is_just_that():
    refused = refusal(["full_name", "hire_date", "rep_type"])
    assert refused.rule == "missing_column"
    assert "skip_rows" not in refused.remedy
