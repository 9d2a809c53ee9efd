"""What the files take of time, on the host that timed them."""

from typing import Annotated

from litesmith.params.section import about
from litesmith.records.device import LimitCheck
from litesmith.records.provenance import Host
from litesmith.records.record import Count, Record


class FileLatency(Record):
    """Milliseconds for one image on one thread: median and two percentiles of single runs."""

    median_ms: float
    p90_ms: float
    p99_ms: float


class LatencyResult(Record):
    """Timings of the files, taken in turns."""

    host: Host
    runtime: str
    num_threads: Count
    num_warmup: Count
    num_rounds: Annotated[Count, about("Rounds in which the files took turns.")]
    runs_per_round: Count
    variants: dict[str, FileLatency]
    limits: Annotated[tuple[LimitCheck, ...], about("What the final file takes of the limit on time.")]
