"""Most tests of nights are about how a night goes, not about every mart: theirs build one subject, are not judged, and
raise no alerts."""

CHEAP = {
    "TOUCHLINE__QUALITY__EXPECTATIONS": "false",
    "TOUCHLINE__METRICS__SUBJECTS": "[activity]",
    "TOUCHLINE__ALERTS__ENABLED": "false",
}
ALL_MARTS = CHEAP | {"TOUCHLINE__METRICS__SUBJECTS": "[activity, performance, funnel, kpi, people]"}
