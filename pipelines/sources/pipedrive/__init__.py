"""Pipedrive: what its API is asked for, and how its records become ours (`mappings/`)."""
