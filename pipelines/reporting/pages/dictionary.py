"""What every table and column means: the page to which every figure of the report leads."""

from __future__ import annotations

from pipelines.reporting.parts import Page


def dictionary_page() -> Page:
    """The page; its template writes it from dictionary.py, since it is of what is shipped and not of any data."""
    return Page(
        "dictionary.html",
        "Dictionary",
        (),
        intro="What every published table and column means, how it is computed and what it is made from.",
        template="dictionary.html.j2",
    )
