from dataclasses import dataclass

from flows.sweep import job_name, plain_fields


@dataclass(frozen=True)
class _Job:
    number: int
    rung: int


@dataclass(frozen=True)
class _Result:
    accuracy: float
    state: str
    weights: list[float]


def test_jobs_are_called_by_trial_and_rung() -> None:
    assert job_name(_Job(3, 1), 0) == "trial 3 rung 1"
    assert job_name("anything", 4) == "job 4"


def test_only_numbers_and_words_of_a_result_are_shown() -> None:
    assert plain_fields(_Result(0.5, "complete", [1.0])) == {"accuracy": 0.5, "state": "complete"}
    assert plain_fields({"accuracy": 0.5, "rungs": []}) == {"accuracy": 0.5}
    assert plain_fields(0.25) == {"result": 0.25}
    assert plain_fields([1, 2]) == {}
