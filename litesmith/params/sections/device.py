"""The limits of a device, and the budget of a search."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Count, Section


class HardLimits(Section):
    """Limits that need no measurement: the search and the choice of the final file keep them."""

    max_tflite_bytes: Annotated[Count, Field(description="Of the full int8 file.")]
    max_macs: Annotated[Count, Field(description="Multiply-accumulates for one image.")]
    max_activation_bytes: Annotated[Count, Field(description="Of int8 activations alive at once.")]


class DeviceParams(HardLimits):
    """What ``devices/NAME.yaml`` holds; the final file alone is judged by the last ones."""

    max_arena_bytes: Annotated[
        Count, Field(description="Memory under TensorFlow Lite Micro besides the file.")
    ]
    max_latency_ms: Annotated[float, Field(gt=0, description="Of one image on one thread, the median.")]


class Device(DeviceParams):
    """A device: its limits, and the name of its file."""

    name: str


class Budget(Section):
    """Limits of a search, tighter than the device's; null stands for the device's own."""

    max_tflite_bytes: Annotated[Count | None, Field(description="Of the full int8 file.")]
    max_macs: Annotated[Count | None, Field(description="Multiply-accumulates for one image.")]
    max_activation_bytes: Annotated[
        Count | None, Field(description="Of int8 activations alive at once.")
    ]
