"""Dagster assets: thin shells over `pipelines.night` and `sql`."""
