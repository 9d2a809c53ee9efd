"""Whether trainings end in the same bytes with other instructions of the processor, and elsewhere.

    python -m benchmarks.instructions

oneDNN, which multiplies for TensorFlow, takes the widest instructions that a processor has. Here it is
held to narrower ones, each in a process of its own and in turns: what the weights hash to tells whether
they decide, CPU-seconds tell their price. The images are noise from a seed, which every rounding shows
in. Each host that runs this adds its hashes to the result, or replaces those that it added before.
"""

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from benchmarks.numbers import read_numbers
from benchmarks.record import Claim, host_words, installed, where, write_result
from litesmith.data.formats.labelled import count_noun
from litesmith.data.splits import Split
from litesmith.files import read_json
from litesmith.host import cpu_seconds
from litesmith.params.section import ComputeDtype, Count, Section, Seed
from litesmith.params.sections.baseline import BaselineParams
from litesmith.params.sections.network import ImageShape, NetworkParams
from litesmith.params.sections.recipe import Recipe
from litesmith.records.form import DataForm
from litesmith.training.types import KerasModel

CONFIG = Path(__file__).with_suffix(".yaml")
RESULT = Path("benchmarks/results/instructions.json")
_LIMIT = "ONEDNN_MAX_CPU_ISA"
AS_FOUND = "as found"
_AVX512 = "AVX512_CORE"

Hosts = dict[str, dict[str, Any]]


class Training(Section):
    """A training, and the instructions that it is held to in turns.

    Attributes:
        recipe: None for plain Keras `fit` of the baseline.
    """

    network: NetworkParams | None
    recipe: Recipe | None
    compute_dtype: ComputeDtype
    instructions: list[Literal["as found", "AVX512_CORE_BF16", "AVX512_CORE", "AVX2"]]


class Config(Section):
    """All of ``instructions.yaml``."""

    seed: Seed
    num_images: Count
    side: Count
    num_classes: Count
    rounds: Count
    baseline: BaselineParams
    trainings: Annotated[dict[str, Training], Field(min_length=1)]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure this host and write the result, or train once and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("training", nargs="?", help="train this once")
    parser.add_argument("instructions", nargs="?", help="with these instructions")
    chosen = parser.parse_args(arguments)
    config = read_numbers(CONFIG, Config)
    if chosen.training:
        print(json.dumps(train_once(config, chosen.training, chosen.instructions or AS_FOUND)))
        return
    here = where()
    hosts: Hosts = read_json(RESULT)["hosts"] if RESULT.is_file() else {}
    hosts[host_words(here["host"])] = measure(config)
    head = {"command": "python -m benchmarks.instructions", "numbers": config.model_dump(mode="json")}
    write_result(RESULT, {**head, "hosts": hosts}, claims(config, hosts))


def measure(config: Config) -> dict[str, Any]:
    """Train everything in turns; return hashes and seconds of each training by instructions."""
    runs: dict[str, dict[str, list[dict[str, Any]]]] = {
        name: {held: [] for held in training.instructions} for name, training in config.trainings.items()
    }
    for _ in range(config.rounds):
        for name, by_held in runs.items():
            for held, found in by_held.items():
                found.append(_child(name, held))
    told = {
        name: {held: _summary(found) for held, found in by_held.items()}
        for name, by_held in runs.items()
    }
    return {"trainings": told, "versions": installed()}


