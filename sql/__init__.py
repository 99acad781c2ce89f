"""How tables are made: DuckDB and the catalogue of SQL models. Knows models only; never Dagster."""
