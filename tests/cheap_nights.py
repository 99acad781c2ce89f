"""Most tests of nights are about how a night goes, not about every mart: theirs build one subject, are not judged, raise
no alerts, write no report, and do not wait for files that a test has just written."""

CHEAP = {
    "TOUCHLINE__QUALITY__EXPECTATIONS": "false",
    "TOUCHLINE__METRICS__SUBJECTS": "[activity]",
    "TOUCHLINE__ALERTS__ENABLED": "false",
    "TOUCHLINE__REPORT__ENABLED": "false",
    "TOUCHLINE__ENGINE__SETTLE_SECONDS": "0",
}
ALL_MARTS = CHEAP | {"TOUCHLINE__METRICS__SUBJECTS": "[activity, performance, funnel, kpi, people]"}
