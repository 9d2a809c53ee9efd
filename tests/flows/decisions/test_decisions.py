"""What follows a decision, without a server: lines of the log, promotion, quarantine."""

import logging
import os
from pathlib import Path

import pytest

from flows.decisions import Conclusion, conclude
from litesmith.files import read_yaml, write_text, yaml_text
from litesmith.release.pointers import Key
from litesmith.release.registry import Order, Registry
from tasks import catalog
from tasks.commands.releases import promote
from tests.litesmith.release.made import DEVICE
from tests.tasks.commands.test_releases import fixture_project, judge

__all__ = ["fixture_project"]
KEY = Key("fashion-mnist", DEVICE)
PERSON = Order("A. Person", "it misreads sixes")


@pytest.fixture(name="night")
def fixture_night(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The workspace of a profile whose runs promote by themselves."""
    monkeypatch.setattr("flows.decisions.get_run_logger", lambda: logging.getLogger("night"))
    root = project / ".workspaces/nightly"
    write_text(root / "params.yaml", (project / "params.yaml").read_text())
    for name in ("devices", "datasets"):
        (root / name).symlink_to(project / name)
    let(root, promote="when decided")
    return root


def let(root: Path, **values: str) -> None:
    """Change what follows a run."""
    content = read_yaml(root / "params.yaml")
    content["retrain"] |= values
    write_text(root / "params.yaml", yaml_text(content))


def concluded(project: Path, root: Path) -> Conclusion:
    conclusion = conclude(project, root, " --profile nightly")
    assert conclusion is not None
    return conclusion


def events(project: Path) -> list[str]:
    return [line.event for line in Registry(project / catalog.RELEASES).log().lines]


def test_a_run_that_judged_nothing_concludes_nothing(project: Path, night: Path) -> None:
    assert conclude(project, night, "") is None
    assert not (project / catalog.RELEASES).exists()


def test_a_decision_waits_for_a_person_by_default(project: Path, night: Path) -> None:
    let(night, promote="never")
    judge(project, night, b"one")
    conclusion = concluded(project, night)
    assert conclusion.is_new and conclusion.promoted is None
    assert conclusion.done == "It waits for a person: `python -m tasks promote --profile nightly`."
    assert events(project) == ["judged"]
    assert not concluded(project, night).is_new
    assert events(project) == ["judged"]
    assert "-0001 is in service" in promote(project, "nightly")


def test_a_run_that_may_promotes_what_was_decided(project: Path, night: Path) -> None:
    judge(project, night, b"one")
    conclusion = concluded(project, night)
    assert conclusion.promoted == "fashion-mnist-wearable-0001"
    assert events(project) == ["judged", "promoted"]
    # The next run judges anew, as another model is in service.
    judge(project, night, b"one", "in service")
    assert concluded(project, night).done == "Nothing has to be done."
    assert events(project) == ["judged", "promoted", "judged"]


@pytest.mark.parametrize(
    ("outcome", "advice"),
    [("keep", "Nothing has to be done."), ("undecided", "A person decides: `python -m tasks promote")],
)
def test_what_was_not_decided_is_quarantined(
    project: Path, night: Path, outcome: str, advice: str
) -> None:
    judge(project, night, b"one", outcome)  # type: ignore[arg-type]
    for _ in range(2):
        assert concluded(project, night).done.startswith(advice)
    (package,) = (project / "releases/refused").iterdir()
    assert (package / "model.tflite").read_bytes() == b"one"
    assert events(project) == ["judged"]


def test_what_cannot_be_compared_is_for_a_person(project: Path, night: Path) -> None:
    judge(project, night, b"one", "not comparable")
    assert concluded(project, night).done == (
        'A person decides: `python -m tasks promote --profile nightly --by NAME --why "TEXT"`.'
    )
    assert events(project) == ["judged"] and not (project / "releases/refused").exists()


def test_a_run_does_not_undo_a_rollback(project: Path, night: Path) -> None:
    for model in (b"one", b"two"):
        judge(project, night, model)
        concluded(project, night)
    registry = Registry(project / catalog.RELEASES)
    registry.rollback(KEY, None, PERSON, lambda _: None)
    # The same files against the same one in service: the decision of that night, word for word.
    judge(project, night, b"two")
    conclusion = concluded(project, night)
    assert not conclusion.is_new
    assert conclusion.done.startswith("Not promoted: this very model was in service as")
    assert "rolled back on" in conclusion.done and "it misreads sixes" in conclusion.done
    # It is not tried again every night.
    assert concluded(project, night).done.startswith("It waits for a person:")
    assert events(project)[4:] == ["rolled back", "refused"]


def test_a_damaged_package_fails_no_run(project: Path, night: Path) -> None:
    judge(project, night, b"one")
    (night / catalog.PACKAGE / "model.tflite").write_bytes(b"onE")
    assert "model.tflite has the SHA-256" in concluded(project, night).done
    assert events(project) == ["judged", "refused"]


def test_a_workspace_that_runs_by_itself_leaves_the_releases_of_its_project(
    project: Path, night: Path
) -> None:
    (night / catalog.RELEASES).symlink_to(os.path.relpath(project / catalog.RELEASES, night))
    judge(project, night, b"one")
    assert "the releases of its project stay" in concluded(night, night).done
    assert events(project) == []
