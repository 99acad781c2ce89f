"""Most tests of nights are about how a night goes, not about every mart: theirs build one subject and are not judged."""

CHEAP = {"TOUCHLINE__QUALITY__EXPECTATIONS": "false", "TOUCHLINE__METRICS__SUBJECTS": "[activity]"}
ALL_MARTS = CHEAP | {"TOUCHLINE__METRICS__SUBJECTS": "[activity, performance, funnel, kpi, people]"}
