"""When and where: the night, its sources, Dagster and the command line."""
