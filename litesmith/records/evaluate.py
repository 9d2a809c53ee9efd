"""What the models and files do on the test images, and what they ask of a device."""

from typing import Literal

from litesmith.analysis.flips import FlipCounts
from litesmith.analysis.intervals import ClassEstimates
from litesmith.analysis.paired import Difference
from litesmith.analysis.reliability import Calibration
from litesmith.records.device import DeviceMeasurement, LimitCheck
from litesmith.records.record import Count, Interval, Record, Share


class Variant(Record):
    """A model in one format and precision, on the test images.

    Attributes:
        loss: Mean cross-entropy in nats; None for integer files.
        loss_reason: Why there is no loss; None where there is one.
        confusion: Counts, rows actual and columns predicted.
    """

    label: str
    model: str
    format: Literal["keras", "tflite"]
    precision: str
    accuracy: Share
    accuracy_interval: Interval
    loss: float | None
    loss_reason: str | None
    bytes: Count
    gzip_bytes: Count
    per_class: tuple[ClassEstimates, ...]
    confusion: tuple[tuple[Count, ...], ...]


class EvaluateResult(Record):
    """The result of the step ``evaluate``, without timings.

    Attributes:
        gain: Accuracy of the final file minus the baseline's, paired.
        calibration: Confidence against accuracy of the final file, its parent and the baseline, by name.
        flips: Images that a file answers otherwise than the Keras model that it was made of, by file.
        not_measured: Titles of the measurements that were not asked for.
        limits: What the final file takes of each limit that does not depend on a clock.
    """

    num_images: Count
    final: str
    variants: dict[str, Variant]
    gain: Difference
    calibration: dict[str, Calibration]
    flips: dict[str, FlipCounts]
    device: dict[str, DeviceMeasurement]
    not_measured: tuple[str, ...]
    limits: tuple[LimitCheck, ...]
