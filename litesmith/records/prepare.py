"""What the splits hold."""

from litesmith.records.record import Count, Record


class SplitSummary(Record):
    """One split."""

    num_images: Count
    per_class: tuple[Count, ...]
    sha256: str


class PrepareResult(Record):
    """The result of the step ``prepare``: the splits by name."""

    splits: dict[str, SplitSummary]
