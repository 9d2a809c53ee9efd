"""The limits of the device."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Count, Section


class HardLimits(Section):
    """Limits that the sweep and the choice of the final file keep.

    None of them is timed or optional.
    """

    max_tflite_bytes: Annotated[Count, Field(description="Of the full int8 file.")]
    max_macs: Annotated[Count, Field(description="Multiply-accumulates for one image.")]
    max_activation_bytes: Annotated[Count, Field(description="Of int8 activations alive at once.")]


class DeviceParams(HardLimits):
    """Limits of the device; the final file alone is judged by the last ones."""

    max_arena_bytes: Annotated[
        Count, Field(description="Memory under TensorFlow Lite Micro besides the file.")
    ]
    max_latency_ms: Annotated[float, Field(gt=0, description="Of one image on one thread, the median.")]
