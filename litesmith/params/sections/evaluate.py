"""How models are measured on the test images."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Count, Items, Section, Threads


class NpuTarget(Section):
    """Neural processor, in the words of Arm's compiler Vela and its configuration file."""

    accelerator: Annotated[str, Field(description="Such as ethos-u55-128; `vela --help` lists them.")]
    system: Annotated[
        str, Field(description="Clock and memories; `vela --list-configs Arm/vela.ini` lists them.")
    ]
    memory: Annotated[str, Field(description="Which of the memories holds what.")]


class EvaluateParams(Section):
    """How models are measured on the test images."""

    measure: Annotated[
        Items[str], Field(description="Devices whose cost is measured; each needs `make extras`.")
    ]
    npu: NpuTarget
    latency_warmup: Annotated[int, Field(ge=0, description="Runs of each file before any is timed.")]
    latency_rounds: Annotated[Count, Field(description="Rounds in which the files take turns.")]
    latency_runs: Annotated[Count, Field(description="Timed runs of each file in each round.")]
    calibration_bins: Annotated[
        int, Field(ge=2, le=100, description="Bins of equal width from confidence 0 to 1.")
    ]
    num_threads: Threads
