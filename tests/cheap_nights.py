"""Most tests of nights are about how a night goes, not about every mart: theirs build one subject, are not judged, raise
no alerts, write no report, do not wait for files that a test has just written, and keep to one thread: there is a test
process a core."""

CHEAP = {
    "TOUCHLINE__QUALITY__EXPECTATIONS": "false",
    "TOUCHLINE__METRICS__SUBJECTS": "[activity]",
    "TOUCHLINE__ALERTS__ENABLED": "false",
    "TOUCHLINE__REPORT__ENABLED": "false",
    "TOUCHLINE__ENGINE__SETTLE_SECONDS": "0",
    "TOUCHLINE__ENGINE__THREADS": "1",
}
ALL_MARTS = CHEAP | {"TOUCHLINE__METRICS__SUBJECTS": "[activity, performance, funnel, kpi, people]"}
MALLOC = ":".join(
    f"glibc.malloc.{name}={size}"
    for name, size in {
        "tcache_count": 127,
        "mxfast": 0,
        "mmap_threshold": 4 << 20,
        "trim_threshold": 512 << 20,
        "top_pad": 16 << 20,
    }.items()
)
"""A small night asks for memory millions of times, in small pieces: kept at hand instead of given back, they cost a tenth of
it less. Other C libraries do not read this."""
