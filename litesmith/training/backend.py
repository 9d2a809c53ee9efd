"""Keras 2, in an environment that decides no numbers.

``tf`` is TensorFlow, ``keras`` is tf_keras (the Keras 2 that TF-MOT understands), ``tfmot`` is the model
optimization toolkit. Importing the three is light; the first use of something in one takes seconds.
"""

import hashlib
import os
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from litesmith.errors import DataError, MachineError
from litesmith.files import replacing
from litesmith.quiet import hushed
from litesmith.training.h5_check import checked_h5
from litesmith.training.types import KerasModel

if TYPE_CHECKING:
    import h5py

# Numbers follow from parameters, inputs and versions, which are recorded, not from shell or home folder.
_ENVIRONMENT = {
    "TF_USE_LEGACY_KERAS": "1",
    # Off by default where a CPU lacks AVX-512. With it a step costs a third less (measured on AVX2: 97.7
    # to 63.0 CPU-seconds an epoch), and a machine that has AVX-512 rounds the same way.
    "TF_ENABLE_ONEDNN_OPTS": "1",
    # As TensorFlow itself sets it at import.
    "TF2_BEHAVIOR": "1",
    # Keras takes its float type, its epsilon and the order of axes from keras.json there, and writes one
    # if it can. Nothing can lie below this.
    "KERAS_HOME": os.devnull,
    # A graphics card rounds in its own way, and the provenance names the processor alone.
    "CUDA_VISIBLE_DEVICES": "-1",
}
_QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3"}

# Every other variable of these families goes: TensorFlow alone reads more than two hundred, and a new
# version others. TF_XLA_FLAGS, TF_DETERMINISTIC_OPS, TF_ONEDNN_ASSUME_FROZEN_WEIGHTS, ONEDNN_MAX_CPU_ISA
# and ONEDNN_DEFAULT_FPMATH_MODE were seen to change what is trained. TensorFlow's wheels ignore OMP_,
# KMP_ and MKL_ (tried), and whoever sets OMP_NUM_THREADS limits other libraries.
_FAMILIES = (
    "TF_", "TF2_", "TENSORFLOW_", "KERAS_", "XLA_", "ONEDNN_", "DNNL_", "AUTOGRAPH_", "TFLITE_",
    "LITERT_",
)  # fmt: skip
# What TensorFlow logs, and Terraform's.
_OTHERS = (
    "TF_CPP_", "TF_VAR_", "TF_CLI_", "TF_TOKEN_", "TF_LOG", "TF_DATA_DIR", "TF_PLUGIN_",
    "TF_REGISTRY_", "TF_WORKSPACE", "TF_INPUT", "TF_IN_AUTOMATION", "TF_CLOUD_", "TF_APPEND_",
    "TF_IGNORE", "TF_REATTACH_",
)  # fmt: skip

# NumPy's, read when it is imported: instructions of NumPy and its linear algebra, and the threads on
# which the latter sums, by default as many as the machine has. One suffices for the small matrices here.
_NUMPY_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}
_NUMPY_FAMILIES = ("NPY_", "OPENBLAS_")

_KERAS_3 = "keras"

_threads: dict[str, int] = {}
_settled: list[bool] = []


class _Package(ModuleType):
    """A package that is imported when something in it is first asked for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(_loaded(self.__name__), name)


tf, keras, tfmot = _Package("tf"), _Package("keras"), _Package("tfmot")


def fix_environment() -> dict[str, str]:
    """Fix variables that decide numbers, also for child processes.

    Call it before NumPy is imported, which reads its variables then.

    Returns:
        The variables that were changed or removed, with their former values.

    Raises:
        MachineError: TensorFlow was imported before with other settings, so that it is too late, or
            Python leaves out the docstrings that Keras works with.
    """
    before = dict(os.environ)
    _set_environment()
    _apply(_changes(_NUMPY_ENVIRONMENT, _NUMPY_FAMILIES))
    changed = (name for name in before if os.environ.get(name) != before[name])
    return {name: before[name] for name in changed if name not in _QUIET}


def set_threads(num_threads: int) -> None:
    """Fix TensorFlow's threads within an operation in this process.

    Another number sums in another order and so gives other results.

    Raises:
        MachineError: The process already computes with another number, which TensorFlow cannot change.
    """
    if _threads.setdefault("num", num_threads) != num_threads:
        raise MachineError(_threads_text(num_threads, f"computes with {_threads['num']}"))
    config = tf.config.threading
    try:
        config.set_intra_op_parallelism_threads(num_threads)
        config.set_inter_op_parallelism_threads(num_threads)
    except RuntimeError as error:
        raise MachineError(_threads_text(num_threads, "has begun to compute")) from error


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and TensorFlow: initial weights and shuffling."""
    keras.utils.set_random_seed(seed)


