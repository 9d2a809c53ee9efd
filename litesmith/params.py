"""The parameters of every step: type, bounds and meaning. Their values live in ``params.yaml`` alone."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, cast, get_args

import annotated_types
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from litesmith.errors import ParamsError, did_you_mean
from litesmith.files import read_yaml

Kind = TypeVar("Kind")
Part = TypeVar("Part", bound="Section")
Names = TypeVar("Names", list[str], tuple[str, ...])


@dataclass(frozen=True)
class Indifferent:
    """Marks a parameter that changes no result, so that a killed run may go on with another value."""


class Section(BaseModel):
    """One section of ``params.yaml``: frozen, without defaults, refusing keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def into(self, kind: type[Kind]) -> Kind:
        """Return the library's dataclass whose fields the section has."""
        return TypeAdapter(kind).validate_python(self.model_dump())

    def part(self, kind: type[Part]) -> Part:
        """Return the fields that ``kind``, this section's type or one that it extends, has."""
        return kind.model_validate(self.model_dump(include=set(kind.model_fields), by_alias=True))

    def deciding(self) -> dict[str, Any]:
        """Return the values that decide results, as JSON can hold them."""
        indifferent = {name for name, field in type(self).model_fields.items() if Indifferent() in field.metadata}
        return self.model_dump(mode="json", by_alias=True, exclude=indifferent)


Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Blocks = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1, description="Every random choice of every step follows from it.")]
Threads = Annotated[int, Field(ge=1, le=64, description="Threads of TensorFlow; another number gives other results.")]
ComputeDtype = Annotated[
    Literal["float32", "bfloat16"],
    Field(description="What flows between layers in training. bfloat16 pays with AMX or AVX-512 BF16."),
]


def _ascending(values: list[float]) -> list[float]:
    if values != sorted(values):
        raise ValueError(f"must be the lowest value, then the highest: write {sorted(values)}")
    return values


FractionRange = Annotated[list[Fraction], Field(min_length=2, max_length=2), AfterValidator(_ascending)]


class RawFile(Section):
    """One of the four IDX files of a data set, as published."""

    name: str
    md5: Annotated[str | None, Field(pattern=r"^[0-9a-f]{32}$", description="The published MD5, 32 hex digits.")]
    size_bytes: Annotated[int | None, Field(ge=1)]


class RawFiles(Section):
    """The four IDX files of a data set."""

    train_images: RawFile
    train_labels: RawFile
    test_images: RawFile
    test_labels: RawFile


def distinct_names(names: Names) -> Names:
    """Return class names, or raise `ValueError` if one is blank, breaks out of its line or stands twice."""
    for name in names:
        if not name.strip() or not name.isprintable():
            raise ValueError(f"must hold names that can be shown, and one is {name!r}")
        if names.count(name) > 1:
            raise ValueError(f"must name each class once, and {name!r} stands there {names.count(name)} times")
    return names


class DatasetParams(Section):
    """What the data set is called and holds."""

    name: str
    drawn: Annotated[bool, Field(description="True marks every page as made from drawn images.")]
    class_names: Annotated[list[str], Field(min_length=2, max_length=256), AfterValidator(distinct_names)]
    num_train: Annotated[Count, Field(description="Images in the official training files.")]
    num_test: Annotated[Count, Field(description="Images in the official test files.")]
    height: Count
    width: Count

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)


class FetchParams(Section):
    """Where the raw files come from: the sources in the order they are tried, or those that a variable names alone."""

    sources: Annotated[
        list[str],
        Field(
            min_length=1,
            description="Each is 'env:NAME' (what it names is tried alone), a folder, an http(s) address, or 'drawn'.",
        ),
    ]
    files: RawFiles
    attempts: Annotated[int, Field(ge=1, le=20, description="Tries for each file at each address.")]
    backoff_s: Annotated[
        float, Field(ge=0, le=60, description="Seconds before the second try; doubled for each one after.")
    ]
    timeout_s: Annotated[float, Field(gt=0, le=3600, description="Seconds of silence after which a try has failed.")]
    drawn_seed: Annotated[
        int, Field(ge=0, le=2**31 - 2, description="Decides the drawn images, which so stay when `seed` changes.")
    ]


