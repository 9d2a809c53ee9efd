"""All of ``params.yaml``."""

from functools import cache
from typing import Annotated, Self

from pydantic import Field, model_validator

from litesmith.params.section import Indifferent, Section, Seed
from litesmith.params.sections.baseline import BaselineParams
from litesmith.params.sections.convert import ConvertParams
from litesmith.params.sections.dataset import Dataset
from litesmith.params.sections.device import Device
from litesmith.params.sections.evaluate import EvaluateParams
from litesmith.params.sections.fetch import FetchParams, IntakeParams
from litesmith.params.sections.judge import JudgeParams
from litesmith.params.sections.prune import PruneParams
from litesmith.params.sections.quantize import QuantizeParams
from litesmith.params.sections.report import ReportParams
from litesmith.params.sections.retrain import RetrainParams
from litesmith.params.sections.sweep import SweepParams
from litesmith.params.sections.teach import TeachParams
from litesmith.params.sections.validate import ValidateParams


class Params(Section):
    """All of ``params.yaml``, with the data set and the device that it names."""

    seed: Seed
    dataset: Dataset
    fetch: Annotated[FetchParams, Indifferent()]
    intake: IntakeParams
    validate_: Annotated[ValidateParams, Field(alias="validate")]
    device: Device
    baseline: BaselineParams
    teach: TeachParams
    sweep: SweepParams
    prune: PruneParams
    quantize: QuantizeParams
    convert: ConvertParams
    evaluate: EvaluateParams
    judge: JudgeParams
    report: Annotated[ReportParams, Indifferent()]
    retrain: RetrainParams

    def section(self, key: str) -> Section:
        """Return the section that a top-level key of ``params.yaml`` leads to.

        Raises:
            KeyError: There is no such section.
        """
        sections = {type(self).model_fields[name].alias or name: value for name, value in self}
        if not isinstance(section := sections.get(key), Section):
            raise KeyError(key)
        return section

    @model_validator(mode="after")
    def _no_budget_is_looser(self) -> Self:
        limits = dict(self.device)
        looser = [
            f"sweep.budget.{name} is {most}, more than the {limits[name]} of the device "
            f"(devices/{self.device.name}.yaml). A budget may be tighter than the device, never looser: "
            f"write {limits[name]} or less, or null for the device's own limit."
            for name, most in self.sweep.budget
            if most is not None and most > limits[name]
        ]
        if looser:
            raise ValueError("\n".join(looser))
        return self


@cache
def indifferent_places() -> frozenset[str]:
    """Return what changes no result: a section, or a parameter as ``sweep.num_workers``."""
    places = set(Params.indifferent())
    for name, field in Params.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            places |= {f"{field.alias or name}.{inner}" for inner in section.indifferent()}
    return frozenset(places)
