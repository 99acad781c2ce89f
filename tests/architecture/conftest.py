"""A small catalogue on disk that keeps every rule; a test breaks one of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from sql.catalog import Catalogue, load_catalogue


@dataclass
class Toy:
    """sql/ and tests/tables/ of a catalogue with one dimension, one mart and one reference table."""

    sql: Path
    cases: Path

    def write(self, place: str, query: str, **contract: Any) -> Path:
        path = self.sql / f"{place}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(query)
        path.with_suffix(".yaml").write_text(yaml.safe_dump(contract, sort_keys=False))
        return path

    def change(self, place: str, **changes: Any) -> None:
        path = self.sql / f"{place}.yaml"
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}, sort_keys=False))

    def case(self, table: str, **content: Any) -> Path:
        path = self.cases.joinpath(*table.split("."), "example.yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump({"why": "an example", **content}))
        return path

    def load(self, *, with_cases: bool = False) -> Catalogue:
        return load_catalogue(self.sql, self.cases if with_cases else None)


def column(name: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "description": f"The {name}.", **more}


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    toy = Toy(tmp_path / "sql", tmp_path / "tables")
    toy.write(
        "core/dim_date",
        "select cast(d as date) as day from core.parameter as p,"
        " unnest(generate_series(p.as_of_date - 30, p.as_of_date, interval 1 day)) as days (d)",
        table="core.dim_date",
        description="A day.",
        grain=["day"],
        columns=[column("day", "DATE", required=True)],
    )
    toy.write(
        "marts/activity/daily",
        "with counted as (select * from core.latest_activities where is_deleted is not true)\n"
        "select c.activity_date, c.rep_id, count(*) as touches,\n"
        "  count(*) filter (where m.is_spoken) / count(*) as spoken_rate\n"
        "from counted as c left join core.ref_medium as m on m.channel = c.channel\n"
        "where c.activity_date in (select d.activity_date from staging.dirty_day as d)\n"
        "group by c.activity_date, c.rep_id;",
        table="marts.daily",
        description="A rep's day.",
        grain=["activity_date", "rep_id"],
        write="window",
        window={"of": "staging.dirty_day", "by": ["activity_date"]},
        columns=[
            column("activity_date", "DATE", required=True),
            column("rep_id", "VARCHAR"),
            column("touches", "BIGINT", unit="touches"),
            column("spoken_rate", "DOUBLE"),
        ],
        checks=[{"name": "rate_is_share", "kind": "share", "columns": ["spoken_rate"], "reason": "A share."}],
        metrics=[{"name": "touches", "formula": "Counted activities.", "unit": "touches"}],
    )
    reference = toy.sql / "reference" / "medium.csv"
    reference.parent.mkdir()
    reference.write_text("channel,is_spoken\ncall,true\nemail,false\n")
    contract = {
        "table": "core.ref_medium",
        "description": "A channel.",
        "grain": ["channel"],
        "columns": [column("channel", "VARCHAR"), column("is_spoken", "BOOLEAN")],
    }
    reference.with_suffix(".yaml").write_text(yaml.safe_dump(contract))
    toy.case("core.dim_date", expect=[])
    toy.case("marts.daily", expect=[])
    return toy
