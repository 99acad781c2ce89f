"""`touchline inspect`: guesses what a file is and proposes a source. The only place that guesses; writes nothing."""

from pipelines.sources.inspecting.columns import ColumnGuess
from pipelines.sources.inspecting.inspection import Inspection, inspect_file
from pipelines.sources.inspecting.trial import Rejection

__all__ = ["ColumnGuess", "Inspection", "Rejection", "inspect_file"]
