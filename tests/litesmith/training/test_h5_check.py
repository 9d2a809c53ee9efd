import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from litesmith.errors import DataError
from litesmith.training.h5_check import checked_h5

INPUT = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 8, 8, 1], "name": "pixels"}}
# what Python's marshal module makes of code, as Keras writes it; never run here
PICKLED = ["4wEAAAAAAAAAAAAAAAEAAAABAAAAQwAAAHMEAAAAfABTAA==\n", None, None]


def model(*layers: dict[str, Any]) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "net", "layers": [INPUT, *layers]}}


def layer(name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": name, "config": {"name": "one", **config}}


def written(folder: Path, config: Any, **attributes: Any) -> Path:
    """Write what Keras would: the description as JSON, and a group of weights."""
    with h5py.File(folder / "model.h5", "w") as file:
        file.attrs["keras_version"] = "2.21.0"
        file.attrs["model_config"] = config if isinstance(config, str) else json.dumps(config)
        file.create_group("model_weights").create_dataset("kernel", data=np.zeros(3, np.float32))
        for name, value in attributes.items():
            file.attrs[name] = value
    return folder / "model.h5"


def refusal(path: Path) -> str:
    with pytest.raises(DataError) as error, checked_h5(path):
        pass
    assert str(error.value).startswith(str(path))
    return str(error.value)


LAMBDA = layer("Lambda", function=PICKLED, function_type="lambda", module="__main__")


def test_a_model_that_only_computes_passes_with_its_classes(tmp_path: Path) -> None:
    initializer = {
        "module": "keras.initializers",
        "class_name": "HeNormal",
        "config": {"seed": None},
        "registered_name": None,
    }
    config = model(layer("Conv2D", kernel_initializer=initializer, activation="relu"), layer("Flatten"))
    with checked_h5(written(tmp_path, config)) as (file, classes):
        assert json.loads(file.attrs["model_config"]) == config
    assert classes == {"Sequential", "InputLayer", "Conv2D", "HeNormal", "Flatten"}


@pytest.mark.parametrize(
    "config",
    [
        model(LAMBDA),
        model(model(model(LAMBDA))),
        model(layer("TimeDistributed", layer=LAMBDA)),
        model(layer("Bidirectional", layer=layer("LSTM"), backward_layer=LAMBDA)),
        model(layer("RNN", cell=LAMBDA)),
        model(layer("QuantizeWrapperV2", layer=LAMBDA)),
        model(layer("Dense", activation=LAMBDA)),
        model(layer("Dense", build_config={"deep": [[[{"er": LAMBDA}]]]})),
    ],
)
def test_a_lambda_layer_is_found_wherever_it_stands(tmp_path: Path, config: Any) -> None:
    messages = refusal(written(tmp_path, config))
    assert (
        "has a Lambda layer, whose code would run as the file is opened. Convert the model to .tflite"
        in messages
    )


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        (layer("MyLayer"), "has a part 'MyLayer' that is not of Keras"),
        (layer("Custom>MyLayer"), "has a part 'Custom>MyLayer'"),
        (layer("TFSMLayer", filepath="/tmp/saved"), "has a part 'TFSMLayer'"),
        (layer("TensorFlowOpLayer", node_def="..."), "has a part 'TensorFlowOpLayer'"),
        (layer("StringLookup", vocabulary="/etc/hostname"), "has a part 'StringLookup'"),
        (layer("TFOpLambda", function="io.read_file"), "calls TensorFlow's function 'io.read_file'"),
        (layer("TFOpLambda", function="numpy_function"), "calls TensorFlow's function 'numpy_function'"),
        (layer("TFOpLambda"), "calls TensorFlow's function None"),
        (layer("SlicingOpLambda", function="py_function"), "calls TensorFlow's function 'py_function'"),
        (layer("ClassMethod", cls_symbol="RaggedTensor"), "has a part 'ClassMethod'"),
        (layer("Dense", activation="eval"), "calls the activation 'eval'"),
        (layer("LSTM", recurrent_activation="get"), "calls the activation 'get'"),
        (
            layer("Dense", activation={"class_name": "function", "config": "system", "module": "os"}),
            "calls the function 'system'",
        ),
        (
            layer("Dense", activation={"class_name": "function", "config": "relu", "module": "os"}),
            "takes 'function' from the module 'os'",
        ),
        ({**layer("Dense"), "module": "antigravity"}, "takes 'Dense' from the module 'antigravity'"),
        ({**layer("Dense"), "module": "kerasx"}, "takes 'Dense' from the module 'kerasx'"),
        ({**layer("Dense"), "module": "keras.layers\nos"}, "takes 'Dense' from the module"),
        ({**layer("Dense"), "module": ["keras"]}, "takes 'Dense' from the module"),
        (
            {**layer("Dense"), "registered_name": "Theirs>Dense"},
            "names 'Theirs>Dense', which its maker registered",
        ),
        (layer("__lambda__", value=PICKLED), "has a part '__lambda__'"),
        (layer("__typespec__", spec_name="system"), "has a part '__typespec__'"),
        (layer("TypeSpec"), "has a part 'TypeSpec'"),
    ],
)
def test_what_is_not_known_to_compute_only_is_refused(
    tmp_path: Path, part: dict[str, Any], reason: str
) -> None:
    assert reason in refusal(written(tmp_path, model(part)))


