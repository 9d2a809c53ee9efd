"""Check of Keras ``.h5`` files, which could run code or read other files.

An ``.h5`` file says in JSON which layers a model has, and Keras calls what is named there: a ``Lambda``
layer holds compiled Python code that runs as the file is opened, and a ``module`` may name any module of
the machine. So this is a list of what is known to compute and nothing else, not one of known dangers.

Sources: tf_keras' ``saving/legacy/serialization.py`` and ``saving/serialization_lib.py``.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from litesmith.errors import DataError

if TYPE_CHECKING:
    import h5py

_RAISED = "Convert the model to .tflite with what made it, or build it of Keras' own layers."

_LAYERS = """
    Activation ActivityRegularization Add AdditiveAttention AlphaDropout Attention Average
    AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D BatchNormalization
    BatchNormalizationV1 BatchNormalizationV2 Bidirectional CenterCrop Concatenate Conv1D Conv1DTranspose
    Conv2D Conv2DTranspose Conv3D Conv3DTranspose ConvLSTM1D ConvLSTM2D ConvLSTM3D Convolution1D
    Convolution2D Convolution2DTranspose Convolution3D Cropping1D Cropping2D Cropping3D Dense
    DepthwiseConv1D DepthwiseConv2D Dot Dropout ELU EinsumDense Embedding Flatten Functional GRU GRUCell
    GaussianDropout GaussianNoise GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D
    GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D
    GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D GroupNormalization Identity InputLayer LSTM
    LSTMCell LayerNormalization LeakyReLU LocallyConnected1D LocallyConnected2D Masking MaxPool1D
    MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D Maximum Minimum Model MultiHeadAttention
    Multiply Normalization PReLU Permute RNN RandomBrightness RandomContrast RandomCrop RandomFlip
    RandomHeight RandomRotation RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling
    Reshape Resizing SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D
    Sequential SimpleRNN SimpleRNNCell Softmax SpatialDropout1D SpatialDropout2D SpatialDropout3D
    StackedRNNCells Subtract SyncBatchNormalization ThresholdedReLU TimeDistributed UnitNormalization
    UpSampling1D UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
"""
# Initializers and what holds weights, types of numbers, and how JSON writes what it cannot express.
_PARTS = """
    Constant GlorotNormal GlorotUniform HeNormal HeUniform Identity LecunNormal LecunUniform Ones
    Orthogonal RandomNormal RandomUniform TruncatedNormal VarianceScaling Zeros L1 L1L2 L2
    OrthogonalRegularizer MaxNorm MinMaxNorm NonNeg RadialConstraint UnitNorm Policy TensorShape
    __ellipsis__ __tuple__
"""
# Quantization-aware training, as TF-MOT writes it.
_QUANTIZATION = """
    QuantizeAwareActivation NoOpActivation QuantizeWrapper QuantizeWrapperV2 QuantizeLayer
    OutputOnlyConfig Default8BitQuantizeConfig Default8BitQuantizeConfigRNN
    Default8BitActivationQuantizeConfig Default8BitConvQuantizeConfig
    Default8BitConvTransposeQuantizeConfig Default8BitOutputQuantizeConfig NoOpQuantizeConfig
    AllValuesQuantizer LastValueQuantizer MovingAverageQuantizer FixedQuantizer FixedQuantizeConfig
    NoQuantizer
"""
_ACTIVATION_NAMES = """
    elu exponential gelu hard_sigmoid leaky_relu linear log_softmax mish relu relu6 selu sigmoid silu
    softmax softplus softsign swish tanh
"""
# Functions of TensorFlow that a model may call: they compute from tensors alone, without files or code.
_FUNCTION_NAMES = """
    abs add cast clip_by_value concat constant divide exp expand_dims eye fill identity image.resize
    linalg.matmul math.abs math.add math.divide math.exp math.log math.maximum math.minimum math.multiply
    math.negative math.pow math.reduce_max math.reduce_mean math.reduce_min math.reduce_prod
    math.reduce_std math.reduce_sum math.reduce_variance math.rsqrt math.sigmoid math.sqrt math.square
    math.squared_difference math.subtract math.tanh math.truediv math.l2_normalize maximum minimum
    multiply nn.avg_pool nn.avg_pool2d nn.bias_add nn.conv2d nn.depth_to_space nn.depthwise_conv2d nn.elu
    nn.gelu nn.leaky_relu nn.log_softmax nn.max_pool nn.max_pool2d nn.moments nn.relu nn.relu6 nn.selu
    nn.sigmoid nn.silu nn.softmax nn.softplus nn.space_to_depth ones_like pad reduce_mean reduce_sum
    repeat reshape reverse shape split square squeeze stack strided_slice subtract tanh tile transpose
    unstack zeros_like __operators__.add __operators__.eq __operators__.getitem __operators__.ne
