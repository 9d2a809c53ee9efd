"""What conversion made, and which file was chosen."""

from typing import Annotated

from litesmith.analysis.balance import Balance
from litesmith.params.section import about
from litesmith.records.record import Count, Record, Share


class TensorForm(Record):
    """An input or output: real value = scale * (value - zero_point)."""

    dtype: str
    shape: tuple[Count, ...]
    scale: float | None
    zero_point: int | None


class WeightTensor(Record):
    """A weight tensor of a file: shape, dtype, size, and share of zeros."""

    name: str
    shape: tuple[Count, ...]
    dtype: str
    num_weights: Count
    sparsity: Share


class Sparsity(Record):
    """Share of zeros in a file's weights: over all, and by tensor."""

    overall: Share
    layers: tuple[WeightTensor, ...]


class FileCheck(Record):
    """One check of a file and what it saw."""

    name: str
    passed: bool
    detail: str


class ConvertedFile(Record):
    """A ``.tflite`` file."""

    model: str
    precision: str
    bytes: Count
    gzip_bytes: Count
    input: TensorForm
    output: TensorForm
    golden_max_error: Annotated[float, about("Largest difference of a golden probability from Keras.")]
    agreement_with_keras: Annotated[Share, about("Share of validation images given the same class.")]
    validation_accuracy: Share
    balance: Annotated[Balance | None, about("On validation; None in a result of an earlier version.")]
    sparsity: Sparsity
    checks: tuple[FileCheck, ...]


class Candidate(Record):
    """A file that might go to the device."""

    accuracy: Annotated[Share, about("On validation, over all places that the images were moved to.")]
    balance: Annotated[Balance | None, about("Of the same; None in a result of an earlier version.")]
    bytes: Count
    gzip_bytes: Count
    behind_best: Annotated[float, about("How far its accuracy is behind the best candidate's.")]
    standard_error: Annotated[float, about("Of that paired difference.")]
    smallest_visible: Annotated[
        float | None,
        about("Difference from the best that the images show; None of the best, and if not recorded."),
    ]
    near_best: Annotated[bool, about("Behind by no more than noise, and by less than what matters.")]
    within_limits: bool


class FinalChoice(Record):
    """The file that goes to the device, why, and the candidates by name."""

    name: str
    bytes: Count
    gzip_bytes: Count
    reason: str
    candidates: dict[str, Candidate]
    moved_px: Annotated[Count, about("Pixels that the validation images were moved each way.")]


class Calibration(Record):
    """The training images that int8 learned its ranges from."""

    num_images: Count
    per_class: tuple[Count, ...]
    ids_sha256: str


class ConvertResult(Record):
    """The result of the step ``convert``."""

    files: Annotated[dict[str, ConvertedFile], about("By name, such as ``tuned-int8``.")]
    refused: Annotated[dict[str, str], about("Why a file of a fine-tuned model is not there, by name.")]
    final: FinalChoice
    calibration: Annotated[Calibration, about("What the integer files were calibrated with.")]
    runtime: str
