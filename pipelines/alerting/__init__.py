"""Alerts: episodes of what is beyond its limit, and telling people of them. Plain Python, no orchestrator."""