class ValidateParams(Section):
    """What raw data must look like to be trained on."""

    min_class_share: Annotated[Fraction, Field(description="Smallest share of a class within its files.")]
    max_class_share: Annotated[float, Field(gt=0, le=1, description="Largest share of a class within its files.")]
    max_duplicates: Annotated[
        int, Field(ge=0, description="Images that may be exact copies of another in their files.")
    ]
    max_overlap: Annotated[int, Field(ge=0, description="Test images that may also be train images.")]
    min_ink_share: Annotated[Fraction, Field(description="Below this share of non-zero pixels an image is near-empty.")]
    max_near_empty: Annotated[int, Field(ge=0, description="Near-empty images that may be there.")]
    mean_range: Annotated[FractionRange, Field(description="Mean of all pixels, lowest and highest.")]
    std_range: Annotated[FractionRange, Field(description="Standard deviation of all pixels, lowest and highest.")]
    max_mean_shift: Annotated[Fraction, Field(description="Difference of train and test mean that warns above it.")]
    max_thumbnails: Annotated[
        int, Field(ge=0, le=100, description="Pictures of images that are odd, though not refused.")
    ]


class PrepareParams(Section):
    """How the official training images are split."""

    num_validation: Annotated[Count, Field(description="Images that choose hyperparameters.")]
    num_gate: Annotated[Count, Field(description="Images that are held back; no step reads them.")]


class HardLimits(Section):
    """The part of ``device`` that the sweep and the choice of the final file keep to: nothing timed or optional."""

    max_tflite_bytes: Annotated[Count, Field(description="Of the full int8 file.")]
    max_macs: Annotated[Count, Field(description="Multiply-accumulates for one image.")]
    max_activation_bytes: Annotated[Count, Field(description="Of int8 activations alive at once.")]


class DeviceParams(HardLimits):
    """What the device can take: the hard limits, and what the final file alone is judged by."""

    max_arena_bytes: Annotated[Count, Field(description="Memory under TensorFlow Lite Micro besides the file.")]
    max_latency_ms: Annotated[float, Field(gt=0, description="Of one image on one thread, the median.")]


class BaselineParams(Section):
    """The yardstick: the network everybody starts with, trained as everybody trains it."""

    conv_widths: Annotated[list[Count], Field(min_length=2, max_length=2, description="Channels.")]
    dense_width: Annotated[Count, Field(description="Units of the layer before the head.")]
    epochs: Count
    batch_size: Count
    learning_rate: Annotated[float, Field(gt=0, description="Of Adam.")]
    num_threads: Threads


class AugmentationParams(Section):
    """How far a training image may be changed."""

    max_shift_px: Annotated[int, Field(ge=0, le=14, description="Rows and columns it may move, either way.")]
    flip: Annotated[bool, Field(description="Whether half of the images are mirrored.")]
    erase_share: Annotated[Share, Field(description="Share of the images that get a rectangle erased.")]
    max_erase_px: Annotated[int, Field(ge=2, description="Longest side of that rectangle.")]


class ScheduleParams(Section):
    """What all trainings of a sweep share."""

    warmup_share: Annotated[float, Field(gt=0, lt=1, description="Share of the steps with a rising learning rate.")]
    momentum: Annotated[Fraction, Field(description="Of Nesterov's gradient descent.")]
    label_smoothing: Annotated[Fraction, Field(description="Share of the target spread over all classes.")]
    skip_share: Annotated[
        Fraction, Field(description="Share of the images with a loss below the average that an epoch leaves out.")
    ]
    skip_until: Annotated[Share, Field(description="Share of the epochs after which no image is left out.")]
    averaging_share: Annotated[
        Fraction, Field(description="Share of the steps that the average of the weights reaches back; 0 is off.")
    ]
    refresh_rows: Annotated[
        int, Field(ge=0, description="Images that measure batch-norm statistics at the end; 0 keeps the running ones.")
    ]


