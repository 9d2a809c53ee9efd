"""What the judgement of batches finds, and what it costs.

    python -m benchmarks.intake
    python -m benchmarks.intake time 100000   # the seconds of one size alone

The library judges batches drawn from Fashion-MNIST, sound ones and ones with known faults, one at a time
against the same base. `dvc repro fetch` brings the images.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.intake.plan import Plan
from benchmarks.numbers import read_numbers
from benchmarks.record import Claim, write_result
from tasks import catalog

CONFIG = Path(__file__).parent.with_suffix(".yaml")
RESULT = Path("benchmarks/results/intake.json")
# As steps run.
ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1"}


def main() -> None:
    """Measure all, or one part of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intake")
    parser.add_argument("command", nargs="?", choices=["draws", "time"])
    parser.add_argument("num_images", nargs="?", type=int)
    parser.add_argument("--raw", type=Path, default=catalog.RAW, help="folder of the four IDX files")
    chosen = parser.parse_args()
    plan = read_numbers(CONFIG, Plan)
    if chosen.command:
        from benchmarks.intake.measuring import measure_draws, measure_time

        size = chosen.num_images or max(plan.timed)
        is_time = chosen.command == "time"
        print(
            json.dumps(
                measure_time(chosen.raw, plan, size) if is_time else measure_draws(chosen.raw, plan)
            )
        )
        return
    costs = [_child(chosen.raw, "time", str(size)) for size in plan.timed]
    measured = _child(chosen.raw, "draws")
    head = {"command": "python -m benchmarks.intake", "plan": plan.model_dump()}
    write_result(RESULT, {**head, **measured, "costs": costs}, _claims(measured, costs, plan))


def _child(raw: Path, *command: str) -> dict[str, Any]:
    """Return what a part measures in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.intake", *command, "--raw", str(raw)],
        check=True,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, **ENVIRONMENT},
    )
    figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return figures


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
