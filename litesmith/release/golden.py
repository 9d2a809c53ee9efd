"""Golden images of a package, and what its model answers to them."""

import io

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from numpy.typing import NDArray

from litesmith.quiet import hushed
from litesmith.release import verify
from litesmith.tflite.metadata import Metadata, Tensors

# A device answers so many in a moment, and each class of most data sets is among them.
MAX_IMAGES = 32
# Two sets of kernels on one machine, those of XNNPACK and the portable ones, differ by at most 25 of 256
# steps on 2,000 images and four int8 files, by 1e-4 where weights alone are integers, by 1e-6 on floats.
_LEAST_TOLERANCE = {True: 0.1, False: 0.01}


def golden_rows(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Choose golden images, all classes in turns.

    Args:
        labels: (n,).

    Returns:
        Rows, int64 (at most 32,), ascending.
    """
    turns = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        turns[members] = np.arange(len(members))
    return np.sort(np.argsort(turns, kind="stable")[:MAX_IMAGES]).astype(np.int64)


def golden_answers(model: bytes, images: NDArray[np.uint8], metadata: Metadata) -> bytes:
    """Return the content of ``golden.npz``.

    It allows a device twice the difference that two sets of kernels show here, and a tenth of certainty
    at least: another model is off by nearly 1.

    Args:
        model: Content of the ``.tflite`` file.
        images: uint8 (n, height, width, channels).
        metadata: Of the model, with its tensors.

    Raises:
        PackageError: LiteRT cannot run the model.
        ValueError: The metadata has no tensors.
    """
    if metadata.tensors is None:
        raise ValueError("expected metadata with the tensors of the model.")
    given, answer = (_tensor(metadata.tensors, name) for name in ("input", "output"))
    inputs = verify.encoded(images, given)
    with hushed():
        outputs = verify.answers(verify.open_model(model)[0], inputs)
        portable = Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        )
        portable.allocate_tensors()
        others = verify.answers(portable, inputs)
    difference = np.abs(verify.decoded(outputs, answer) - verify.decoded(others, answer)).max()
    content = io.BytesIO()
    np.savez(
        content,
        images=images,
        inputs=inputs,
        outputs=outputs,
        class_names=np.array(metadata.class_names),
        tolerance=np.float64(max(2 * difference, _LEAST_TOLERANCE[answer.scale is not None])),
    )
    return content.getvalue()


def _tensor(tensors: Tensors, name: str) -> verify.Tensor:
    return verify.Tensor(**getattr(tensors, name).model_dump())
