"""Time spans in words."""


def duration(seconds: float) -> str:
    """Return a time span in words.

    >>> duration(42.3), duration(754), duration(4000)
    ('42 s', '12 min 34 s', '1 h 6 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
