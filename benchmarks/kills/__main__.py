"""Kill -9 in each stage of a run and in `add`, by both ways in, and what the next run makes.

    python -m benchmarks.kills

In projects of their own, in a temporary folder, on synthetic images with a sound batch and one that is
quarantined. One project is left in peace. In the others the run is started, killed in its first stage,
started again, killed in the second, and so on: by turns the stage's process alone, and all processes at
once. `add` is killed too, while another `add` goes on, and a batch comes while the data are judged. In
the end all projects hold the same batches; every output that is no timing must have the same bytes.
"""

import tempfile
from pathlib import Path

from benchmarks.kills.plan import read_config
from benchmarks.kills.projects import Killed, begin, complete, hashes, kill_in_turns, write_batches
from benchmarks.record import Claim, write_result

RESULT = Path("benchmarks/results/kills.json")
WAYS = {"dvc": ("dvc", "repro"), "flow": ("flows", "retrain")}


def main() -> None:
    """Measure and write the result."""
    plan = read_config()
    with tempfile.TemporaryDirectory(prefix="litesmith-") as name:
        root = Path(name)
        batches = write_batches(root / "batches", plan)
        calm = begin(root / "calm", plan)
        for batch in batches:
            complete(calm, ("tasks", "add", str(batch), "--name", batch.name))
        complete(calm, WAYS["dvc"])
        expected = hashes(calm)
        kills: dict[str, list[Killed]] = {}
        differing: dict[str, list[str]] = {}
        for way, command in WAYS.items():
            project = begin(root / way, plan)
            kills[way] = kill_in_turns(project, command, batches, plan, calm)
            complete(project, command)
            made = hashes(project)
            differing[way] = sorted(
                path for path in {*expected, *made} if expected.get(path) != made.get(path)
            )
    measured = {
        "command": "python -m benchmarks.kills",
        "num_outputs": len(expected),
        "kills": {way: [killed.to_plain() for killed in each] for way, each in kills.items()},
        "differing": differing,
    }
    write_result(RESULT, measured, claims(kills, differing, len(expected)))


def claims(
    kills: dict[str, list[Killed]], differing: dict[str, list[str]], num_outputs: int
) -> list[Claim]:
    """Return three claims for each way in."""
    result: list[Claim] = []
    for way, each in kills.items():
        adds, stages = (
            [killed for killed in each if (killed.what == "add") == is_add] for is_add in (True, False)
        )
        alive = sum(killed.was_alive for killed in stages)
        note = f"{num_outputs} files compared"
        result += [
            Claim(f"outputs that differ from an undisturbed run, {way}", "inputs", len(differing[way]),
                  0, True, note=note),
            Claim(f"stages that were killed while they ran, {way}", "inputs", alive, len(stages), False,
                  note=", ".join(killed.what for killed in stages)),
            Claim(f"`add` killed while it ran, {way}", "inputs", sum(add.was_alive for add in adds), 1,
                  False, note=f"of {len(adds)} times"),
        ]  # fmt: skip
    return result


if __name__ == "__main__":
    main()
