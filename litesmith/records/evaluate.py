"""Models and files on the test images and on devices."""

from typing import Annotated, Literal

from litesmith.analysis.balance import Balance, Majority
from litesmith.analysis.flips import FlipCounts
from litesmith.analysis.intervals import ClassEstimates
from litesmith.analysis.paired import Difference
from litesmith.analysis.rejection import Rejection
from litesmith.analysis.reliability import Calibration
from litesmith.params.section import about
from litesmith.records.device import DeviceMeasurement, LimitCheck
from litesmith.records.record import Count, Interval, Record, Share


class Variant(Record):
    """A model in one format and precision, on the test images."""

    label: str
    model: str
    format: Literal["keras", "tflite"]
    precision: str
    accuracy: Share
    accuracy_interval: Interval
    balance: Annotated[Balance, about("By class: balanced accuracy and the worst class.")]
    loss: Annotated[float | None, about("Mean cross-entropy in nats; None for integer files.")]
    loss_reason: Annotated[str | None, about("Why there is no loss; None where there is one.")]
    bytes: Count
    gzip_bytes: Count
    per_class: tuple[ClassEstimates, ...]
    confusion: Annotated[tuple[tuple[Count, ...], ...], about("Rows actual, columns predicted.")]

    @property
    def worst_name(self) -> str:
        """Name of the class that is recognized least often."""
        return self.per_class[self.balance.worst.label].name


class EvaluateResult(Record):
    """The result of the step ``evaluate``, without timings."""

    num_images: Count
    final: str
    variants: dict[str, Variant]
    gain: Annotated[Difference, about("Accuracy of the final file minus the baseline's, paired.")]
    majority: Annotated[Majority, about("The final file against always giving the same answer.")]
    calibration: Annotated[
        dict[str, Calibration], about("Of the final file, its parent and the baseline.")
    ]
    rejection: Annotated[
        dict[str, Rejection] | None,
        about("What is right where unsure answers are rejected; None in an earlier version."),
    ] = None
    flips: Annotated[
        dict[str, FlipCounts], about("Where a file answers otherwise than its Keras model.")
    ]
    device: dict[str, DeviceMeasurement]
    not_measured: Annotated[tuple[str, ...], about("Titles of the other measurements.")]
    limits: Annotated[tuple[LimitCheck, ...], about("Of the final file, without the limit on time.")]
