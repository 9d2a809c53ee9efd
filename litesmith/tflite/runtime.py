"""Runs ``.tflite`` files as a device would, without TensorFlow.

``python -m litesmith.tflite.runtime`` does so in a process of its own and prints an `Observation`.
"""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from pydantic import ConfigDict

from litesmith.data.scaling import to_pixels
from litesmith.errors import DataError
from litesmith.quiet import hushed
from litesmith.records.convert import TensorForm, WeightTensor
from litesmith.records.record import Count, Record
from litesmith.tflite import slimming
from litesmith.tflite.contract import TensorSpec, require_classifier, require_shape
from litesmith.tflite.slimming import FlatModel, Table

RUNTIME = f"LiteRT {version('ai-edge-litert')} with XNNPACK"

# No classifier of small pictures is near it; a damaged shape easily is beyond.
_MAX_TENSOR_BYTES = 2**30
_STATE_OPERATORS = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "HASHTABLE", "CALL_ONCE")

_DTYPE_NAMES = {
    code: name.lower() for name, code in vars(schema.TensorType).items() if not name.startswith("_")
}


class Tensor(TensorForm):
    """The input or output of a file, with what its integers mean."""

    @property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest real value that the tensor can hold."""
        limits = np.iinfo(self.dtype) if self.scale is not None else np.finfo(self.dtype)
        low, high = self.decode(np.array([limits.min, limits.max], self.dtype))
        return float(low), float(high)

    def encode(self, values: NDArray[np.float32]) -> NDArray[np.generic]:
        """Return real values as the tensor holds them; integers saturate."""
        if self.scale is None or self.zero_point is None:
            return values.astype(self.dtype)
        limits = np.iinfo(self.dtype)
        steps = np.rint(values / np.float32(self.scale)) + self.zero_point
        encoded: NDArray[np.generic] = np.clip(steps, limits.min, limits.max).astype(self.dtype)
        return encoded

    def decode(self, stored: NDArray[np.generic]) -> NDArray[np.float32]:
        """Return what the tensor holds as real values."""
        if self.scale is None or self.zero_point is None:
            return stored.astype(np.float32)
        return (stored.astype(np.float32) - self.zero_point) * np.float32(self.scale)


class Weights(WeightTensor):
    """The weights of one convolution or dense layer, as the file stores them.

    Attributes:
        num_channels: Output channels.
        num_scales: 0 for floats, 1 for one scale in all, ``num_channels`` for one scale each.
    """

    num_zeros: Count
    num_channels: Count
    num_scales: Count

    @property
    def is_depthwise(self) -> bool:
        """Whether each channel has one kernel: shape (1, height, width, channels)."""
        return len(self.shape) == 4 and self.shape[0] == 1


class Observation(Record):
    """What a file is and answers.

    Attributes:
        dtypes: The types of all its tensors, activations and constants included.
        weights: Of every convolution and dense layer, in the order in which they run.
        golden: Probabilities of the golden images, one row each.
        predicted: Most probable class of each image at each place, in the order of `shifted`.
    """

    # a broken file may answer NaN, which a check reports
    model_config = ConfigDict(allow_inf_nan=True, ser_json_inf_nan="constants")

    input: Tensor
    output: Tensor
    dtypes: list[str]
    weights: list[Weights]
    golden: list[list[float]]
    predicted: list[list[int]]

    @property
    def in_place(self) -> NDArray[np.int64]:
        """Most probable class of each image where it is, int64 (n,)."""
        return np.array(self.predicted[len(self.predicted) // 2])

    @property
    def sparsity(self) -> float:
        """Share of all weights that are exactly zero."""
        num_zeros = sum(tensor.num_zeros for tensor in self.weights)
        return num_zeros / sum(tensor.num_weights for tensor in self.weights)


@dataclass(frozen=True)
class _Detail:
    """A tensor as LiteRT's interpreter describes it, in its own words."""

    name: str
    index: int
    shape: NDArray[np.int32]
    shape_signature: NDArray[np.int32]
    dtype: type[np.generic]
    quantization: tuple[float, int]
    quantization_parameters: dict[str, NDArray[np.generic] | int]
    sparsity_parameters: dict[str, object]