class RecipeParams(ScheduleParams):
    """How a network is trained."""

    epochs: Count
    batch_size: Count
    learning_rate: Annotated[float, Field(gt=0, description="The highest of the one-cycle schedule.")]
    weight_decay: Annotated[float, Field(ge=0, description="Of kernels, apart from the gradient.")]
    augmentation: AugmentationParams


class NetworkParams(Section):
    """A network of Conv-BN-ReLU units: a stem, then stages, each at half the resolution of the one before."""

    stem_width: Annotated[Count, Field(description="Channels of the first convolution.")]
    stage_widths: Annotated[list[Count], Field(min_length=1, max_length=4, description="Channels of each stage.")]
    stage_blocks: Annotated[list[Blocks], Field(min_length=1, max_length=4, description="Units after a stage's first.")]
    stem_kernel_size: Annotated[Count, Field(description="Side of the first convolution.")]
    stem_stride: Annotated[int, Field(ge=1, le=2, description="Pixels that the first convolution steps.")]
    residual: Annotated[bool, Field(description="Whether units add to what they were given.")]
    separable: Annotated[bool, Field(description="Whether units are a depthwise and a 1x1 convolution.")]
    repeats: Annotated[Count, Field(description="Times that a unit after a stage's first runs, with the same kernels.")]
    dropout_rate: Annotated[Fraction, Field(description="Of the pooled features.")]

    @model_validator(mode="after")
    def _stages_agree(self) -> "NetworkParams":
        if len(self.stage_blocks) != len(self.stage_widths):
            found = f"{len(self.stage_widths)} stage_widths and {len(self.stage_blocks)} stage_blocks"
            raise ValueError(f"has {found}: give each stage both")
        return self


class TeachParams(Section):
    """The teachers: networks too large for the device, whose answers the small ones learn from."""

    num_teachers: Annotated[int, Field(ge=0, le=10, description="0: learn from the labels alone.")]
    num_views: Annotated[Count, Field(description="Ways in which all training images are changed and asked about.")]
    network: NetworkParams
    recipe: RecipeParams
    compute_dtype: ComputeDtype
    num_threads: Threads


class LessonParams(Section):
    """How much a student heeds its teachers, if there are any."""

    weight: Annotated[Share, Field(description="Share of the loss that is the distance to their answers.")]
    temperature: Annotated[float, Field(gt=0, description="Softens both answers before they are compared.")]


Positive = Annotated[float, Field(gt=0)]
PositiveRange = Annotated[list[Positive], Field(min_length=2, max_length=2), AfterValidator(_ascending)]
Choices = Annotated[list[Count], Field(min_length=1)]


class SpaceParams(Section):
    """What the sweep chooses from."""

    widths: Annotated[Choices, Field(description="Channels of the first stage.")]
    depths: Annotated[Choices, Field(description="Residual units in all.")]
    repeats: Annotated[Choices, Field(description="Times that a residual unit runs in a row.")]
    stem_kernel_sizes: Annotated[Choices, Field(description="Sides of the first convolution.")]
    dropout_rates: Annotated[FractionRange, Field(description="Lowest and highest.")]
    batch_sizes: Choices
    learning_rates: Annotated[PositiveRange, Field(description="Lowest and highest, on a logarithmic scale.")]
    weight_decays: Annotated[PositiveRange, Field(description="Lowest and highest, on a logarithmic scale.")]
    augmentations: Annotated[
        dict[str, AugmentationParams],
        Field(min_length=1, description="By name; with teachers, images are changed as they saw them instead."),
    ]


class RungParams(Section):
    """How long the trials that reach a rung are trained."""

    epochs: Count
    num_rows: Annotated[Count, Field(description="Training images; all of them if there are fewer.")]


