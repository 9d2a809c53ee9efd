"""The run that others are compared with."""

from typing import Literal

from litesmith.records.latency import LatencyResult
from litesmith.records.provenance import Provenance
from litesmith.records.record import Count, Interval, Record, Share


class RightAnswers(Record):
    """Which test images the final file got right.

    Attributes:
        num_images: Test images.
        bits: One bit for each image in order, the first the highest of its byte, in Base64.
    """

    num_images: Count
    bits: str


class HeadlineSide(Record):
    """What the headline says of one model."""

    variant: str
    accuracy: Share
    accuracy_interval: Interval
    keras_bytes: Count
    tflite_bytes: Count
    gzip_bytes: Count
    median_latency_ms: float


class Reference(Record):
    """What a later report compares itself with; a part of the summary of the run that was made the reference."""

    kind: Literal["litesmith reference"]
    schema_version: Literal[2]
    final: str
    optimized: HeadlineSide
    right: RightAnswers
    latency: LatencyResult
    provenance: dict[str, Provenance]
    data: dict[str, str]
    inputs: dict[str, str]
