"""How models are measured on the test images."""

from typing import Annotated

from litesmith.params.section import Count, Fraction, Items, Section, Threads, about


class NpuTarget(Section):
    """Neural processor, in the words of Arm's compiler Vela and its configuration file."""

    accelerator: Annotated[str, about("Such as ethos-u55-128; `vela --help` lists them.")]
    system: Annotated[str, about("Clock and memories; `vela --list-configs Arm/vela.ini` lists them.")]
    memory: Annotated[str, about("Which of the memories holds what.")]


class EvaluateParams(Section):
    """How models are measured on the test images."""

    measure: Annotated[Items[str], about("Devices whose cost is measured; each needs `make extras`.")]
    npu: NpuTarget
    latency_warmup: Annotated[int, about("Runs of each file before any is timed.", ge=0)]
    latency_rounds: Annotated[Count, about("Rounds in which the files take turns.")]
    latency_runs: Annotated[Count, about("Timed runs of each file in each round.")]
    calibration_bins: Annotated[int, about("Bins of equal width from confidence 0 to 1.", ge=2, le=100)]
    rejected_shares: Annotated[
        Items[Fraction], about("Shares of the images that are rejected as unsure, for the table.")
    ]
    num_threads: Threads