@pytest.mark.parametrize("function", ["reverse", "reshape", "math.reduce_mean"])
def test_functions_that_compute_pass(tmp_path: Path, function: str) -> None:
    with checked_h5(written(tmp_path, model(layer("TFOpLambda", function=function)))) as (_, classes):
        assert "TFOpLambda" in classes


def test_links_and_numbers_of_other_files_are_refused(tmp_path: Path) -> None:
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["numbers"] = np.zeros(3)
    layout = h5py.VirtualLayout((3,), np.float64)
    layout[:] = h5py.VirtualSource(other, "numbers", (3,))
    path = written(tmp_path, model())
    pointers = {
        "soft": lambda group: group.__setitem__("kernel2", h5py.SoftLink("/model_weights/kernel")),
        "external": lambda group: group.__setitem__("kernel2", h5py.ExternalLink("other.h5", "numbers")),
        "dangling": lambda group: group.__setitem__("kernel2", h5py.SoftLink("/nowhere")),
        "virtual": lambda group: group.create_virtual_dataset("kernel2", layout),
        "raw": lambda group: group.create_dataset(
            "kernel2", (3,), "f4", external=[("/etc/hostname", 0, 12)]
        ),
    }
    messages = {}
    for name, point in pointers.items():
        with h5py.File(path, "a") as file:
            point(file["model_weights"])
        messages[name] = refusal(path)
        with h5py.File(path, "a") as file:
            del file["model_weights/kernel2"]
    assert all(
        "points at something else in /model_weights/kernel2" in messages[name]
        for name in ("soft", "external")
    )
    assert "points at something else" in messages["dangling"]
    assert all(
        "takes the numbers of /model_weights/kernel2 from another file" in messages[name]
        for name in ("virtual", "raw")
    )


def test_groups_that_hold_each_other_are_looked_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, model())
    with h5py.File(path, "a") as file:
        file["model_weights/again"] = file["model_weights"]
        file["model_weights/root"] = file["/"]
    with checked_h5(path) as (_, classes):
        assert classes == {"Sequential", "InputLayer"}


def test_weights_alone(tmp_path: Path) -> None:
    path = written(tmp_path, model())
    with h5py.File(path, "a") as file:
        del file.attrs["model_config"]
    assert (
        "holds no description of a model, only weights at most. Expected a whole model: save it with"
        in refusal(path)
    )


def test_keras_3(tmp_path: Path) -> None:
    assert "was saved by Keras 3.6.0. Expected Keras 2" in refusal(
        written(tmp_path, model(), keras_version="3.6.0")
    )
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file.create_group("layers")
    assert "was saved by Keras 3. Expected Keras 2" in refusal(tmp_path / "weights.h5")


@pytest.mark.parametrize(
    "description",
    [
        "",
        "{",
        '{"class_name": [1], "config": {}}',
        '{"class_name": null}',
        "[" * 100_000,
        '"\\ud800"x',
        "\x01",
    ],
)
def test_a_description_that_makes_no_sense(tmp_path: Path, description: str) -> None:
    assert "model.h5" in refusal(written(tmp_path, description or " "))


def test_a_description_that_is_no_text(tmp_path: Path) -> None:
    messages = refusal(written(tmp_path, model(), model_config=np.arange(3)))
    assert "its description is ndarray, expected text" in messages


def test_missing_empty_and_cut_short(tmp_path: Path) -> None:
    assert "is missing. Expected a Keras .h5 file" in refusal(tmp_path / "gone.h5")
    (tmp_path / "empty.h5").write_bytes(b"")
    assert "is not a Keras .h5 model" in refusal(tmp_path / "empty.h5")
    content = written(tmp_path, model()).read_bytes()
    (tmp_path / "short.h5").write_bytes(content[: len(content) // 2])
    assert "is not a Keras .h5 model" in refusal(tmp_path / "short.h5")