class SweepParams(Section):
    """How the network is searched for, and how the winner is trained."""

    num_trials: Annotated[Count, Field(description="Trials within the limits.")]
    batch_trials: Annotated[Count, Field(description="Trials asked for together and halved among themselves.")]
    startup_trials: Annotated[Count, Field(description="Proposals before the sampler learns, all drawn at random.")]
    max_asks: Annotated[Count, Field(description="Proposals for each trial before the limits count as unreachable.")]
    reduction: Annotated[int, Field(ge=2, description="One in so many trials goes on to the next rung.")]
    rungs: Annotated[list[RungParams], Field(min_length=1, description="From the shortest to the longest.")]
    tie_standard_errors: Annotated[
        float, Field(ge=0, description="Standard errors below the best that count as equal; the most work then wins.")
    ]
    num_stages: Annotated[int, Field(ge=1, le=4, description="Each at half the resolution of the one before.")]
    stem_stride: Annotated[int, Field(ge=1, le=2, description="Pixels that the first convolution steps.")]
    residual: Annotated[bool, Field(description="Whether units add to what they were given.")]
    separable: Annotated[bool, Field(description="Whether units are a depthwise and a 1x1 convolution.")]
    space: SpaceParams
    schedule: ScheduleParams
    lesson: LessonParams
    num_workers: Annotated[Count, Field(description="Trials at a time."), Indifferent()]
    trial_threads: Threads
    full_epochs: Annotated[Count, Field(description="Epochs of the winner's training on all rows.")]
    num_threads: Annotated[Threads, Field(description="Threads of the winner's training; decides results.")]


class PruningParams(Section):
    """How weights are set to zero."""

    final_sparsity: Annotated[Fraction, Field(description="Share of a pruned layer's weights that end as zero.")]
    begin_share: Annotated[Fraction, Field(description="Share of the steps before the first weight goes.")]
    end_share: Annotated[Share, Field(description="Share of the steps after which the zeros stay.")]
    frequency: Annotated[Count, Field(description="Steps from one choice of the zeros to the next.")]
    min_weights: Annotated[Count, Field(description="Layers with fewer weights stay dense.")]


def _seeing_all(recipe: RecipeParams) -> RecipeParams:
    if recipe.skip_share:
        raise ValueError("must have a skip_share of 0: the schedule of the zeros counts steps that it knows beforehand")
    return recipe


class PruneParams(Section):
    """How the winner is pruned and fine-tuned."""

    dropout_rate: Annotated[Fraction, Field(description="Of the fine-tunings with dropout.")]
    pruning: PruningParams
    lesson: LessonParams
    recipe: Annotated[RecipeParams, AfterValidator(_seeing_all)]
    num_threads: Threads


class ClusteringParams(Section):
    """How weights come to share values."""

    num_clusters: Annotated[int, Field(ge=2, le=256, description="Distinct values of a clustered kernel.")]
    min_weights: Annotated[Count, Field(description="Layers with fewer weights keep all their values.")]


class QuantizeParams(Section):
    """How models are fine-tuned for what conversion does to them; each way is a model more, with an int8 file."""

    variants: Annotated[
        list[Literal["qat", "pqat", "clustered", "mirrored"]],
        Field(
            description="qat: the winner learns to round; pqat: the pruned model, keeping zeros; clustered: see below; "
            "mirrored: the winner, its answer averaged with that to the mirror image."
        ),
    ]
    clustering: ClusteringParams
    lesson: LessonParams
    recipe: RecipeParams
    num_threads: Threads


Precision = Literal["float32", "float16", "dynamic", "int8", "int4"]


class ByPrecision(Section):
    """One fraction for each precision of a ``.tflite`` file."""

    float32: Share
    float16: Share
    dynamic: Share
    int8: Share
    int4: Share


