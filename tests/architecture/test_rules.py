"""What alert rules are read from, and what is refused when they are loaded."""

import pytest
import yaml

from models.errors import CatalogueError
from pipelines.night.shipped import shipped_catalogue, shipped_rules
from sql.rule_checks import check_types
from sql.rules import load_rules, rules_fingerprint
from sql.warehouse import connect

QUERY = """
select n.night_date, d.rep_id as subject_id, 'load' as limit_name, d.touches::double as value, null::bigint as sample,
  null::double as baseline, null::double as peers, {'touches': d.touches} as evidence
from core.alert_night as n inner join marts.daily as d on n.night_date = d.activity_date
"""
LIMIT = {"name": "load", "description": "Touches.", "beyond": "over", "default": 10, "unit": "touches"}
CONTRACT = {
    "rule": "busy",
    "title": "is busy",
    "description": "Too many touches.",
    "subject_type": "rep",
    "limits": [LIMIT],
    "what_to_do": "Help.",
}


def write(toy, query=QUERY, name="busy", **changes):
    folder = toy.sql / "alerts"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.sql").write_text(query)
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({**CONTRACT, **changes}))
    return folder


def limit(**changes):
    return [{**LIMIT, **changes}]


def refused(toy, *words, cases=None):
    with pytest.raises(CatalogueError) as caught:
        load_rules(toy.sql, toy.load(), cases)
    message = str(caught.value)
    assert [word for word in words if word not in message] == [], message
    assert "\n  → " in message


def test_a_rule_is_two_files_and_changes_no_table(toy):
    before = toy.load().fingerprint()
    assert load_rules(toy.sql, toy.load()) == ()
    none = rules_fingerprint(toy.sql)
    write(toy)
    (rule,) = load_rules(toy.sql, toy.load())
    assert (rule.name, rule.query.reads) == ("busy", {"core.alert_night", "marts.daily"})
    assert toy.load().fingerprint() == before
    assert rules_fingerprint(toy.sql) != none


@pytest.mark.parametrize("gone", ["busy.sql", "busy.yaml"])
def test_refuses_a_lonely_file(toy, gone):
    (write(toy) / gone).unlink()
    refused(toy, gone, "beside it")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"titel": "x"}, ("busy.yaml", "titel", "Did you mean 'title'?")),
        ({"rule": "bussy"}, ("`rule: bussy`", "busy")),
        ({"stands_on": ["activites"]}, ("stands_on", "Did you mean 'activities'?")),
        ({"subject_type": "team", "suppressed_by": ["ramp"]}, ("suppressed_by", "ramp", "about a team")),
        ({"limits": limit(default=None, parameter="overload_ration")}, ("limits.load.parameter", "'overload_ratio'")),
        ({"limits": limit(default=None, parameter="timezone")}, ("limits.load.parameter", "timezone")),
        ({"limits": limit(default=-1)}, ("limits.load", "above the threshold")),
        ({"limits": limit(default=0, beyond="at_least")}, ("limits.load", "never be reached", "lower than 0")),
        ({"limits": limit(default=95, beyond="under", highest=100)}, ("never be reached", "higher than 100")),
        ({"limits": limit(default=10, lowest=9.5)}, ("limits.load", "lower than 9.5")),
    ],
)
def test_refuses_a_contract_that_cannot_be_kept(toy, changes, words):
    write(toy, **changes)
    refused(toy, *words)


@pytest.mark.parametrize(
    "changes",
    [{"default": 0}, {"beyond": "under", "default": 90, "highest": 100}, {"default": 10, "lowest": 9},
     {"default": 0, "beyond": "at_least", "lowest": None, "clear_ratio": 1}],
)  # fmt: skip
def test_a_threshold_that_can_clear_is_taken(toy, changes):
    write(toy, limits=limit(**changes))
    assert len(load_rules(toy.sql, toy.load())) == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("d.touches::double as value", "d.touches::double as valeu", ("missing: value", "Did you mean 'valeu'?")),
        ("null::double as peers, ", "", ("missing: peers",)),
        ("null::bigint as sample,", "null::bigint as sample, 1 as more,", ("too many: more",)),
        ("null::double as baseline, null::double as peers", "null::double as peers, null::double as baseline",
         ("in this order",)),
        ("marts.daily", "marts.dayly", ("marts.dayly", "Did you mean 'marts.daily'?")),
        ("marts.daily", "staging.dirty_day", ("staging.dirty_day", "core, marts, ops only")),
        ("marts.daily", "previous.marts.daily", ("previous.marts.daily",)),
        ("core.alert_night", "core.dim_date", ("does not read core.alert_night",)),
    ],
)  # fmt: skip
def test_refuses_a_query_that_no_night_could_ask(toy, old, new, words):
    assert old in QUERY
    write(toy, QUERY.replace(old, new))
    refused(toy, "busy.sql", *words)


def test_refuses_a_rule_without_a_case_and_a_case_without_a_rule(toy):
    write(toy)
    cases = toy.cases.parent / "alerts"
    refused(toy, "busy has no case", cases=cases)
    for name in ("busy", "bussy"):
        (cases / name).mkdir(parents=True)
        (cases / name / "example.yaml").write_text("why: x")
    refused(toy, "bussy, which is no rule", "Did you mean 'busy'?", cases=cases)


def test_other_types_are_found_by_binding(toy):
    write(toy, QUERY.replace("d.touches::double as value", "d.touches as value"))
    rules = load_rules(toy.sql, toy.load())
    with (
        connect(threads=1) as connection,
        pytest.raises(CatalogueError, match="value: must be DOUBLE, the query makes BIGINT"),
    ):
        check_types(connection, toy.load(), rules)


def test_every_shipped_rule_binds():
    with connect(threads=1) as connection:
        check_types(connection, shipped_catalogue(), shipped_rules())