def _child(name: str, held: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.instructions", name, held]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _summary(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the hashes of all rounds, one if they agree, and the median of the seconds."""
    return {
        "weights": sorted({each["weights"] for each in found}),
        "file": sorted({each["file"] for each in found}),
        "cpu_s": round(statistics.median(each["cpu_s"] for each in found), 2),
    }


def train_once(config: Config, name: str, held: str) -> dict[str, Any]:
    """Train with instructions; return hashes of the weights and of the int8 file, and the seconds."""
    from litesmith.tflite.precisions.int8 import INT8
    from litesmith.training import backend

    backend.set_threads(1)
    # oneDNN reads it at its first operation, and the backend clears it whenever it loads a package.
    assert backend.keras.Model and backend.tf.constant
    if held != AS_FOUND:
        os.environ[_LIMIT] = held
    training, validation = (_noise(config, part) for part in ("training", "validation"))
    began = cpu_seconds()
    model = _trained(config, config.trainings[name], training, validation)
    spent = cpu_seconds() - began
    weights = b"".join(np.ascontiguousarray(weight).tobytes() for weight in model.get_weights())
    file = INT8.convert(model, training.images[:100])
    hashes = {
        key: hashlib.sha256(content).hexdigest()[:16]
        for key, content in (("weights", weights), ("file", file))
    }
    return {**hashes, "cpu_s": round(spent, 2)}


def _trained(config: Config, training: Training, images: Split, validation: Split) -> KerasModel:
    from litesmith.training import backend, loop
    from litesmith.training.job import TrainingJob
    from litesmith.training.networks import build_baseline, build_network, network_spec

    backend.seed_everything(config.seed)
    shape = ImageShape(height=config.side, width=config.side, channels=1, num_classes=config.num_classes)
    if training.network is None or training.recipe is None:
        model = build_baseline(shape, config.baseline, "model")
        loop.train_plain(model, images, validation, config.baseline, seed=config.seed)
        return model
    form = DataForm(
        class_names=tuple(map(str, range(config.num_classes))),
        height=config.side,
        width=config.side,
        channels=1,
        fit="pad",
        ground="dark",
        mirror_safe=True,
    )
    model = build_network(network_spec(training.network, shape), "model")
    dtype = training.compute_dtype
    job = TrainingJob(images, validation, form, training.recipe, config.seed, compute_dtype=dtype)
    loop.train(model, job)
    return model


def _noise(config: Config, part: str) -> Split:
    """Return images of noise with labels that follow from their middles."""
    rng = np.random.default_rng([config.seed, len(part)])
    shape = (config.num_images, config.side, config.side, 1)
    images = rng.integers(0, 256, shape, np.uint8)
    middle = images[:, config.side // 2, config.side // 2, 0].astype(np.int64)
    labels = (middle * config.num_classes // 256).astype(np.uint8)
    return Split(images, labels, np.arange(config.num_images))


def claims(config: Config, hosts: Hosts) -> list[Claim]:
    """Return whether AVX-512 and its extensions, and other hosts, change what float32 trains."""
    exact = [name for name, each in config.trainings.items() if each.compute_dtype == "float32"]
    inside = [
        name
        for host in hosts.values()
        for name in exact
        if len(_hashes(host, name, AS_FOUND, "weights") | _hashes(host, name, _AVX512, "weights")) > 1
    ]
    prices = "; ".join(
        f"{name}: {_price(host, name)}" for host in hosts.values() for name in config.trainings
    )
    result = [
        Claim(
            "trainings in float32 that AVX-512 alone, without its extensions, ends in other bytes",
            "inputs", len(inside), 0, True, note=f"of {len(exact) * len(hosts)}; {prices}",
        )
    ]  # fmt: skip
    for what, key in (("weights", "weights"), ("int8 files", "file")):
        seen = {name: _over_hosts(hosts, name, key) for name in exact}
        differing = sum(len(hashes) > 1 for hashes in seen.values())
        result.append(
            Claim(f"trainings in float32 whose {what} differ between hosts", "inputs",
                  differing if len(hosts) > 1 else None, 0, True, note=count_noun(len(hosts), "host")),
        )  # fmt: skip
    return result


def _hashes(host: Mapping[str, Any], name: str, held: str, key: str) -> set[str]:
    return set(host["trainings"][name][held][key])


def _over_hosts(hosts: Hosts, name: str, key: str) -> set[str]:
    return {digest for host in hosts.values() for digest in _hashes(host, name, AS_FOUND, key)}


def _price(host: Mapping[str, Any], name: str) -> str:
    """Return what other instructions cost as a multiple of those found, and whether bytes change."""
    by_held = host["trainings"][name]
    found = by_held[AS_FOUND]
    return ", ".join(
        f"{held} {'the same' if each['weights'] == found['weights'] else 'other'} bytes at "
        f"{each['cpu_s'] / found['cpu_s']:.2f} times the CPU-seconds"
        for held, each in by_held.items()
        if held != AS_FOUND
    )


if __name__ == "__main__":
    main()
