"""Twelve nights in a row on tiny synthetic images: what becomes of decisions and models.

    python -m benchmarks.nights

In a project of its own, in a temporary folder. Nine nights run under Prefect, which promotes what was
decided, and three by DVC, after which a person promotes. One batch is poisoned, one night cannot be
judged, one model is kept back, and one is rolled back.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.nights.plan import NIGHTS
from benchmarks.nights.running import Project, Seen, make_project, plain
from benchmarks.record import Claim, write_result

RESULT = Path("benchmarks/results/nights.json")
MOST_S = 5.0


def main() -> int:
    """Run the nights, write the result, and return 1 if something is not as it should be."""
    with tempfile.TemporaryDirectory(prefix="litesmith-") as name:
        project = Project(make_project(Path(name) / "project", Path.cwd()), Path(name) / "batches")
        seen = [project.run(night) for night in NIGHTS]
    nights = [
        {"what": night.what, "way": night.way, **plain(left)}
        for night, left in zip(NIGHTS, seen, strict=True)
    ]
    write_result(RESULT, {"command": "python -m benchmarks.nights", "nights": nights}, claims(seen))
    return int(any(left.wrong for left in seen))


def claims(seen: list[Seen]) -> list[Claim]:
    """Return the claims about what the nights left."""
    wrong = [text for left in seen for text in left.wrong]
    promotions = [left.promote_s for left in seen if left.promote_s is not None]
    rollbacks = [left.rollback_s for left in seen if left.rollback_s is not None]
    versions = len(seen[-1].versions)
    note = "; ".join(wrong) or f"{versions} versions, {seen[-1].num_refused} packages in quarantine"
    return [
        Claim(
            f"things that are not as they should be after {len(seen)} nights",
            "inputs", len(wrong), 0, True, note=note,
        ),
        Claim("`promote`, the longest of those by hand", "s", max(promotions), MOST_S, True),
        Claim("`rollback`", "s", max(rollbacks), MOST_S, True),
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
