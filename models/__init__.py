"""What the data is: contracts as pydantic models. Imports nothing of ours and never DuckDB or Dagster."""