class LiteModel:
    """A ``.tflite`` file, opened to be run on one thread."""

    def __init__(self, path: Path) -> None:
        """Open ``path``.

        Raises:
            DataError: The file is missing, LiteRT cannot open it, or it does not classify pictures.
        """
        if not path.is_file():
            raise DataError(
                f"{path} is missing. Expected a .tflite file: make it with `make run`, or name another."
            )
        self._path = path
        with hushed(), self._explaining():
            # By content: LiteRT opens no file whose name is not UTF-8.
            self._interpreter = Interpreter(model_content=path.read_bytes(), num_threads=1)
            self._require_classifier()
            _require_sound(path, self._interpreter)
            self._interpreter.allocate_tensors()
            # again, as LiteRT has worked the shapes out itself
            source, sink = self._require_classifier()
        self._source, self._sink = source.index, sink.index
        self.input, self.output = _tensor(source), _tensor(sink)

    def _require_classifier(self) -> tuple[_Detail, _Detail]:
        """Return LiteRT's description of the one input and the one output."""
        inputs = [_Detail(**detail) for detail in self._interpreter.get_input_details()]
        outputs = [_Detail(**detail) for detail in self._interpreter.get_output_details()]
        require_classifier(self._path, list(map(_spec, inputs)), list(map(_spec, outputs)))
        return inputs[0], outputs[0]

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Raise `DataError` for what LiteRT raises at a bad file."""
        try:
            yield
        except (OSError, ValueError, RuntimeError, MemoryError) as error:
            text = str(error).strip().rstrip(".")
            if "Select TensorFlow op" in text or "custom op" in text:
                raise DataError(
                    f"{self._path} asks for operators that LiteRT does not have: "
                    f"{', '.join(slimming.custom_operators(self._path.read_bytes()))}. Convert it again "
                    "with built-in operators alone (`TFLITE_BUILTINS`)."
                ) from error
            raise DataError(
                f"{self._path} is not a .tflite file that LiteRT can run: {text}. Convert it again."
            ) from error

    def feed(self, stored: NDArray[np.generic]) -> None:
        """Set the input, already encoded, of the input's shape."""
        self._interpreter.set_tensor(self._source, stored)

    def invoke(self) -> None:
        """Compute the output of the input that was fed."""
        self._interpreter.invoke()

    def result(self) -> NDArray[np.float32]:
        """Return the output as real values, without the batch axis."""
        return self.output.decode(self._interpreter.get_tensor(self._sink)[0])

    def encoded(self, images: NDArray[np.uint8]) -> NDArray[np.generic]:
        """Return uint8 (n, height, width, channels) as inputs (n, 1, height, width, channels).

        Raises:
            DataError: The images are of another size or have other channels than the model takes.
        """
        require_shape(images, self.input.shape[1:])
        return self.input.encode(to_pixels(images[:, None]))

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Answer images one by one; batches were measured to be no faster.

        Args:
            images: uint8 (n, height, width, channels).

        Returns:
            float32 (n, classes). Those of an int8 file come in steps of its output's scale.

        Raises:
            DataError: The images are of another form than the model takes, or LiteRT cannot run it.
        """
        results = np.empty((len(images), self.output.shape[-1]), np.float32)
        with self._explaining():
            for row, stored in enumerate(self.encoded(images)):
                self.feed(stored)
                self.invoke()
                results[row] = self.result()
        return results


def predict(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Open a file and answer images with it, as `LiteModel.probabilities` does.

    Raises:
        DataError: The file cannot be run or the images are of another form.
    """
    return LiteModel(path).probabilities(images)


def read_weights(path: Path) -> list[Weights]:
    """Return the weights of a file's convolutions and dense layers, as they run."""
    model = slimming.unpack(path.read_bytes())
    return [_weights(model, tensor, axis) for tensor, axis in slimming.weight_tensors(model)]


def tensor_dtypes(path: Path) -> set[str]:
    """Return the types of all tensors of a file, weights, activations and constants alike."""
    model = slimming.unpack(path.read_bytes())
    return {_DTYPE_NAMES[tensor.type] for graph in model.subgraphs for tensor in graph.tensors}


def shifted(images: NDArray[np.uint8], max_shift_px: int, fill: int) -> Iterator[NDArray[np.uint8]]:
    """Yield images moved by up to so many pixels each way.

    Few images tell little; an image at nine places tells more, and networks were trained for it.

    Args:
        images: uint8 (n, height, width, channels).
        max_shift_px: Pixels.
        fill: Grey level of what a move brings in, 0 to 255.

    Yields:
        uint8 (n, height, width, channels) for each place; the one in the middle is where the images are.
    """
    margin = (max_shift_px, max_shift_px)
    wide = np.pad(images, ((0, 0), margin, margin, (0, 0)), constant_values=fill)
    height, width = images.shape[1:3]
    steps = range(2 * max_shift_px + 1)
    for down in steps:
        for right in steps:
            yield wide[:, down : down + height, right : right + width]