def derived_seed(*parts: int | str) -> int:
    """Return a seed in [0, 2**31) that follows from ``parts``."""
    digest = hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:4], "little") & 0x7FFFFFFF


def save_h5(model: KerasModel, path: Path) -> None:
    """Write ``.h5`` at once, without optimizer: equal weights give equal bytes.

    Raises:
        MachineError: The file cannot be written.
    """
    with replacing(path) as part, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You are saving your model as an HDF5 file")
        model.save(part, save_format="h5", include_optimizer=False)


def load_h5(path: Path) -> KerasModel:
    """Return the model in an ``.h5`` file, without optimizer.

    Raises:
        DataError: The file is missing or not a Keras model, or could run code of its own.
    """
    with checked_h5(path) as (file, _):
        return read_model(path, file)


def read_model(path: Path, file: "h5py.File") -> KerasModel:
    """Return the Keras model in a file opened by `litesmith.training.h5_check.checked_h5`.

    Raises:
        DataError: Keras cannot build it.
    """
    try:
        return keras.models.load_model(file, compile=False)
    except Exception as error:  # Keras raises many kinds at a description that makes no sense
        reason = str(error).strip().split("\n\n")[-1][:400]  # before it, Keras repeats the description
        raise DataError(
            f"{path} is not a Keras .h5 model: {type(error).__name__}: {reason}. "
            "Write it again, or name another."
        ) from error


def _set_environment() -> None:
    """Fix what TensorFlow and Keras read, mostly at import."""
    if sys.flags.optimize > 1:
        raise MachineError(
            "Python leaves out docstrings (-OO, or PYTHONOPTIMIZE=2 in the environment), and Keras "
            "cannot be imported without them. Unset PYTHONOPTIMIZE, or set it to 1."
        )
    late = _changes(_ENVIRONMENT, _FAMILIES)
    if late and "tensorflow" in sys.modules and not _settled:
        wanted = " ".join(f"{name}={value}" for name, value in late.items() if value is not None)
        unwanted = " ".join(name for name, value in late.items() if value is None)
        orders = (wanted and f"set {wanted}", unwanted and f"unset {unwanted}")
        raise MachineError(
            "TensorFlow was imported before litesmith.training.backend could "
            f"{' and '.join(order for order in orders if order)}. "
            "Import it from litesmith.training.backend, or do so in the environment."
        )
    _apply({**late, **_QUIET})
    _settled.append(True)


def _changes(settings: dict[str, str], families: tuple[str, ...]) -> dict[str, str | None]:
    """Return the variables to change, with their values; None for those to remove."""
    wanted = {name: value for name, value in settings.items() if os.environ.get(name) != value}
    foreign = (name for name in sorted(os.environ) if name.startswith(families))
    removed = (name for name in foreign if not name.startswith(_OTHERS) and name not in settings)
    return {**wanted, **dict.fromkeys(removed)}


def _apply(changes: Mapping[str, str | None]) -> None:
    for name, value in changes.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value


@cache
def _loaded(name: str) -> ModuleType:
    _set_environment()
    with hushed():
        return _load(name)


def _load(name: str) -> ModuleType:
    package: ModuleType
    if name == "tf":
        import tensorflow

        tensorflow.get_logger().setLevel("ERROR")
        package = tensorflow
    elif name == "keras":
        import tf_keras

        package = tf_keras
    else:
        with _without_keras_3():
            import tensorflow_model_optimization

        package = tensorflow_model_optimization
    return package


@contextmanager
def _without_keras_3() -> Iterator[None]:
    """Let imports find no Keras 3, unless it is imported already.

    TF-MOT looks in it for a module that Keras 2 alone had, does without, and so imports in vain what
    takes longer than all the rest: Keras 3, scikit-learn and matplotlib.
    """
    modules: dict[str, Any] = sys.modules
    modules.setdefault(_KERAS_3, None)  # None: not to be found
    try:
        yield
    finally:
        if modules[_KERAS_3] is None:
            del modules[_KERAS_3]


def _threads_text(num_threads: int, state: str) -> str:
    return (
        f"cannot set {num_threads} threads: this process {state}, and TensorFlow fixes the number once. "
        "Set it first, with one number for each process."
    )
