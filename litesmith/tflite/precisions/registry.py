"""All precisions of ``.tflite`` files.

A new one is a module here, an entry in the tuple and its tolerances in ``params.yaml``.
"""

from litesmith.tflite.precisions.dynamic import DYNAMIC
from litesmith.tflite.precisions.float16 import FLOAT16
from litesmith.tflite.precisions.float32 import FLOAT32
from litesmith.tflite.precisions.int4 import INT4
from litesmith.tflite.precisions.int8 import INT8
from litesmith.tflite.precisions.precision import Precision

PRECISIONS: tuple[Precision, ...] = (FLOAT32, FLOAT16, DYNAMIC, INT8, INT4)


def precision(name: str) -> Precision:
    """Return the precision of this name; raise `KeyError` if there is none."""
    return {registered.name: registered for registered in PRECISIONS}[name]
