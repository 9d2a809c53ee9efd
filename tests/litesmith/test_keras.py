import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from litesmith.errors import DataError
from litesmith.keras import derived_seed, load_h5, save_h5
from tests.litesmith import make_tiny

PROJECT = Path(__file__).parents[2]


def in_fresh_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (done.stdout + done.stderr).strip()


def test_the_door_is_light_until_it_is_used() -> None:
    assert in_fresh_process("import litesmith.keras, sys; print('tensorflow' in sys.modules)") == "False"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ImportError, match="cannot import name 'torch'"):
        from litesmith.keras import torch  # noqa: F401


def test_derived_seeds_repeat_and_differ() -> None:
    assert derived_seed(7, "epoch", 1) == derived_seed(7, "epoch", 1)
    seeds = {derived_seed(7, "epoch", number) for number in range(1000)}
    assert len(seeds) == 1000
    assert all(0 <= seed < 2**31 for seed in seeds)


@pytest.mark.slow
def test_importing_tensorflow_says_nothing_and_gives_keras_2() -> None:
    assert in_fresh_process("from litesmith.keras import keras, tf, tfmot; print(keras.__version__[0])") == "2"


@pytest.mark.slow
def test_threads_are_fixed_once() -> None:
    said = in_fresh_process(
        "from litesmith.keras import set_threads, tf\n"
        "from litesmith.errors import MachineError\n"
        "set_threads(1); set_threads(1)\n"
        "print(tf.config.threading.get_intra_op_parallelism_threads())\n"
        "try: set_threads(2)\n"
        "except MachineError as error: print(error)"
    )
    assert said.startswith("1\ncannot set 2 threads: this process computes with 1")
    assert "Set it first" in said


@pytest.mark.slow
def test_tensorflow_imported_elsewhere_first_is_an_error() -> None:
    said = in_fresh_process(
        "import os; [os.environ.pop(k, 0) for k in ('TF_USE_LEGACY_KERAS', 'TF_ENABLE_ONEDNN_OPTS')]\n"
        "import sys; sys.modules['tensorflow'] = sys\n"
        "try: from litesmith.keras import tf\n"
        "except Exception as error: print(error)"
    )
    assert "TensorFlow was imported before" in said
    assert "TF_USE_LEGACY_KERAS=1 TF_ENABLE_ONEDNN_OPTS=1" in said


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
