"""The one door to Keras 2: sets what TensorFlow reads at import, then hands out its packages on first use.

``tf`` is TensorFlow, ``keras`` is tf_keras (the Keras 2 that TF-MOT understands), ``tfmot`` is the model optimization
toolkit. Importing this module is light; the first use of one of the three takes seconds.
"""

import hashlib
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from litesmith.errors import DataError, MachineError
from litesmith.files import replacing
from litesmith.h5_check import checked_h5
from litesmith.quiet import hushed

# oneDNN is off by default where a CPU lacks AVX-512. With it a step costs a third less (measured on AVX2: 97.7 to
# 63.0 CPU-seconds an epoch), and a machine that has AVX-512 rounds the same way.
_ENVIRONMENT = {"TF_USE_LEGACY_KERAS": "1", "TF_ENABLE_ONEDNN_OPTS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}

_threads: dict[str, int] = {}


def __getattr__(name: str) -> Any:
    """Import ``tf``, ``keras`` or ``tfmot`` when it is first asked for."""
    loaders: dict[str, Callable[[], Any]] = {"tf": _load_tf, "keras": _load_keras, "tfmot": _load_tfmot}
    if name not in loaders:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    _set_environment()
    with hushed():
        globals()[name] = loaders[name]()
    return globals()[name]


def set_threads(num_threads: int) -> None:
    """Fix the number of threads that TensorFlow computes with in this process.

    Args:
        num_threads: Threads within an operation. Another number sums in another order and so gives other results.

    Raises:
        MachineError: The process already computes with another number, which TensorFlow cannot change.
    """
    if _threads.setdefault("num", num_threads) != num_threads:
        raise MachineError(_threads_text(num_threads, f"computes with {_threads['num']}"))
    config = sys.modules[__name__].tf.config.threading
    try:
        config.set_intra_op_parallelism_threads(num_threads)
        config.set_inter_op_parallelism_threads(num_threads)
    except RuntimeError as error:
        raise MachineError(_threads_text(num_threads, "has begun to compute")) from error


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and TensorFlow: what is drawn without an explicit seed (initial weights, shuffling)."""
    sys.modules[__name__].keras.utils.set_random_seed(seed)


def derived_seed(*parts: int | str) -> int:
    """Return a seed in [0, 2**31) that follows from ``parts`` and differs for different ones."""
    digest = hashlib.sha256("/".join(str(part) for part in parts).encode()).digest()
    return int.from_bytes(digest[:4], "little") & 0x7FFFFFFF


def save_h5(model: Any, path: Path) -> None:
    """Write a Keras model as ``.h5`` in one step, without its optimizer: the same weights give the same bytes.

    Raises:
        MachineError: The file cannot be written.
    """
    with replacing(path) as part, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="You are saving your model as an HDF5 file")
        model.save(part, save_format="h5", include_optimizer=False)


def load_h5(path: Path) -> Any:
    """Return the Keras model in an ``.h5`` file, for prediction: it has no optimizer.

    Raises:
        DataError: The file is missing or not a Keras model, or could run code of its own.
    """
    with checked_h5(path) as (file, _):
        return read_model(path, file)


def read_model(path: Path, file: Any) -> Any:
    """Return the Keras model in an open file that `litesmith.h5_check.checked_h5` handed out.

    Raises:
        DataError: Keras cannot build it.
    """
    try:
        return sys.modules[__name__].keras.models.load_model(file, compile=False)
    except Exception as error:  # whatever Keras raises at a description that makes no sense, and it raises many
        reason = str(error).strip().split("\n\n")[-1][:400]  # before it, Keras repeats the description
        raise DataError(
            f"{path} is not a Keras .h5 model: {type(error).__name__}: {reason}. Make it again, or name another."
        ) from error


def _set_environment() -> None:
    """Set what TensorFlow reads once, at import.

    Raises:
        MachineError: TensorFlow was imported before, so that it is too late.
    """
    late = {key: value for key, value in _ENVIRONMENT.items() if os.environ.get(key) != value}
    late.pop("TF_CPP_MIN_LOG_LEVEL", None)
    if late and "tensorflow" in sys.modules:
        wanted = " ".join(f"{key}={value}" for key, value in late.items())
        raise MachineError(
            f"TensorFlow was imported before litesmith.keras could set {wanted}. "
            "Import it from litesmith.keras, or set these in the environment."
        )
    os.environ.update(_ENVIRONMENT)


def _load_tf() -> Any:
    import tensorflow

    tensorflow.get_logger().setLevel("ERROR")
    return tensorflow


def _load_keras() -> Any:
    import tf_keras

    return tf_keras


def _load_tfmot() -> Any:
    import tensorflow_model_optimization

    return tensorflow_model_optimization


def _threads_text(num_threads: int, state: str) -> str:
    return (
        f"cannot set {num_threads} threads: this process {state}, and TensorFlow fixes the number once. "
        "Set it first, with one number for each process."
    )
