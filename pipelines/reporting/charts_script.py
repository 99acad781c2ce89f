"""Vega, Vega-Lite and Vega-Embed as one script beside the pages.

Making it takes seconds of one core and holds this process still, so a night has it made by a process of its own while it
loads. The report of the next night takes it over.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.night.fingerprint import version_of

ASSETS = "assets"
_ASKED = "window.vegaEmbed = vegaEmbed;"
_MAKE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle(sys.argv[1]).encode())"
_made: list[str] = []
"""Here or aside, for the next report of this process."""


def script_place() -> str:
    """Below the report's folder; another version of the script has another name."""
    return f"{ASSETS}/vega-{version_of('vl-convert-python')}.js"


@contextmanager
def script_aside(previous: Path | None) -> Iterator[Callable[[], str]]:
    """What returns the script, which is being made meanwhile unless the `previous` report or this process has it.

    It raises RuntimeError when the script could not be made.
    """
    if _made or (previous is not None and (previous / script_place()).exists()):
        yield charts_script
        return
    command = [sys.executable, "-P", "-c", _MAKE, _ASKED]  # nothing of ours: what it imports costs as much again
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def made() -> str:
        if not _made:
            script, complaint = process.communicate()
            if process.returncode != 0:
                raise RuntimeError(
                    f"the charts' script could not be made: {complaint.decode('utf-8', 'replace')[-300:]}"
                )
            _made.append(script.decode("utf-8"))
        return _made[0]

    try:
        yield made
    finally:
        process.kill()
        process.communicate()


def charts_script() -> str:
    """The script, made once a process."""
    if not _made:
        import vl_convert

        _made.append(vl_convert.javascript_bundle(_ASKED))
    return _made[0]