class ConvertParams(Section):
    """How models are converted, what their files must do, and which one goes to the device."""

    num_calibration: Annotated[Count, Field(description="Training images from which int8 learns its ranges.")]
    num_golden: Annotated[Count, Field(description="Validation images whose probabilities are compared one by one.")]
    golden_tolerance: Annotated[ByPrecision, Field(description="Largest difference of a golden probability.")]
    min_agreement: Annotated[
        ByPrecision, Field(description="Smallest share of validation images given the same class as by Keras.")
    ]
    candidates: Annotated[
        list[Literal["int8", "int4"]], Field(min_length=1, description="Precisions that may go to the device.")
    ]
    choice_shift_px: Annotated[
        int,
        Field(ge=0, le=3, description="Pixels that the choice moves images each way: no more than in training."),
    ]
    noise_standard_errors: Annotated[
        float, Field(ge=0, description="Standard errors of the paired difference that are still noise.")
    ]
    equal_size_share: Annotated[Fraction, Field(description="Raw sizes this close count as equal; gzip decides.")]
    num_threads: Threads


class NpuParams(Section):
    """A neural processor, in the words of Arm's compiler Vela and the configuration file that it brings."""

    accelerator: Annotated[str, Field(description="Such as ethos-u55-128; `vela --help` lists them.")]
    system: Annotated[str, Field(description="Clock and memories; `vela --list-configs Arm/vela.ini` lists them.")]
    memory: Annotated[str, Field(description="Which of the memories holds what.")]


class EvaluateParams(Section):
    """How models are measured on the test images."""

    measure: Annotated[
        list[Literal["mcu", "npu"]], Field(description="Devices whose cost is measured; each needs `make extras`.")
    ]
    npu: NpuParams
    latency_warmup: Annotated[int, Field(ge=0, description="Runs of each file before any is timed.")]
    latency_rounds: Annotated[Count, Field(description="Rounds in which the files take turns.")]
    latency_runs: Annotated[Count, Field(description="Timed runs of each file in each round.")]
    num_threads: Threads


class ReportParams(Section):
    """How much the report shows."""

    max_thumbnails: Annotated[int, Field(ge=0, le=500, description="Pictures of mistakes, the surest first.")]
    max_pairs: Annotated[int, Field(ge=0, description="Pairs of confused classes, the most frequent first.")]
    pair_pictures: Annotated[int, Field(ge=0, le=50, description="Pictures for each pair, the surest first.")]
    calibration_bins: Annotated[int, Field(ge=2, le=100, description="Bins of equal width from confidence 0 to 1.")]
    importance_shuffles: Annotated[
        int, Field(ge=1, le=1000, description="Shuffled outcomes that tell what importance chance alone brings.")
    ]
    profile: Annotated[str | None, Field(description="What these parameters were made with; a workspace fills it in.")]


# Of what is longer still, some systems keep no time.
_MONTH_S = 30 * 24 * 3600


class RetrainParams(Section):
    """What a run of the whole pipeline needs and how long it may take; changes no result."""

    min_disk_gb: Annotated[float, Field(ge=0, description="Free disk below which a run does not begin.")]
    min_memory_gb: Annotated[float, Field(ge=0, description="Free memory below which a run does not begin.")]
    reach_s: Annotated[float, Field(gt=0, le=30, description="Seconds to find out whether any source answers.")]
    stage_limit_s: Annotated[float, Field(gt=0, le=_MONTH_S, description="Seconds after which a stage is killed.")]
    max_kept: Annotated[int, Field(ge=1, le=1000, description="Runs whose record and page are kept, the last ones.")]


