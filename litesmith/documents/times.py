"""Points in time in words."""

from datetime import UTC, datetime, timedelta


def moment(when: datetime) -> str:
    """Write a point in time in UTC, with the local time beside it.

    The local time is that of the offset which the record holds; where that is UTC's, it stands alone.

    >>> from datetime import timezone
    >>> moment(datetime(2026, 11, 30, 23, 5, tzinfo=UTC))
    '30 Nov 2026, 23:05 UTC'
    >>> moment(datetime(2026, 12, 1, 0, 5, tzinfo=timezone(timedelta(hours=1))))
    '30 Nov 2026, 23:05 UTC (1 Dec, 00:05 local, UTC+1)'
    """
    universal, offset = when.astimezone(UTC), when.utcoffset() or timedelta()
    text = f"{universal:%-d %b %Y, %H:%M} UTC"
    if not offset:
        return text
    day = "" if universal.date() == when.date() else f"{when:%-d %b}, "
    return f"{text} ({day}{when:%H:%M} local, {_zone(offset)})"


def date(when: datetime) -> str:
    """Write the day of a point in time, in UTC: 30 Nov 2026."""
    return f"{when.astimezone(UTC):%-d %b %Y}"


def _zone(offset: timedelta) -> str:
    """Write an offset: UTC+1, UTC-3:30."""
    minutes = round(offset.total_seconds() / 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes > 0 else '-'}{hours}{f':{rest:02d}' if rest else ''}"
