"""Settings are data: no code in them, no key twice, and no small text that grows into a large one."""

import pytest

from models.errors import SettingsError
from models.settings import load_settings
from models.strict_yaml import MAX_NODES, parse_yaml

LAUGHS = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
READ = "sources: [{name: d, kind: mapped, path: 'x/*.csv', entity: activities, "


@pytest.fixture
def refused(tmp_path):
    def refused(text):
        (tmp_path / "touchline.yaml").write_text(text)
        with pytest.raises(SettingsError) as error:
            load_settings(tmp_path / "touchline.yaml", {})
        return str(error.value)

    return refused


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("company: {name: A}\ncompany: {name: B}\n", "'company' is given twice, first on line 1"),
        ("company: {name: A, name: B}\n", "'name' is given twice"),
        ("company: !!python/object/apply:os.system ['true']\n", "could not determine a constructor"),
        ("company: !!python/name:os.system\n", "could not determine a constructor"),
        (LAUGHS, f"larger than {MAX_NODES:,} values"),
        ("company: &c {name: *c}\n", f"larger than {MAX_NODES:,} values"),
        ("company:\n\tname: A\n", "line 2"),
        ("company: {nmae: A}\n", "Did you mean 'name'?"),
        ("sources: [{name: 'crm; drop table x', kind: canonical, path: inbox}]\n", "sources.0.name"),
        ("sources: [{name: '../crm', kind: canonical, path: inbox}]\n", "sources.0.name"),
        ("sources: [{name: " + "a" * 64 + ", kind: canonical, path: inbox}]\n", "sources.0.name"),
        (READ + "fields: {source_record_id: ID, 'x\" , 1 as \"y': ID}}]\n", 'x" , 1 as "y'),
        (READ + "fields: {}, joins: {'a:b': {path: y.csv, 'on': ID, key: ID}}}]\n", "joins.a:b"),
        (READ.replace("activities", "'activities; drop table x'") + "fields: {}}]\n", "drop table x"),
        ('metrics: {subjects: ["kpi\'; --"]}\n', "metrics.subjects"),
        ("metrics: {subjects: []}\n", "metrics.subjects"),
        ('engine: {memory_limit: "1GB\'; --"}\n', "engine.memory_limit"),
        ('company: {timezone: "UTC\'; --"}\n', "company.timezone"),
        ("sources: [{name: crm, kind: hubspot_api, api: {token: pat-literal-secret}}]\n", "sources.0.api.token"),
    ],
)
def test_it_is_refused_with_its_place(refused, text, says):
    assert says in refused(text)


def test_a_secret_that_was_written_into_the_settings_is_not_told_again(refused):
    told = refused("sources: [{name: crm, kind: hubspot_api, api: {token: pat-literal-secret}}]\n")
    assert "pat-literal-secret" not in told
    told = refused("alerts: {channels: [{name: a, url: 'https://hooks.example/T-literal-secret'}]}\n")
    assert "T-literal-secret" not in told


def test_ordinary_aliases_are_read():
    assert parse_yaml("base: &b {x: 1}\nmore: {y: *b, z: [*b]}\n")["more"] == {"y": {"x": 1}, "z": [{"x": 1}]}
