"""One night in plain Python: landing, ledger, ingestion, generation, publication. No Dagster."""
