import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from litesmith.errors import DataError
from litesmith.training.backend import derived_seed, load_h5, save_h5
from tests.litesmith import make_tiny

PROJECT = Path(__file__).parents[3]


def in_fresh_process(code: str, **more: str) -> str:
    # Without what this process has fixed for itself and those it starts.
    fixed = ("TF", "KERAS_", "CUDA_", "OPENBLAS_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(fixed)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT,
        env={**clean, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return (done.stdout + done.stderr).strip()


def test_python_without_docstrings_is_refused_before_keras_is_imported() -> None:
    code = (
        "from litesmith.training.backend import fix_environment as fix\n"
        "try: fix()\nexcept Exception as error: print(error)"
    )
    assert "PYTHONOPTIMIZE=2 in the environment), and Keras cannot" in in_fresh_process(
        code, PYTHONOPTIMIZE="2"
    )
    assert in_fresh_process(code, PYTHONOPTIMIZE="1") == ""


def test_importing_the_backend_is_light() -> None:
    code = "import sys; from litesmith.training.backend import keras, tf, tfmot; print('tensorflow' in sys.modules)"
    assert in_fresh_process(code) == "False"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ImportError, match="cannot import name 'torch'"):
        from litesmith.training.backend import torch  # noqa: F401


def test_derived_seeds_repeat_and_differ() -> None:
    assert derived_seed(7, "epoch", 1) == derived_seed(7, "epoch", 1)
    seeds = {derived_seed(7, "epoch", number) for number in range(1000)}
    assert len(seeds) == 1000
    assert all(0 <= seed < 2**31 for seed in seeds)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Path]:
    """Return output lines and home folder of a process that imports TensorFlow and fixes threads."""
    home = tmp_path_factory.mktemp("empty home")
    output = in_fresh_process(
        "import sys\n"
        "from litesmith.training.backend import keras, set_threads, tf, tfmot\n"
        "from litesmith.errors import MachineError\n"
        "print(keras.__version__[0], keras.backend.floatx())\n"
        "set_threads(1); set_threads(1)\n"
        "print(tf.config.threading.get_intra_op_parallelism_threads())\n"
        "try: set_threads(2)\n"
        "except MachineError as error: print(error)\n"
        "tfmot.sparsity\n"
        "print(*{'tensorflow_model_optimization', 'keras', 'sklearn'} & {*sys.modules})",
        HOME=str(home),
    )
    return output.splitlines(), home


@pytest.mark.slow
def test_importing_tensorflow_prints_nothing_and_gives_keras_2(fresh: tuple[list[str], Path]) -> None:
    lines, _ = fresh
    assert lines[0] == "2 float32"
    assert len(lines) == 4


@pytest.mark.slow
def test_threads_are_fixed_once(fresh: tuple[list[str], Path]) -> None:
    (_, threads, refusal, _), _ = fresh
    assert threads == "1"
    assert refusal.startswith("cannot set 2 threads: this process computes with 1")
    assert "Set it first" in refusal


@pytest.mark.slow
def test_importing_tf_mot_imports_no_keras_3(fresh: tuple[list[str], Path]) -> None:
    lines, _ = fresh
    assert lines[-1] == "tensorflow_model_optimization"


@pytest.mark.slow
def test_an_empty_home_folder_stays_as_it_is(fresh: tuple[list[str], Path]) -> None:
    _, home = fresh
    assert not (home / ".keras").exists()


@pytest.mark.slow
def test_tensorflow_imported_elsewhere_first_is_an_error() -> None:
    output = in_fresh_process(
        "import os; [os.environ.pop(k, 0) for k in ('TF_USE_LEGACY_KERAS', 'TF_ENABLE_ONEDNN_OPTS')]\n"
        "import sys; sys.modules['tensorflow'] = sys\n"
        "from litesmith.training.backend import tf\n"
        "try: tf.constant\n"
        "except Exception as error: print(error)"
    )
    assert "TensorFlow was imported before" in output
    assert "TF_USE_LEGACY_KERAS=1 TF_ENABLE_ONEDNN_OPTS=1" in output


@pytest.mark.slow
def test_saving_twice_and_after_loading_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{name}.h5" for name in "abc")
    model = make_tiny.network()
    save_h5(model, first)
    save_h5(model, second)
    save_h5(load_h5(first), third)
    assert len({hashlib.sha256(path.read_bytes()).hexdigest() for path in (first, second, third)}) == 1
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.slow
def test_a_missing_or_broken_model_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.h5"
    broken.write_bytes(b"not HDF5")
    with pytest.raises(DataError, match=r"gone\.h5 is missing"):
        load_h5(tmp_path / "gone.h5")
    with pytest.raises(DataError, match=r"broken\.h5 is not a Keras \.h5 model"):
        load_h5(broken)


