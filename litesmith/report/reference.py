"""What changed since the reference run, told from two summaries: accuracy, data, parameters, packages, hosts."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litesmith.report.difference import Difference, paired, unpaired
from litesmith.report.records import Absent, first_absent, plain
from litesmith.report.sections.provenance.section import flat_parameters, hosts, versions


@dataclass(frozen=True)
class Changed:
    """One thing that is not what it was in the reference run; None where it was not there at all."""

    name: str
    now: str | None
    before: str | None


@dataclass(frozen=True)
class Since:
    """What changed since the reference run.

    Args:
        final: Name of the reference's final variant.
        accuracy: Accuracy of the final variant minus that of the reference's.
        paired: Whether both answered the same test images and were compared image by image.
        raw_share: Bytes of the final file as a share of the reference's.
        gzip_share: The same after gzip.
        data: Facts of the data set that are not what they were.
        parameters: Parameters that are not what they were.
        versions: Packages that are not of the version they were.
        hosts: Hosts that are not what they were.
        inputs: Hashes of the page's inputs that are not what they were.
        same_run: Whether this is the reference run itself: every input has the hash that it had, those with times too.
    """

    final: Any
    accuracy: Difference | Absent
    paired: bool
    raw_share: float | Absent
    gzip_share: float | Absent
    data: tuple[Changed, ...]
    parameters: tuple[Changed, ...]
    versions: tuple[Changed, ...]
    hosts: tuple[Changed, ...]
    inputs: tuple[Changed, ...]
    same_run: bool = False

    @property
    def parameter(self) -> dict[str, Changed]:
        """The parameters that are not what they were, by name."""
        return {one.name: one for one in self.parameters}

    @property
    def other_inputs(self) -> set[str]:
        """Names of the inputs whose hash is not what it was."""
        return {one.name for one in self.inputs}


def since(now: Any, before: Any, reference_file: str) -> Since | Absent:
    """Compare the summary of a run with that of the reference run, if there is one.

    Args:
        now: The summary of the run as a `Record`.
        before: The summary of the reference run as a `Record`, or `Absent`.
        reference_file: Name of the input that held ``before``. It is no result of either run, and never the same:
            what a run is compared with cannot hold that run's own hash.
    """
    if isinstance(before, Absent):
        return before
    names = [run["dataset"]["name"] for run in (now, before)]
    if first_absent(*names) is None and names[0] != names[1]:
        return Absent(f"the reference run is of {names[1]}, this one of {names[0]}")
    rights, hashes = _rights(now, before), [_hashes(run, reference_file) for run in (now, before)]
    return Since(
        final=before["final"],
        accuracy=paired(*rights) if rights else _accuracies(now, before),
        paired=rights is not None,
        raw_share=_share(now, before, "tflite_bytes"),
        gzip_share=_share(now, before, "gzip_bytes"),
        data=changes(data_facts(now["results"]), data_facts(before["results"])),
        parameters=changes(*(_parameters(run) for run in (now, before))),
        versions=changes(dict(versions(now["made"])), dict(versions(before["made"]))),
        hosts=changes(_hosts(now), _hosts(before)),
        inputs=changes(*hashes),
        same_run=bool(hashes[0]) and hashes[0] == hashes[1],
    )


def changes(now: Mapping[str, str], before: Mapping[str, str]) -> tuple[Changed, ...]:
    """Return what is not the same in two mappings, in the order of the first, then what is in the second alone."""
    names = dict.fromkeys((*now, *before))
    return tuple(
        Changed(name, now.get(name), before.get(name))
        for name in names
        if now.get(name) != before.get(name)
    )


def data_facts(results: Any) -> dict[str, str]:
    """Return what tells one data set from another, by name: its own, the files' contents, the splits' hashes."""
    facts = {"name": str(results["validate"]["dataset"]["name"])}
    for name, file in results["validate"]["files"].items():
        shown = ("num_images", "mean", "std", "near_empty", "duplicates", "per_class")
        facts |= {f"{name} file: {_FACTS[key]}": json.dumps(plain(file[key], "n/r")) for key in shown}
    splits = results["prepare"]["splits"]
    return facts | {f"{name} split: SHA-256": str(split["sha256"]) for name, split in splits.items()}


_FACTS = {
    "num_images": "images",
    "mean": "mean pixel",
    "std": "deviation of pixels",
    "near_empty": "near-empty images",
    "duplicates": "duplicates",
    "per_class": "images by class",
}


def packed(right: NDArray[np.bool_]) -> str:
    """Write which images were got right, bool (n,), as the Base64 of one bit for each."""
    return base64.b64encode(np.packbits(right).tobytes()).decode()


def unpacked(text: str, num: int) -> NDArray[np.bool_] | None:
    """Return what `packed` wrote, bool (num,), or None if it is not that."""
    try:
        bits = np.unpackbits(np.frombuffer(base64.b64decode(text, validate=True), dtype=np.uint8))
    except (binascii.Error, ValueError, TypeError):
        return None
    return bits[:num].astype(bool) if num <= len(bits) < num + 8 else None


def _rights(now: Any, before: Any) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Return which of the same images both runs got right, or None if they were not the same."""
    tests = [run["results"]["prepare"]["splits"]["test"]["sha256"] for run in (now, before)]
    if first_absent(*tests) is not None or tests[0] != tests[1]:
        return None
    found = [
        unpacked(run["right"]["bits"], plain(run["right"]["num_images"], 0)) for run in (now, before)
    ]
    if found[0] is None or found[1] is None or not 0 < len(found[0]) == len(found[1]):
        return None
    return found[0], found[1]


def _accuracies(now: Any, before: Any) -> Difference | Absent:
    pairs = [
        (run["headline"]["optimized"]["accuracy"], run["results"]["evaluate"]["num_images"])
        for run in (now, before)
    ]
    return unpaired(*pairs[0], *pairs[1])


def _share(now: Any, before: Any, quantity: str) -> float | Absent:
    sizes = [run["headline"]["optimized"][quantity] for run in (now, before)]
    missing = first_absent(*sizes)
    return float(sizes[0] / sizes[1]) if missing is None else missing


def _hashes(run: Any, reference_file: str) -> dict[str, str]:
    return {path: str(digest) for path, digest in run["inputs"].items() if path != reference_file}


def _parameters(run: Any) -> dict[str, str]:
    """Return a run's parameters but where its data set came from: the files are the same whatever the source."""
    return {
        name: value for name, value in flat_parameters(run["made"]).items() if name != "fetch.sources"
    }


def _hosts(run: Any) -> dict[str, str]:
    return {"hosts": "; ".join(sorted(host for host, _ in hosts(run["made"])))}
