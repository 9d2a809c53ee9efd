"""The limits of a device, and the budget of a search."""

from typing import Annotated

from litesmith.params.section import Count, Section, about


class HardLimits(Section):
    """Limits that need no measurement, for search and choice."""

    max_tflite_bytes: Annotated[Count, about("Of the full int8 file.")]
    max_macs: Annotated[Count, about("Multiply-accumulates for one image.")]
    max_activation_bytes: Annotated[Count, about("Of int8 activations alive at once.")]


class DeviceParams(HardLimits):
    """What ``devices/NAME.yaml`` holds; the final file alone is judged by the last ones."""

    max_arena_bytes: Annotated[Count, about("Memory under TensorFlow Lite Micro besides the file.")]
    max_latency_ms: Annotated[float, about("Of one image on one thread, the median.", gt=0)]


class DeviceName(Section):
    """What a device's file is called, without its suffix."""

    name: str


class Device(DeviceParams, DeviceName):
    """A device: its limits, and the name of its file."""


class Budget(Section):
    """Limits of a search, tighter than the device's; null stands for the device's own."""

    max_tflite_bytes: Annotated[Count | None, about("Of the full int8 file.")]
    max_macs: Annotated[Count | None, about("Multiply-accumulates for one image.")]
    max_activation_bytes: Annotated[Count | None, about("Of int8 activations alive at once.")]