"""
QUANTIZATION = frozenset(_QUANTIZATION.split())
_CLASSES = QUANTIZATION.union(_LAYERS.split(), _PARTS.split())
_ACTIVATIONS = frozenset(_ACTIVATION_NAMES.split())
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
_OPERATIONS = ("TFOpLambda", "SlicingOpLambda")
_MODULE = re.compile(r"(tf_)?keras(\.\w+)*|tensorflow_model_optimization(\.\w+)*")


@contextmanager
def checked_h5(path: Path) -> Iterator[tuple["h5py.File", frozenset[str]]]:
    """Open a Keras ``.h5`` file whose model is known to compute only.

    The yielded file is the one that was checked, so that nobody can put another in its place in between.

    Yields:
        The open file, and the names of all classes that its model is built of.

    Raises:
        DataError: The file is missing, is no whole Keras 2 model, points at other files, or names
            anything that is not known to compute only.
    """
    import h5py

    if not path.is_file():
        raise DataError(f"{path} is missing. Expected a Keras .h5 file: make it again, or name another.")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise _broken(path, error) from error
    with file:
        try:
            _refuse_pointers(path, file)
            config = _config(path, file)
            classes = frozenset(_checked(path, config))
        except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
            raise _broken(path, error) from error
        yield file, classes


def _broken(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is not a Keras .h5 model: {error}. Make it again, or name another.")


def _refuse_pointers(path: Path, file: "h5py.File") -> None:
    """Raise if anything in the file points elsewhere, such as at another file."""
    import h5py

    groups: list[h5py.Group] = [file]
    seen = set()
    while groups:
        group = groups.pop()
        for name in group:
            where = f"{group.name.rstrip('/')}/{name}"
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise DataError(f"{path} points at something else in {where}, with a link. {_RAISED}")
            member = group[name]
            if isinstance(member, h5py.Group):
                if member.id not in seen:
                    seen.add(member.id)
                    groups.append(member)
            elif isinstance(member, h5py.Dataset) and (member.external or member.is_virtual):
                raise DataError(f"{path} takes the numbers of {where} from another file. {_RAISED}")


def _config(path: Path, file: "h5py.File") -> object:
    """Return the model's description."""
    version = _text(file.attrs.get("keras_version", ""))
    if version.startswith("3") or ("model_config" not in file.attrs and "layers" in file):
        raise DataError(
            f"{path} was saved by Keras {version or 3}. Expected Keras 2: save it with `tf_keras`, or "
            "convert it to .tflite."
        )
    if "model_config" not in file.attrs:
        raise DataError(
            f"{path} holds no description of a model, only weights at most. Expected a whole model: "
            "save it with `model.save(...)`, not with `save_weights`."
        )
    config: object = json.loads(_text(file.attrs["model_config"]))
    return config


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if isinstance(value, str):
        return value
    raise TypeError(f"its description is {type(value).__name__}, expected text")


def _checked(path: Path, config: object) -> Iterator[str]:
    """Yield the class names of a description; refuse unknown names."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value.values())
            if "class_name" in value:
                _require_known(path, value)
                yield value["class_name"]
            for name in (value.get("activation"), value.get("recurrent_activation")):
                if isinstance(name, str) and name not in _ACTIVATIONS:
                    raise DataError(
                        f"{path} calls the activation {name!r}, which is not known here. {_RAISED}"
                    )


def _require_known(path: Path, value: dict[str, object]) -> None:
    """Raise unless a class, its module and its registered name are known."""
    name, module, config = value["class_name"], value.get("module"), value.get("config")
    if name == "Lambda":
        raise DataError(
            f"{path} has a Lambda layer, whose code would run as the file is opened. {_RAISED}"
        )
    if name in _OPERATIONS:
        function = config.get("function") if isinstance(config, dict) else None
        if function not in _FUNCTIONS:
            raise DataError(
                f"{path} calls TensorFlow's function {function!r}, which is not known here. {_RAISED}"
            )
    elif name == "function":
        if config not in _ACTIVATIONS:
            raise DataError(f"{path} calls the function {config!r}, which is not known here. {_RAISED}")
    elif name not in _CLASSES:
        raise DataError(f"{path} has a part {name!r} that is not of Keras or not known here. {_RAISED}")
    is_keras = isinstance(module, str) and _MODULE.fullmatch(module) is not None
    is_builtin = name == "function" and module == "builtins"
    if module is not None and not is_keras and not is_builtin:
        raise DataError(
            f"{path} takes {name!r} from the module {module!r}, expected Keras' own. {_RAISED}"
        )
    registered = value.get("registered_name")
    if registered is not None and registered not in (name, config):
        raise DataError(f"{path} names {registered!r}, which its maker registered with Keras. {_RAISED}")
