"""What a person does about rejected rows, by the rule they broke: one sentence a rule, the same in every command."""

from __future__ import annotations

_IN_SOURCE = "correct the rows in the source and export them again, or discard them"
_FILE = "export the file again, or correct it by hand and deliver it under any name"
_INSPECT = (
    "touchline inspect FILE proposes settings that read {field} as it is written: paste them, or mend the mapping of"
    " {source} (`format`, `unit`, `decimal`), and run again; canonical files have ISO dates and amounts such as 22700.00"
)
REMEDIES = {
    "required": "name the column that holds {field} in the mapping of {source}, or fill it in the source and export again",
    "control_char": "clean the field in the source and export it again",
    "too_long": "shorten the field in the source and export it again",
    "format": _INSPECT,
    "unit": _INSPECT,
    "number": _INSPECT,
    "impossible": _IN_SOURCE,
    "out_of_range": "check the `unit` or `format` of {field} in the settings of {source}, then replay; else "
    + _IN_SOURCE,
    "not_in_set": "map these words of {field} in the settings of {source} (kind: mapped, with `map:` or `otherwise:`), then replay",
    "not_in_map": "add these words to the `map:` of {field} in the settings of {source}, or an `otherwise:`, then replay",
    "before_its_start": _IN_SOURCE,
    "merged_into_itself": _IN_SOURCE,
    "merge_cycle": "say in the source which record survives and export it again, then replay",
    "broken_quote": _FILE,
    "encoding": "touchline inspect FILE finds its encoding: set `read: {{encoding: …}}` of {source} to it, then replay; or "
    + _FILE,
    "too_large": "shorten the field in the source, or leave its column out of the export",
    "too_deep": "export the records flatter",
    "bad_json": _FILE,
    "not_an_object": _FILE,
    "too_few_fields": _FILE,
    "too_many_fields": "quote cells that hold the delimiter, or set `read: {{delimiter: …}}` of {source}, then replay; or "
    + _FILE,
    "mangled_id": "export the file again and deliver it as it comes, without opening it in a spreadsheet",
    "number_precision": "format the column as text in the workbook, or export CSV",
    "discarded": "take it back with: touchline quarantine replay --discarded",
}


def remedy_of(rule: str, source: str, field: str | None) -> str:
    """What to do about rows of this source that broke this rule."""
    known = REMEDIES.get(rule, "correct the mapping of {source} and replay, or " + _IN_SOURCE)
    return known.format(source=source, field=field or "the record")
