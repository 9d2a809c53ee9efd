"""Accuracy against size of all files of a run."""

from typing import Annotated

from litesmith.analysis.intervals import Estimate
from litesmith.analysis.pareto import Standing
from litesmith.params.section import about
from litesmith.records.record import Count, Record


class TradeoffFile(Record):
    """A file's size, its accuracy on validation, and where it stands."""

    bytes: Count
    gzip_bytes: Count
    accuracy: Annotated[Estimate, about("On validation, with Wilson's interval.")]
    standing: Annotated[
        Standing, about("On the Pareto front of raw bytes and accuracy, tied with it, or behind.")
    ]


class Tradeoff(Record):
    """Accuracy against size, on the images that files are chosen on."""

    num_images: Count
    files: Annotated[dict[str, TradeoffFile], about("By name, the smallest first.")]
