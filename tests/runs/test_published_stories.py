"""Every figure that the demo's stories promise is what a night publishes of that company."""

import json
import math
from datetime import datetime
from zoneinfo import ZoneInfo

import duckdb
import pytest

STORIES = ("rep_overload", "team_turnover", "rep_type_drift", "source_silent", "stage_conversion_drop")
ZONE = ZoneInfo("America/New_York")


@pytest.fixture(scope="module")
def stories(storied_demo):
    """What the demo says it planted, by name."""
    return {story["name"]: story for story in json.loads(storied_demo.demo_stories.read_text())}


def found(workspace, expected):
    """The cells of that column in the promised rows; an instant as the company's day."""
    conditions, values = zip(*map(condition, expected["where"].items()), strict=True)
    sql = f"select {expected['column']} from {expected['table']} where {' and '.join(conditions)}"
    with duckdb.connect(str(workspace.published / "crm.duckdb"), read_only=True) as connection:
        cells = [cell for (cell,) in connection.execute(sql, values).fetchall()]
    return [cell.astimezone(ZONE).date() if isinstance(cell, datetime) else cell for cell in cells]


def condition(cell):
    """`column operator ?` and the value; a value may begin with its operator."""
    name, value = cell
    operator, _, bound = value.partition(" ") if value.startswith(("<", ">")) else ("=", "", value)
    return f"{name} {operator} ?", bound


def keeps(cell, comparison, value):
    """Rates are told to six digits, words and days as text."""
    if comparison != "=":
        return {">=": cell >= value, ">": cell > value, "<=": cell <= value}[comparison]
    return math.isclose(cell, value, abs_tol=1e-6) if isinstance(value, float) else str(cell).lower() == value


@pytest.mark.parametrize("name", STORIES)
def test_what_a_story_promises_is_published(storied_demo, stories, name):
    assert stories.keys() == set(STORIES)
    assert stories[name]["expected"]
    for expected in stories[name]["expected"]:
        cells = found(storied_demo, expected)
        assert len(cells) == 1, f"{expected}: {len(cells)} rows"
        assert keeps(cells[0], expected["comparison"], expected["value"]), f"{expected}: found {cells[0]}"
