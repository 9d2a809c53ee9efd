"""All gates, in the order in which decisions show them.

A new one is a module here and an entry in the tuple.
"""

from litesmith.judging.gates.classes import CLASSES
from litesmith.judging.gates.comparison import COMPARISON
from litesmith.judging.gates.data import DATA
from litesmith.judging.gates.device import DEVICE
from litesmith.judging.gates.flips import FLIPS
from litesmith.judging.gates.floor import FLOOR
from litesmith.judging.gates.gate import Gate
from litesmith.judging.gates.latency import LATENCY
from litesmith.judging.gates.quantization import QUANTIZATION
from litesmith.judging.gates.regression import REGRESSION

GATES: tuple[Gate, ...] = (
    DATA,
    FLOOR,
    COMPARISON,
    CLASSES,
    FLIPS,
    REGRESSION,
    QUANTIZATION,
    DEVICE,
    LATENCY,
)
