"""What the judgement of batches finds, and what it costs.

    python -m benchmarks.intake
    python -m benchmarks.intake time 100000   # the seconds of one size alone

The library judges batches drawn from Fashion-MNIST, sound ones and ones with known faults, one at a time
against the same base. `dvc repro fetch` brings the images.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.intake.batches import Images, Labels, Source
from benchmarks.intake.draws import single_images, sound_batches, whole_batches
from benchmarks.intake.judging import Base
from benchmarks.intake.plan import Plan
from benchmarks.intake.timing import timed, timed_in_child
from benchmarks.numbers import read_numbers
from benchmarks.record import Claim, write_result
from litesmith.data.formats.idx import read_pair
from litesmith.data.sources import idx_pairs
from litesmith.host import cpu_seconds
from litesmith.params.loading import read_params
from tasks import catalog

CONFIG = Path(__file__).parent.with_suffix(".yaml")
RESULT = Path("benchmarks/results/intake.json")
WORK = Path(".litesmith/intake-benchmark")


def main() -> None:
    """Measure all, or the seconds of one number of images."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intake", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["time"])
    parser.add_argument("num_images", nargs="?", type=int)
    parser.add_argument("--raw", type=Path, default=catalog.RAW, help="folder of the four IDX files")
    chosen = parser.parse_args()
    plan = read_numbers(CONFIG, Plan)
    images, labels, num_test = _read(chosen.raw)
    params = read_params(catalog.PARAMS)
    if chosen.command:
        with tempfile.TemporaryDirectory() as folder:
            size = chosen.num_images or max(plan.timed)
            figures = timed(images, labels, params.dataset, params.validate_, plan, size, Path(folder))
        print(json.dumps(figures))
        return
    costs = [timed_in_child(chosen.raw, size) for size in plan.timed]
    began = cpu_seconds()
    shutil.rmtree(WORK, ignore_errors=True)
    num_train = len(labels) - num_test
    pool = slice(plan.num_base, num_train)
    source = Source(
        images[pool], labels[pool], images[num_train:], labels[num_train:], int(labels.max()) + 1
    )
    kept = np.r_[0 : plan.num_base, num_train : len(labels)]
    base = Base(images[kept], labels[kept], num_test, params.dataset, params.validate_, WORK)
    measured = {
        "sound": sound_batches(base, source, plan),
        "whole": whole_batches(base, source, plan),
        "single": single_images(base, source, plan),
    }
    spent = {"cpu_s": round(cpu_seconds() - began, 1)}
    head = {"command": "python -m benchmarks.intake", **spent, "plan": plan.model_dump()}
    write_result(RESULT, {**head, **measured, "costs": costs}, _claims(measured, costs, plan))


def _read(raw: Path) -> tuple[Images, Labels, int]:
    """Return training images, then test images, their labels, and the number of the latter."""
    parts = [read_pair(*paths) for paths in idx_pairs(raw).values()]
    images = np.concatenate([part for part, _ in parts])
    labels = np.concatenate([labels for _, labels in parts]).astype(np.int64)
    return images.reshape(*images.shape[:3], -1), labels, len(parts[1][1])


def _claims(measured: Mapping[str, Any], costs: list[dict[str, float]], plan: Plan) -> list[Claim]:
    sound = measured["sound"].values()
    draws, held = (sum(kind[key] for kind in sound) for key in ("draws", "held"))
    kinds = ", ".join(f"{kind['draws']} {name}" for name, kind in measured["sound"].items())
    note = f"{draws} draws: {kinds}"
    claims = [Claim("sound batches left out", "share", held / draws, plan.max_held, True, note=note)]
    flipped = measured["single"]["flipped labels"][f"{plan.flipped_share:g}"]
    words = f"batches left out: {100 * plan.flipped_share:g} % of the labels flipped"
    claims.append(_held(words, flipped, plan.single_size, plan.min_flipped))
    for name, result in measured["whole"].items():
        claims.append(_held(f"batches left out: {name}", result, plan.whole_size, plan.least[name]))
    for name, results in measured["single"].items():
        if name in plan.least:
            claims.append(_found(name, [results[f"{share:g}"] for share in plan.shares], plan))
    last = costs[-1]
    words = f"seconds for {last['images']} images in a base and {last['batches']} batches"
    memory = f"peak of memory {last['peak_memory_mb']:.0f} MB"
    one = "seconds for one batch more"
    claims.append(Claim(words, "s", last["all_s"], plan.max_s, True, plan.goal_s, note=memory))
    claims.append(Claim(one, "s", last["one_more_s"], plan.max_one_more_s, True))
    return claims


def _held(words: str, result: Mapping[str, Any], size: int, least: float) -> Claim:
    note = f"{result['draws']} draws of {size} images"
    return Claim(words, "share", result["held"] / result["draws"], least, False, note=note)


def _found(name: str, results: Sequence[Mapping[str, Any]], plan: Plan) -> Claim:
    """Return the least share of faulty images found, of all shares that are faulty."""
    draws = sum(result["draws"] for result in results)
    note = f"{draws} draws of {plan.single_size} images, {100 * min(plan.shares):g} to "
    note += f"{100 * max(plan.shares):g} % of them faulty; the least of these"
    found = min(result["images_found"] for result in results)
    return Claim(f"images left out: {name}", "share", found, plan.least[name], False, note=note)


if __name__ == "__main__":
    main()