def observe(
    path: Path,
    images: NDArray[np.uint8],
    golden_rows: NDArray[np.integer],
    max_shift_px: int = 0,
    fill: int = 0,
) -> Observation:
    """Return a file's input, output, weights and answers.

    Args:
        path: The ``.tflite`` file.
        images: To classify, uint8 (n, height, width, channels).
        golden_rows: Rows of ``images`` whose probabilities are returned as well.
        max_shift_px: Images are classified at every place up to so many pixels away.
        fill: Grey level of what a move brings in, 0 to 255.

    Raises:
        DataError: The file cannot be run or the images are of another form.
    """
    model = LiteModel(path)
    places = [model.probabilities(place) for place in shifted(images, max_shift_px, fill)]
    return Observation(
        input=model.input,
        output=model.output,
        dtypes=sorted(tensor_dtypes(path)),
        weights=read_weights(path),
        golden=places[len(places) // 2][golden_rows].tolist(),
        predicted=[answers.argmax(axis=1).tolist() for answers in places],
    )


def main(arguments: list[str]) -> int:
    """Observe a file and print the observation.

    Args:
        arguments: Paths of the model and of an ``.npz`` file with ``images`` and ``golden_rows``, and
            ``max_shift_px`` and ``fill``, of `observe`.
    """
    model, arrays, max_shift_px, fill = arguments
    try:
        observation = observe(
            Path(model), max_shift_px=int(max_shift_px), fill=int(fill), **np.load(arrays)
        )
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    if "tensorflow" in sys.modules:
        print("TensorFlow was imported, so this is not how a device runs the file.", file=sys.stderr)
        return 1
    print(observation.model_dump_json())
    return 0


def _require_sound(path: Path, interpreter: Interpreter) -> None:
    """Check what LiteRT does not, before it allocates a file's tensors.

    Raises:
        DataError: A tensor is absurdly large, or the file keeps a state from one image to the next.
    """
    for tensor in interpreter.get_tensor_details():
        detail = _Detail(**tensor)
        size_bytes = math.prod(int(size) for size in detail.shape) * np.dtype(detail.dtype).itemsize
        if size_bytes > _MAX_TENSOR_BYTES:
            raise DataError(
                f"{path} asks for a tensor of {tuple(detail.shape.tolist())} in {size_bytes:,} bytes, "
                f"at most {_MAX_TENSOR_BYTES:,} expected. The file is damaged: get it again, or convert "
                "it again."
            )
    codes = slimming.operator_codes(path.read_bytes())
    states = [name for name in _STATE_OPERATORS if getattr(schema.BuiltinOperator, name) in codes]
    if states:
        raise DataError(
            f"{path} keeps a state from one picture to the next ({', '.join(states)}), so that answers "
            "depend on those before. Expected a model without variables: freeze them and convert it "
            "again."
        )


def _spec(detail: _Detail) -> TensorSpec:
    """Return a tensor for the contract; its batch may be open."""
    sizes = tuple(int(size) for size in detail.shape)
    signature = [int(size) for size in detail.shape_signature]
    is_open = [axis > 0 and size < 0 for axis, size in enumerate(signature)] or [False] * len(sizes)
    shape = tuple(None if is_open[axis] else size for axis, size in enumerate(sizes))
    scales = np.asarray(detail.quantization_parameters["scales"], np.float64)
    return TensorSpec(np.dtype(detail.dtype).name, shape, tuple(scales.tolist()))


def _tensor(detail: _Detail) -> Tensor:
    scale, zero_point = detail.quantization
    return Tensor(
        dtype=np.dtype(detail.dtype).name,
        shape=tuple(detail.shape.tolist()),
        scale=float(scale) if scale != 0 else None,
        zero_point=int(zero_point) if scale != 0 else None,
    )


def _weights(model: FlatModel, tensor: Table, channel_axis: int) -> Weights:
    dtype = _DTYPE_NAMES[tensor.type]
    shape = tuple(tensor.shape.tolist())
    values = _values(model.buffers[tensor.buffer].data.tobytes(), dtype)[: math.prod(shape)]
    scales = tensor.quantization.scale if tensor.quantization is not None else None
    num_zeros = int(np.count_nonzero(values == 0))  # weights are quantized symmetrically: 0 means 0
    return Weights(
        name=slimming.layer(tensor.name.decode()),
        shape=shape,
        dtype=dtype,
        num_weights=values.size,
        num_zeros=num_zeros,
        sparsity=num_zeros / values.size,
        num_channels=shape[channel_axis],
        num_scales=0 if scales is None else len(scales),
    )


def _values(data: bytes, dtype: str) -> NDArray[np.generic]:
    """Return the values of a constant; two int4 share a byte, lower half first."""
    if dtype != "int4":
        return np.frombuffer(data, dtype)
    pairs = np.frombuffer(data, np.int8)
    return np.stack([pairs << 4 >> 4, pairs >> 4], axis=1).ravel()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
