"""When a channel holds back what is not critical. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from models.alert_settings import QuietHours


def quiet_until(now: datetime, hours: QuietHours | None, timezone: str) -> datetime | None:
    """The end of the quiet hours that hold now, in UTC; None when it is not quiet.

    The times are the clock's in the company's zone and may run over midnight. One that occurs twice, or never, when
    clocks change is the later of its two readings, as elsewhere.
    """
    if hours is None or hours.start == hours.end:
        return None
    zone = ZoneInfo(timezone)
    begins, ends = time.fromisoformat(hours.start), time.fromisoformat(hours.end)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        last_day = day if begins < ends else day + timedelta(days=1)
        if _later_reading(day, begins, zone) <= now < (end := _later_reading(last_day, ends, zone)):
            return end
    return None


def _later_reading(day: date, clock: time, zone: ZoneInfo) -> datetime:
    local = datetime.combine(day, clock, zone)
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
