"""The nightly report: static pages from the published marts. Plain Python, no orchestrator."""
