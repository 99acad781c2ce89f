"""`touchline export --to s3://…`: readers find whole exports behind one object that is written last."""

import io
import json
import re
from pathlib import Path

import polars as pl
import pytest

from pipelines.cli import main
from pipelines.commands.export_folder import MANIFEST
from tests.storage.conftest import next_generation

PAGE = (Path(__file__).parents[2] / "docs" / "storage.md").read_text(encoding="utf-8")


def export(office, *words):
    with pytest.raises(SystemExit) as exit:
        main(["export", *words, "--home", str(office.workspace.home)])
    return exit.value.code


def test_an_export_is_a_version_behind_its_manifest(slim_office, bucket, capsys):
    slim_office.configure(bucket.settings())
    place = bucket.place("files")
    for number in (1, 2, 3, 3):
        assert export(slim_office, "ops.publication", "--to", f"s3://{bucket.name}/files", "--json") == 0
        told, manifest = json.loads(capsys.readouterr().out), json.loads(place.see(MANIFEST).content)
        assert (told["prefix"], manifest["generation"], manifest["format"]) == (manifest["prefix"], number, "parquet")
        (file,) = manifest["files"]
        assert file["key"] == f"{manifest['prefix']}{manifest['tables'][0]['files'][0]}"
        rows = pl.read_parquet(io.BytesIO(b"".join(place.blocks(file["key"]))))
        assert rows["generation"].to_list() == [number]
        if number < 3:
            next_generation(slim_office)
    kept = {one.key.split("/")[1][:6] for one in place.list("versions")}
    assert kept == {"000002", "000003"}


def test_the_program_of_the_page_reads_an_export(slim_office, bucket, monkeypatch):
    slim_office.configure(bucket.settings())
    assert export(slim_office, "ops.publication", "--to", f"s3://{bucket.name}/files") == 0
    monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    (program,) = (found for found in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "polars" in found)
    names = {}
    exec(program.replace("s3://bucket/", f"s3://{bucket.name}/").replace("marts/sales_kpi", "ops/publication"), names)
    assert names["kpis"]["generation"].to_list() == [1]


def test_an_export_that_cannot_be_put_says_why(slim_office, bucket, capsys):
    slim_office.configure(bucket.settings())
    assert export(slim_office, "ops.publication", "--to", "s3://nobody-has-this/x") == 1
    assert "there is no such bucket" in capsys.readouterr().err
    assert export(slim_office, "ops.publication", "--to", f"s3://{bucket.name}/files") == 0
    assert "1 tables, " in capsys.readouterr().out