class Params(Section):
    """All of ``params.yaml``."""

    seed: Seed
    dataset: DatasetParams
    fetch: FetchParams
    validate_: Annotated[ValidateParams, Field(alias="validate")]
    prepare: PrepareParams
    device: DeviceParams
    baseline: BaselineParams
    teach: TeachParams
    sweep: SweepParams
    prune: PruneParams
    quantize: QuantizeParams
    convert: ConvertParams
    evaluate: EvaluateParams
    report: ReportParams
    retrain: RetrainParams

    @model_validator(mode="after")
    def _rounding_can_be_learned(self) -> "Params":
        asked = [name for name in self.quantize.variants if name in ("qat", "pqat")]
        if asked and max(self.sweep.space.repeats) > 1:
            raise ValueError(
                f"quantize.variants has {' and '.join(asked)}, and sweep.space.repeats has {self.sweep.space.repeats}: "
                "TF-MOT cannot teach a network whose units run more than once to round. Leave the former out, or let "
                "the latter be [1]."
            )
        return self

    def named(self, key: str) -> Any:
        """Return the value of a top-level key of ``params.yaml``: a section, or the seed."""
        return getattr(self, self._behind(key))

    @classmethod
    def kind(cls, key: str) -> Any:
        """Return the type of a section of ``params.yaml``."""
        return cls.model_fields[cls._behind(key)].annotation

    @classmethod
    def _behind(cls, key: str) -> str:
        """Return the field's name, which for ``validate`` is another: pydantic has a method of that name."""
        return next(name for name, field in cls.model_fields.items() if key == (field.alias or name))


def read_params(path: Path) -> Params:
    """Read and check a ``params.yaml``.

    Args:
        path: The file.

    Raises:
        ParamsError: The file is missing or not YAML in UTF-8, a key is unknown or missing, or a value is out of its
            bounds.
    """
    return parse_params(read_sections(path))


def read_sections(path: Path) -> dict[str, Any]:
    """Read a file with parameters, all of them or a part, unchecked.

    Raises:
        ParamsError: The file is missing, not YAML in UTF-8, or holds no mapping.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise ParamsError(f"{path} must hold a mapping like that of params.yaml, got {_short(content)}.")
    return content


def parse_params(content: Any) -> Params:
    """Check a mapping like ``params.yaml`` and return it typed.

    Raises:
        ParamsError: Every wrong key and value, one a line, with the value received and what was expected.
    """
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        lines = sorted({_explain(detail) for detail in error.errors()})
        raise ParamsError("\n".join(lines)) from error


def overlaid(base: Mapping[str, Any], overlay: Mapping[str, Any], within: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return ``base`` with the values of ``overlay``, section by section; lists are replaced whole.

    Args:
        base: All parameters, or one section of them.
        overlay: The values to change.
        within: Keys that lead to ``base``.

    Raises:
        ParamsError: The overlay names a key that the base does not have, or is no section where the base is one.
    """
    result = dict(base)
    for key, value in overlay.items():
        path = (*within, str(key))
        if key not in base:
            raise ParamsError(_unknown(path, [str(name) for name in base]))
        if isinstance(base[key], Mapping):
            if not isinstance(value, Mapping):
                raise ParamsError(_not_a_section(path, value))
            value = overlaid(base[key], value, path)
        result[key] = value
    return result


def _explain(detail: ErrorDetails) -> str:
    """Say what is wrong with one value, or with two together, what was expected, and how to put it right."""
    names, said = [str(part) for part in detail["loc"]], detail["msg"].removeprefix("Value error, ")
    kind, value = detail["type"], detail["input"]
    if kind in ("model_type", "dict_type"):
        return _not_a_section(names, value)
    if kind in ("extra_forbidden", "invalid_key"):
        known = _section(names[:-1]).model_fields
        return _unknown(names, [field.alias or name for name, field in known.items()])
    if not names:
        return said
    where, field = ".".join(names), _field(names)
    if kind == "missing":
        return f"{where} is missing. Add it to params.yaml."
    out_of_bounds = kind.startswith(("greater_than", "less_than"))
    expected = _interval(field) if field is not None and out_of_bounds else said.replace("Input ", "")
    got = "" if isinstance(value, Mapping) else f", got {_short(value)}"
    meaning = f" {field.description}" if field is not None and field.description else ""
    return f"{where} {expected}{got}.{_meant(detail)}{meaning}{_percent_hint(detail)}"


