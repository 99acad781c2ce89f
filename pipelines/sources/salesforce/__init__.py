"""Salesforce: its API (Bulk 2.0 and REST) and what its objects mean (`mappings`)."""
