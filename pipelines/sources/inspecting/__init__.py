"""What an unknown file is, and a mapping to paste: the only place where anything is guessed.

A night reads what the settings say; here their text is proposed, tried on the file itself by the night's own SQL, and
shown. Nothing is written outside a temporary folder.
"""

from pipelines.sources.inspecting.inspect import inspect_file
from pipelines.sources.inspecting.inspection import Inspection

__all__ = ["Inspection", "inspect_file"]
