"""What changed since the reference run: accuracy, data, parameters, packages, hosts."""

import base64
import json
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.answers import keras_variant
from litesmith.analysis.paired import Difference, paired, unpaired
from litesmith.records.baseline import BaselineResult
from litesmith.records.device import LatencyResult
from litesmith.records.evaluate import EvaluateResult
from litesmith.records.figures import AccuracyChange
from litesmith.records.prepare import PrepareResult
from litesmith.records.provenance import Provenance
from litesmith.records.summary import (
    Changed,
    HeadlineSide,
    NetworkSize,
    Reference,
    Results,
    RightAnswers,
    SinceReference,
)
from litesmith.records.validate import RawFiles
from litesmith.report.causes import causes
from litesmith.report.inputs import BASELINE, BASELINE_LITE, ReportInputs
from litesmith.report.provenance import deciding_parameters, hosts_together, versions

Change = Difference | AccuracyChange


def since_reference(inputs: ReportInputs) -> SinceReference | None:
    """Compare a run with the reference run; None if `not_compared` has a reason."""
    reference = inputs.reference
    if reference is None or not_compared(inputs):
        return None
    now = this_run(inputs)
    since = compare_runs(now, reference, inputs.final_file, inputs.reference_files)
    return since.model_copy(update={"causes": causes(inputs, now, since)})


def not_compared(inputs: ReportInputs) -> str:
    """Return why there is no run to compare with; empty if there is one."""
    if inputs.reference is None:
        return "no model is in service yet"
    names = inputs.reference.data["name"], inputs.results.validate.dataset.name
    return "" if names[0] == names[1] else f"the reference run is of {names[0]}, this one of {names[1]}"


def this_run(inputs: ReportInputs) -> Reference:
    """Return this run as the reference of later ones."""
    right = inputs.predictions.predicted[inputs.final] == inputs.predictions.labels
    answers = RightAnswers(num_images=len(right), bits=packed(right))
    results = inputs.results
    data = data_facts(results.validate.dataset.name, results.validate.files, results.prepare)
    run = as_reference(
        results.evaluate, results.latency, data, answers, inputs.provenance, inputs.sha256
    )
    return run.model_copy(update={"baseline": network_size(results.baseline)})


def network_size(baseline: BaselineResult) -> NetworkSize:
    """Return the size of the baseline's network."""
    return NetworkSize(num_parameters=baseline.num_parameters, macs=baseline.macs)


def as_reference(
    evaluated: EvaluateResult,
    latency: LatencyResult,
    data: dict[str, str],
    right: RightAnswers,
    provenance: Mapping[str, Provenance],
    inputs: Mapping[str, str],
) -> Reference:
    """Return what later reports compare themselves with.

    ``data`` are the `data_facts`; the other arguments are those of `Summary` and its results.
    """
    final = evaluated.final
    model = keras_variant(evaluated.variants[final].model)
    return Reference(
        kind="litesmith reference",
        schema_version=3,
        final=final,
        optimized=headline_side(evaluated, latency, final, model, final),
        right=right,
        latency=latency.variants[final],
        data=data,
        provenance=dict(provenance),
        inputs=dict(inputs),
    )


def baseline_side(results: Results) -> HeadlineSide:
    """Return the headline's side of the baseline."""
    return headline_side(results.evaluate, results.latency, BASELINE, BASELINE, BASELINE_LITE)


def headline_side(
    evaluated: EvaluateResult, latency: LatencyResult, measured: str, keras: str, lite: str
) -> HeadlineSide:
    """Return the accuracy of ``measured``, and the sizes and latency of ``keras`` and ``lite``."""
    variants = evaluated.variants
    return HeadlineSide(
        variant=measured,
        accuracy=variants[measured].accuracy,
        accuracy_interval=variants[measured].accuracy_interval,
        balance=variants[measured].balance,
        worst_class=variants[measured].worst_name,
        keras_bytes=variants[keras].bytes,
        tflite_bytes=variants[lite].bytes,
        gzip_bytes=variants[lite].gzip_bytes,
        median_latency_ms=latency.variants[lite].median_ms,
    )


def data_facts(name: str, files: Mapping[str, RawFiles], prepared: PrepareResult) -> dict[str, str]:
    """Return what tells one data set from another, by name."""
    facts = {"name": name}
    for file, content in files.items():
        values = content.model_dump(mode="json")
        facts |= {f"{file} file: {words}": json.dumps(values[key]) for key, words in _FACTS.items()}
    return facts | {
        f"{split} split: SHA-256": summary.sha256 for split, summary in prepared.splits.items()
    }


_FACTS = {
    "num_images": "images",
    "mean": "mean pixel",
    "std": "deviation of pixels",
    "near_empty": "near-empty images",
    "duplicates": "duplicates",
    "per_class": "images by class",
}


def compare_runs(
    now: Reference, before: Reference, final_file: str, reference_files: Sequence[str]
) -> SinceReference:
    """Compare a run with the reference run.

    It has the same model if its final file has the same hash. The inputs ``reference_files`` are not
    compared: they are no result of either run, and never the same, since what a run is compared with
    cannot hold that run's own hash.
    """
    is_paired = now.data[_TEST] == before.data.get(_TEST)
    if is_paired:
        accuracy = paired(unpacked(now.right), unpacked(before.right))
    else:
        sides = ((run.optimized.accuracy, run.right.num_images) for run in (now, before))
        accuracy = unpaired(*next(sides), *next(sides))
    hashes, hashes_before = (
        {path: digest for path, digest in run.inputs.items() if path not in reference_files}
        for run in (now, before)
    )
    return SinceReference(
        final=before.final,
        accuracy=accuracy_change(accuracy),
        paired=is_paired,
        raw_share=now.optimized.tflite_bytes / before.optimized.tflite_bytes,
        gzip_share=now.optimized.gzip_bytes / before.optimized.gzip_bytes,
        data=changes(now.data, before.data),
        parameters=changes(deciding_parameters(now.provenance), deciding_parameters(before.provenance)),
        versions=changes(versions(now.provenance), versions(before.provenance)),
        hosts=changes(hosts_together(now.provenance), hosts_together(before.provenance)),
        inputs=changes(hashes, hashes_before),
        same_run=final_file in hashes and hashes[final_file] == hashes_before.get(final_file),
    )


_TEST = "test split: SHA-256"


def accuracy_change(difference: Difference) -> AccuracyChange:
    """Return a difference as a record."""
    return AccuracyChange(mean=difference.mean, low=difference.low, high=difference.high)


def changes(now: Mapping[str, str], before: Mapping[str, str]) -> tuple[Changed, ...]:
    """Return what differs in two mappings, in the order of the first."""
    return tuple(
        Changed(name=name, now=now.get(name), before=before.get(name))
        for name in dict.fromkeys((*now, *before))
        if now.get(name) != before.get(name)
    )


def packed(right: NDArray[np.bool_]) -> str:
    """Write bool (n,) as the Base64 of one bit for each."""
    return base64.b64encode(np.packbits(right).tobytes()).decode()


def unpacked(right: RightAnswers) -> NDArray[np.bool_]:
    """Return what `packed` wrote, bool (n,)."""
    bits = np.frombuffer(base64.b64decode(right.bits), dtype=np.uint8)
    return np.unpackbits(bits, count=right.num_images).astype(bool)
