"""Any file becomes rows of text, every physical record counted.

`read_rows` gives a DuckDB relation of VARCHAR columns and an account of what is not in it: records that cannot be
split (`StructuralReject`) and lines that are no records (`ignored`). A file that cannot be read at all raises
UnreadableFileError. Typing, mapping and quality rules come later; nothing here knows a contract.
"""

from pipelines.sources.reading.formats import FORMATS, detect_format
from pipelines.sources.reading.reader import read_rows
from pipelines.sources.reading.rows import StructuralReject, TextRows, reconcile

__all__ = ["FORMATS", "StructuralReject", "TextRows", "detect_format", "read_rows", "reconcile"]
