"""Lengths of trainings and their work, by the size of a data set."""

from dataclasses import dataclass

from litesmith.params.sections.sweep import FullLength, Rung, SearchParams

# A rung that would leave out fewer than so many of the rows takes all.
_MOST_ROWS = 0.8


@dataclass(frozen=True)
class Length:
    """Length of a training: passes over a number of images."""

    epochs: int
    num_rows: int

    def work(self, macs: int) -> float:
        """Return the modelled work for a network of ``macs`` multiply-accumulates for an image."""
        return float(macs) * self.num_rows * self.epochs


def rung_length(rung: Rung, num_train: int, max_epochs: int) -> Length:
    """Return the length of a rung's trainings where there are ``num_train`` images.

    On a small data set a rung sees as many images as on a large one, each more often, up to
    ``max_epochs`` times.
    """
    num_rows = rung.num_rows if rung.num_rows <= _MOST_ROWS * num_train else num_train
    return Length(min(max(1, round(rung.num_images / num_rows)), max_epochs), num_rows)


def rung_lengths(params: SearchParams, num_train: int) -> list[Length]:
    """Return the lengths of a search's trainings, the shortest first."""
    return [rung_length(rung, num_train, params.max_epochs) for rung in params.rungs]


def full_length(full: FullLength, macs: int, num_train: int) -> Length:
    """Return the length of a full training on ``num_train`` images.

    It has the epochs that the work allows, within their bounds: many on a small data set, few on a large
    one.
    """
    epochs = int(full.max_work / (float(macs) * num_train))
    return Length(min(max(epochs, full.min_epochs), full.max_epochs), num_train)