# Settings in a keras.json: other numbers, and such that Keras itself fails on.
HOME = {
    "floatx": "float64",
    "epsilon": 0.1,
    "image_data_format": "channels_first",
    "backend": "jax",
}
KERAS_HOME = {"floatx": "posit8", "epsilon": 1}
# The first six were seen to change what is trained on a processor with AVX-512.
VARIABLES = {
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "ONEDNN_DEFAULT_FPMATH_MODE": "BF16",
    "TF_SET_ONEDNN_FPMATH_MODE": "BF16",
    "TF_ONEDNN_ASSUME_FROZEN_WEIGHTS": "1",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit",
    "TF_DETERMINISTIC_OPS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_USE_LEGACY_KERAS": "0",
    "TF2_BEHAVIOR": "0",
    "KERAS_BACKEND": "jax",
    "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4",
    "OPENBLAS_CORETYPE": "Nehalem",
    "OMP_NUM_THREADS": "1",
}
TRAIN = """
import hashlib, pathlib
from litesmith.training.backend import fix_environment, save_h5, set_threads
fix_environment()
set_threads(1)
from litesmith.tflite.precisions import int8
from tests.litesmith import make_tiny
model = make_tiny.trained()
save_h5(model, pathlib.Path("{path}"))
print(hashlib.sha256(pathlib.Path("{path}").read_bytes()).hexdigest(),
    hashlib.sha256(int8.translate(model, make_tiny.images(60, seed=1)[0])).hexdigest())
"""


def trained_bytes(folder: Path, **more: str) -> str:
    """Return hashes of a network that a fresh process trains, and of its int8 file."""
    return in_fresh_process(TRAIN.format(path=folder / "model.h5"), **more)


@pytest.fixture(scope="module")
def clean_bytes(tmp_path_factory: pytest.TempPathFactory) -> str:
    return trained_bytes(tmp_path_factory.mktemp("clean"), HOME=str(tmp_path_factory.mktemp("home")))


@pytest.mark.slow
def test_a_home_folder_decides_nothing(clean_bytes: str, tmp_path: Path) -> None:
    file = keras_settings(tmp_path / ".keras", HOME)
    assert trained_bytes(tmp_path, HOME=str(tmp_path)) == clean_bytes
    assert json.loads(file.read_text()) == HOME


@pytest.mark.slow
def test_an_environment_decides_nothing(clean_bytes: str, tmp_path: Path) -> None:
    file = keras_settings(tmp_path / "keras", KERAS_HOME)
    assert trained_bytes(tmp_path, **VARIABLES, KERAS_HOME=str(file.parent)) == clean_bytes
    assert json.loads(file.read_text()) == KERAS_HOME


def keras_settings(folder: Path, settings: dict[str, Any]) -> Path:
    """Write a ``keras.json`` into a folder and return its path."""
    folder.mkdir()
    (folder / "keras.json").write_text(json.dumps(settings))
    return folder / "keras.json"


@pytest.mark.slow
def test_worker_processes_train_as_their_parent_in_any_environment(
    clean_bytes: str, tmp_path: Path
) -> None:
    keras_settings(tmp_path / ".keras", HOME)
    code = (
        "from tasks.dag.workers import worker_pool\n"
        "from tests.litesmith.training.test_backend import trained_bytes_here\n"
        "if __name__ == '__main__':\n"
        "    with worker_pool(1) as pool:\n"
        f"        print(pool.submit(trained_bytes_here, {str(tmp_path / 'model.h5')!r}).result())"
    )
    output = in_fresh_process(code, HOME=str(tmp_path), TF_XLA_FLAGS=VARIABLES["TF_XLA_FLAGS"])
    assert output.split()[-1] == clean_bytes.split()[0]


def trained_bytes_here(path: str) -> str:
    """Train in this process, a worker's, without fixing the environment."""
    from litesmith.training.backend import set_threads

    set_threads(1)
    save_h5(make_tiny.trained(), Path(path))
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_variables_that_decide_numbers_are_fixed_and_returned() -> None:
    foreign = {
        "TF_XLA_FLAGS": "--x",
        "KERAS_BACKEND": "jax",
        "NPY_DISABLE_CPU_FEATURES": "AVX2",
        "XLA_FLAGS": "--y",
    }
    output = in_fresh_process(
        "import os, litesmith.training.backend as k\n"
        "print(k.fix_environment()); print(k.fix_environment())\n"
        f"print({set(foreign)!r} & os.environ.keys(), os.environ['OPENBLAS_NUM_THREADS'], "
        "os.environ['KERAS_HOME'])",
        **foreign,
        OPENBLAS_NUM_THREADS="3",
        TF_CPP_MIN_LOG_LEVEL="0",
        OMP_NUM_THREADS="1",
    )
    first, second, left = output.splitlines()
    assert json.loads(first.replace("'", '"')) == {**foreign, "OPENBLAS_NUM_THREADS": "3"}
    assert (second, left) == ("{}", f"set() 1 {os.devnull}")


@pytest.mark.slow
def test_tensorflow_imported_elsewhere_under_foreign_settings_is_an_error() -> None:
    output = in_fresh_process(
        "import sys, litesmith.training.backend as k; sys.modules['tensorflow'] = sys\n"
        "try: k.fix_environment()\n"
        "except Exception as error: print(error)",
        TF_DETERMINISTIC_OPS="1",
    )
    assert "could set TF_USE_LEGACY_KERAS=1 " in output
    assert (
        " and unset TF_DETERMINISTIC_OPS. Import it from litesmith.training.backend, or do so in the "
        "environment." in output
    )
