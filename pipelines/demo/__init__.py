"""A believable company's CRM exports, the same bytes for the same arguments (contract.md, sections 1 and 5)."""

from pipelines.demo.company import DEMO_AS_OF, demo_settings
from pipelines.demo.files import DemoSummary, FileSummary
from pipelines.demo.write import write_demo

__all__ = ["DEMO_AS_OF", "DemoSummary", "FileSummary", "demo_settings", "write_demo"]