def _not_a_section(names: Sequence[str], value: Any) -> str:
    """Say that a section, or all of a file, is something else."""
    where = ".".join(names) or "it"
    hint = " Leave the key out to change nothing in it." if value is None and names else ""
    return f"{where} must be a section, a mapping of names to values, got {_short(value)}.{hint}"


def _short(value: Any) -> str:
    """Write a value as YAML's reader gave it, cut where nobody reads on."""
    told = "null" if value is None else repr(value)
    return told if len(told) <= _MAX_SHOWN else f"{told[:_MAX_SHOWN]}..."


_MAX_SHOWN = 200


def _meant(detail: ErrorDetails) -> str:
    """Name the nearest of the words that a value may be."""
    known = re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))
    return did_you_mean(detail["input"], known) if detail["type"] == "literal_error" else ""


def _percent_hint(detail: ErrorDetails) -> str:
    """Explain a percentage that was given where a fraction is meant."""
    value, bounds = detail["input"], detail.get("ctx", {})
    if detail["type"] not in ("less_than", "less_than_equal") or bounds.get("lt", bounds.get("le")) != 1:
        return ""
    return f" It is a fraction: write {value / 100:g} for {value:g} %."


def _unknown(names: Sequence[str], known: Sequence[str]) -> str:
    """Name an unknown key with its section and the nearest known one, in that section or else in any."""
    section, where = "".join(f"{name}." for name in names[:-1]), ".".join(names)
    here = {name: section + name for name in known}
    meant = did_you_mean(names[-1], here) or did_you_mean(names[-1], _places())
    return f"{where} is not a parameter.{meant} Known here: {', '.join(known)}."


def _places() -> dict[str, str]:
    """Return where the parameters of each name are, the first three of them."""
    places: dict[str, list[str]] = {}
    for path in _paths(Params):
        places.setdefault(path.rpartition(".")[2], []).append(path)
    return {name: " or ".join(paths[:3]) for name, paths in places.items()}


def _paths(section: type[BaseModel], before: str = "") -> Iterator[str]:
    """Yield the path of every parameter of a section and of those below it."""
    for name, field in section.model_fields.items():
        path = f"{before}{field.alias or name}"
        yield path
        if _is_section(field.annotation):
            yield from _paths(cast(type[BaseModel], field.annotation), f"{path}.")


def _section(names: list[str]) -> type[BaseModel]:
    """Return the section class that ``names`` lead to."""
    section: type[BaseModel] = Params
    for name in names:
        field = _lookup(section, name)
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_section(kind)] if field else []
        if not inner:
            break
        section = inner[0]
    return section


def _field(names: list[str]) -> FieldInfo | None:
    """Return the field that ``names`` lead to, or None where they lead into a list."""
    for depth in range(len(names), 0, -1):
        field = _lookup(_section(names[: depth - 1]), names[depth - 1])
        if field is not None:
            return field
    return None


def _lookup(section: type[BaseModel], name: str) -> FieldInfo | None:
    return next((f for key, f in section.model_fields.items() if name in (key, f.alias)), None)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _interval(field: FieldInfo) -> str:
    """Return the bounds of a field, or of the items of a list, as an interval in words."""
    low, high = "(-inf", "inf)"
    items = [mark for inner in get_args(field.annotation) for mark in getattr(inner, "__metadata__", ())]
    for mark in (*field.metadata, *(bound for item in items for bound in getattr(item, "metadata", ()))):
        match mark:
            case annotated_types.Ge(ge=bound):
                low = f"[{bound}"
            case annotated_types.Gt(gt=bound):
                low = f"({bound}"
            case annotated_types.Le(le=bound):
                high = f"{bound}]"
            case annotated_types.Lt(lt=bound):
                high = f"{bound})"
    return f"must lie in {low}, {high}"
