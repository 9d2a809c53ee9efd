"""What conversion made, and which file was chosen."""

from litesmith.records.record import Count, Record, Share


class TensorForm(Record):
    """An input or output of a file: real value = scale * (value - zero_point), where it is quantized."""

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
    """A ``.tflite`` file.

    Attributes:
        golden_max_error: Largest difference of a probability from Keras, on the golden images.
        agreement_with_keras: Share of validation images given the same class.
    """

    model: str
    precision: str
    bytes: Count
    gzip_bytes: Count
    input: TensorForm
    output: TensorForm
    golden_max_error: float
    agreement_with_keras: Share
    validation_accuracy: Share
    sparsity: Sparsity
    checks: tuple[FileCheck, ...]


class Candidate(Record):
    """A file that might go to the device.

    Attributes:
        accuracy: On validation, over all places that the images were moved to.
        behind_best: How far its accuracy is behind the best candidate's.
        standard_error: Of that paired difference.
        within_noise: Whether the difference may be chance.
    """

    accuracy: Share
    bytes: Count
    gzip_bytes: Count
    behind_best: float
    standard_error: float
    within_noise: bool
    within_limits: bool


class FinalChoice(Record):
    """The file that goes to the device, why, and the candidates by name.

    Attributes:
        moved_px: Pixels that the validation images were moved each way.
    """

    name: str
    bytes: Count
    gzip_bytes: Count
    reason: str
    candidates: dict[str, Candidate]
    moved_px: Count


class Calibration(Record):
    """The training images that int8 learned its ranges from."""

    num_images: Count
    per_class: tuple[Count, ...]
    ids_sha256: str


class ConvertResult(Record):
    """The result of the step ``convert``.

    Attributes:
        files: By name, such as ``tuned-int8``.
        refused: Why a file of a fine-tuned model is not there, by name.
        calibration: What the integer files were calibrated with.
    """

    files: dict[str, ConvertedFile]
    refused: dict[str, str]
    final: FinalChoice
    calibration: Calibration
    runtime: str
