"""All that decides a search besides its seed."""

from dataclasses import dataclass
from pathlib import Path

from litesmith.data.splits import read_split
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.network import ImageShape
from litesmith.params.sections.sweep import SearchParams
from litesmith.records.form import DataForm
from litesmith.search.lengths import Length, rung_lengths
from litesmith.search.space import search_for, search_with
from litesmith.training.distillation import read_targets
from litesmith.training.networks import image_shape

# With teachers, images are changed as they saw them, without a choice. The name enters the results.
_TEACHERS_AUGMENTATION = "as the teachers saw"


@dataclass(frozen=True)
class Plan:
    """A search on one data set.

    Attributes:
        params: What the search offers for these images, see `litesmith.search.space.search_for`.
        train: Folder of the training split.
        num_train: Images in it.
        validation: Folder of the validation split.
        targets: Folder of the distillation targets of the training split.
    """

    params: SearchParams
    limits: HardLimits
    form: DataForm
    train: Path
    num_train: int
    validation: Path
    num_validation: int
    targets: Path

    @property
    def images(self) -> ImageShape:
        """Shape of the images and classes."""
        return image_shape(self.form)

    @property
    def lengths(self) -> list[Length]:
        """Lengths of the rungs' trainings, the shortest first."""
        return rung_lengths(self.params, self.num_train)


def plan_search(
    params: SearchParams,
    limits: HardLimits,
    form: DataForm,
    *,
    train: Path,
    validation: Path,
    targets: Path,
) -> Plan:
    """Return the search on a data set, of all that ``params`` offer.

    Args:
        params: Of any data set.
        limits: Of every network that is trained.
        form: Of the images.
        train: Folder of the training split.
        validation: Folder of the validation split.
        targets: Folder of the distillation targets; if there are any, images are changed as they were.

    Raises:
        ParamsError: The images are too small for every number of stages.
        DataError: A folder does not hold what it must.
    """
    num_train = len(read_split(train).labels)
    shortest = min(length.num_rows for length in rung_lengths(params, num_train))
    params = search_for(params, form, num_rows=shortest)
    taught = read_targets(targets, params.distillation)
    if taught is not None:
        params = search_with(params, _TEACHERS_AUGMENTATION, taught.augmentation)
    return Plan(
        params=params,
        limits=limits,
        form=form,
        train=train,
        num_train=num_train,
        validation=validation,
        num_validation=len(read_split(validation).labels),
        targets=targets,
    )
