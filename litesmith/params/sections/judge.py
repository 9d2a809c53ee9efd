"""What a file must show before it replaces the one in service."""

from typing import Annotated, Literal

from litesmith.params.section import Count, Fraction, Items, Section, Share, about

LimitName = Literal["max_tflite_bytes", "max_macs", "max_activation_bytes", "max_arena_bytes"]


class FloorParams(Section):
    """What any released file must reach, whatever was there before."""

    min_accuracy: Annotated[Share, about("Of the gate images; the lower end of the interval counts.")]
    min_class_recall: Annotated[Share, about("Of each class, the same.")]


class ComparisonParams(Section):
    """When a file is as accurate as the one in service, or more so."""

    max_loss: Annotated[
        Fraction, about("Loss of accuracy that must be excluded where no gain is shown.", gt=0)
    ]
    smaller_share: Annotated[
        Fraction, about("Share of its bytes by which a file must be smaller to replace one for that.")
    ]
    accept_no_worse: Annotated[
        bool, about("Whether a file that is no worse is promoted though it is not smaller either.")
    ]


class FlipParams(Section):
    """How many answers that were right may become wrong."""

    max_share: Annotated[Share, about("Of all gate images; the upper exact bound must keep to it.")]
    max_class_share: Annotated[Share, about("Of the images of each class, the same.")]


class RegressionParams(Section):
    """How the pictures count that once went wrong in the field."""

    max_wrong: Annotated[
        int, about("Pictures that the file in service gets right and the new one may not.", ge=0)
    ]


class QuantizationParams(Section):
    """What integers may cost."""

    max_loss: Annotated[
        Fraction, about("Loss of accuracy against the Keras model that must be excluded.", gt=0)
    ]


class DeviceGateParams(Section):
    """Which limits of the device must have been measured."""

    required: Annotated[Items[LimitName], about("Without a measurement of these no file is promoted.")]


class LatencyParams(Section):
    """How the two files are timed in turns, and what counts."""

    timed: Annotated[bool, about("Whether files are timed; otherwise no time counts.")]
    warmup: Annotated[int, about("Runs of each file before any is timed.", ge=0)]
    rounds: Annotated[int, about("Rounds in which the files take turns.", ge=6)]
    runs: Annotated[Count, about("Timed runs of each file in each round.")]
    max_slowdown: Annotated[
        float, about("Time of the new file as a multiple of the time of the one in service.", gt=0)
    ]
    max_waiting: Annotated[
        Share, about("Share of the timed seconds that the process may wait for a processor.")
    ]
    max_uncertainty: Annotated[
        float, about("Width of the interval of the ratio of times, as a share of it.", gt=0)
    ]
    attempts: Annotated[Count, about("How often a loaded host is tried again.")]


class JudgeParams(Section):
    """What a file must show before it replaces the one in service."""

    level: Annotated[float, about("Of every test and bound, one-sided.", gt=0, lt=0.5)]
    min_images: Annotated[Count, about("Gate images without which nothing can be judged.")]
    min_class_images: Annotated[Count, about("Of each class, the same.")]
    refuse_synthetic: Annotated[bool, about("Whether a model of synthetic images is never promoted.")]
    floor: FloorParams
    comparison: ComparisonParams
    flips: FlipParams
    regression: RegressionParams
    quantization: QuantizationParams
    device: DeviceGateParams
    latency: LatencyParams
