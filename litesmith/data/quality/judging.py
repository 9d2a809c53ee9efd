"""Judging batch after batch.

A batch is compared with what was accepted before it. The reference that it is compared with is made
anew when the accepted images have grown by a share: so that cost grows with the images, not with their
square.
"""

import logging
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from litesmith.data.quality.cache import Cache, chain, code_digest
from litesmith.data.quality.copies import Pairs
from litesmith.data.quality.faults import (
    HELD_BACK,
    LABEL,
    PLACES,
    Faults,
    Found,
    Known,
    as_faults,
    copy_faults,
    group_faults,
    least_ink,
    near_copy_faults,
    own_faults,
)
from litesmith.data.quality.intake import Intake
from litesmith.data.quality.judge import content_keys
from litesmith.data.quality.labels import Suggestions, join, suggest
from litesmith.data.quality.looks import look, pairs_across_splits
from litesmith.data.quality.reference import (
    Comparison,
    Fitted,
    compare,
    describe_content,
    fit_reference,
)
from litesmith.data.quality.rules import MOST_ALIKE, Rule, batch_rules
from litesmith.data.quality.verdicts import BatchVerdict, Part, State, Verdicts
from litesmith.params.sections.validate import ValidateParams

_LOG = logging.getLogger(__name__)

# Fewer accepted images are nothing to compare with.
_LEAST_ROWS = 20
# How sure it must be that more images are alike by nature than copies can be told among.
_RARE = 0.01


def judge_intake(
    intake: Intake,
    places: NDArray[np.str_],
    params: ValidateParams,
    cache: Cache | None = None,
) -> Verdicts:
    """Judge all batches in their order, each against what was accepted before it.

    Args:
        intake: Images and labels, batch by batch, one batch at least.
        places: Split of each image, (n,): one of `PLACES`.
        params: Thresholds.
        cache: Of what was computed before; it changes no result.
    """
    return _Judging(intake, places, params, cache or Cache()).verdicts()


@dataclass(frozen=True)
class _First:
    """The first batch, which has nothing to be compared with but itself."""

    min_ink_share: float
    alike_share: float
    label_noise: float
    train: Part
    test: Part
    faults: Faults
    suggestions: Suggestions


@dataclass(frozen=True)
class _Later:
    """A later batch."""

    part: Part
    faults: Faults
    suggestions: Suggestions


class _Judging:
    """What is known while batches are judged one after another."""

    def __init__(
        self,
        intake: Intake,
        places: NDArray[np.str_],
        params: ValidateParams,
        cache: Cache,
    ) -> None:
        self.intake, self.places, self.params, self.cache = intake, places, params, cache
        self._by_hand, self._rules = intake.by_hand, batch_rules(params)
        self._spans = list(intake.spans().values())
        self._first = list(intake.spans()).index(intake.first)
        self._pixels = [chain(np.asarray(intake.images[span])) for span in self._spans]
        self._looks = look(intake, self._pixels, cache)
        self._keys = content_keys(intake.digests.tolist(), intake.rows.group.tolist())
        ranks = {place: rank for rank, place in enumerate(PLACES)}
        self._ranks = np.array([ranks[place] for place in places.tolist()], np.int64)
        self._accepted = np.zeros(len(intake), np.bool_)
        self._known: dict[str, int] = {}
        self._fitted_rows = np.zeros(0, np.int64)
        self._fit_key = ""
        self._fitted: Fitted | None = None
        self._pairs: Pairs | None = None
        deciding = params.model_dump_json(exclude={"max_thumbnails"})
        self._key = chain(code_digest(), deciding, intake.form.model_dump_json())

    def verdicts(self) -> Verdicts:
        """Judge all batches."""
        number = self._first
        key = self._next_key(number)
        first = self.cache.get(_First, key, self._judge_first)
        parts = tuple(part for part in (first.train, first.test) if part.num_rows)
        verdicts = {number: self._verdict(number, key, parts, (), first.faults)}
        suggested = [first.suggestions]
        # What comes before the first batch with images has none itself.
        for number in (number for number in range(len(self._spans)) if number != self._first):
            key = self._next_key(number)
            later = self.cache.get(_Later, key, partial(self._judge_later, number, first))
            values = later.part.values()
            broken = tuple(rule for rule in self._rules if not rule.keeps(values[rule.column]))
            verdicts[number] = self._verdict(number, key, (later.part,), broken, later.faults)
            suggested.append(later.suggestions)
        return Verdicts(
            intake=self.intake,
            places=self.places,
            batches=tuple(verdicts[number] for number in sorted(verdicts)),
            accepted=self._accepted,
            measures=self._looks.measures,
            suggestions=join(suggested),
            min_ink_share=first.min_ink_share,
            alike_share=first.alike_share,
            label_noise=first.label_noise,
        )

    def _next_key(self, number: int) -> str:
        """Return a digest of all that decides about a batch, with those before it."""
        span = self._spans[number]
        table = self.intake.rows.iloc[span].to_csv(index=False, lineterminator="\n")
        digests = [str(self.intake.batches.digest.iat[number]), *self.intake.digests[span]]
        by_hand = sorted(self._by_hand.intersection(digests))
        places = " ".join(self.places[span].tolist())
        self._key = chain(self._key, self._pixels[number], table, places, *by_hand)
        return self._key

    def _verdict(
        self, number: int, key: str, parts: tuple[Part, ...], broken: tuple[Rule, ...], faults: Faults
    ) -> BatchVerdict:
        """Return the verdict on a batch, and take it in if it is accepted."""
        name, digest = (str(self.intake.batches[column].iat[number]) for column in ("batch", "digest"))
        state: State = "accepted"
        if broken:
            state = "accepted by hand" if digest in self._by_hand else "quarantined"
            _LOG.info("%s is %s: %s", name, state, ", ".join(rule.name for rule in broken))
        if state != "quarantined":
            self._accept(self._spans[number], faults, key)
        return BatchVerdict(name, state, broken, parts, faults)

    def _accept(self, span: slice, faults: Faults, key: str) -> None:
        """Take in a batch; if all have grown enough, renew the reference."""
        self._accepted[span] = True
        self._accepted[faults.rows] = False
        for row in (span.start + np.flatnonzero(self._accepted[span])).tolist():
            self._known.setdefault(self.intake.digests[row], row)
        rows = np.flatnonzero(self._accepted & (self.places == "train"))
        if len(rows) >= max(_LEAST_ROWS, (1 + self.params.min_growth) * len(self._fitted_rows)):
            self._fitted_rows, self._fit_key, self._fitted = rows, key, None

    def _reference(self) -> Fitted | None:
        """Return the reference, None if there is too little for one."""
        if self._fitted is None and len(self._fitted_rows):
            rows = self._fitted_rows
            self._fitted = self.cache.get(Fitted, self._fit_key, lambda: self._fit(rows))
        return self._fitted

    def _fit(self, rows: NDArray[np.int64]) -> Fitted:
        intake, looked = self.intake, self._looks.of(rows)
        labels, num_classes = intake.labels[rows], intake.form.num_classes
        return fit_reference(intake.images, rows, labels, self._keys[rows], looked, num_classes)

    def _judge_first(self) -> _First:
        """Judge the first batch: against itself, and its test images against its train images."""
        span, labels = self._spans[self._first], self.intake.labels
        rows = np.arange(span.start, span.stop)
        tested = self.intake.rows.given.to_numpy(str)[span] == "test"
        test, train = rows[tested], rows[~tested]
        ink = self.params.min_ink_share
        ink = least_ink(self._looks.of(span)) if ink is None else ink
        drawn = rows[~tested & np.isin(self.places[span], HELD_BACK)]
        pairs = self._all_pairs(span.start)
        pairs = pairs.of((pairs.rows < span.stop) & ~np.isin(pairs.others, test))
        num_alike = len(np.intersect1d(drawn, pairs.rows))
        tells = bool(binom.sf(num_alike - 1, len(drawn), MOST_ALIKE) >= _RARE)
        found = self._faults(self._first, ink, [*test.tolist(), *train.tolist()], tells)
        # Published test images stay as they are, but for what is no image of a class at all.
        found = {row: fault for row, fault in found.items() if not tested[row] or fault[0] == LABEL}
        faults = as_faults(found)
        sound = np.setdiff1d(rows, faults.rows)
        learned = sound[self.places[sound] == "train"]
        if len(learned) >= _LEAST_ROWS:
            self._fitted_rows, self._fit_key = learned, self._key
        probabilities, noise = self._probabilities(rows), 0.0
        suggested = self._suggest(rows, probabilities)
        if (fitted := self._reference()) is not None:
            own = fitted.suggestions
            noise = float((own.labels != labels[learned]).mean())
            suggested.labels[learned], suggested.margins[learned] = own.labels, own.margins
        checked = np.intersect1d(test, sound)
        compared = self._compare(checked, probabilities[checked])
        own_name = "train" if len(test) else "images"
        return _First(
            min_ink_share=ink,
            alike_share=0.0 if tells else num_alike / len(drawn),
            label_noise=noise,
            train=self._part(own_name, train, sound, Comparison()),
            test=self._part("test", test, sound, compared),
            faults=faults,
            suggestions=suggested,
        )

    def _judge_later(self, number: int, first: _First) -> _Later:
        """Judge a batch against what was accepted before it."""
        span = self._spans[number]
        rows = np.arange(span.start, span.stop)
        own = self._faults(number, first.min_ink_share, rows.tolist(), not first.alike_share)
        faults = as_faults(own)
        sound, probabilities = np.setdiff1d(rows, faults.rows), self._probabilities(rows)
        compared = self._compare(sound, probabilities[sound - span.start])
        part = self._part(str(self.intake.batches.batch.iat[number]), rows, sound, compared)
        return _Later(part, faults, self._suggest(rows, probabilities))

    def _faults(self, number: int, min_ink_share: float, rows: list[int], tells: bool) -> Found:
        """Return the faults of a batch's rows, the first of equal images coming first."""
        span = self._spans[number]
        known = Known(self.intake, self.places, self._known)
        found = own_faults(self.intake, span, self._looks.of(span), min_ink_share)
        found |= copy_faults(known, [row for row in rows if row not in found])
        found |= group_faults(self.places, [row for row in rows if row not in found])
        if tells:
            found |= near_copy_faults(known, self._near(span, found))
        return {
            row: fault
            for row, fault in found.items()
            if fault[0] == LABEL or self.intake.digests[row] not in self._by_hand
        }

    def _near(self, span: slice, found: Found) -> Pairs:
        """Return pairs of near-copies, first the one to leave out."""
        pairs = self._all_pairs(span.start)
        inside = (pairs.rows >= span.start) & (pairs.rows < span.stop)
        faulty = np.array(sorted(found), np.int64)
        within = (pairs.others >= span.start) & ~np.isin(pairs.others, faulty)
        inside &= ~np.isin(pairs.rows, faulty) & (within | self._accepted[pairs.others])
        pairs = pairs.of(inside)
        ranks = self._ranks
        turned = (pairs.others >= span.start) & (ranks[pairs.others] < ranks[pairs.rows])
        rows = np.where(turned, pairs.others, pairs.rows)
        return Pairs(rows, np.where(turned, pairs.rows, pairs.others), pairs.correlations)

    def _all_pairs(self, start: int) -> Pairs:
        """Return near-copies of all rows from the first one that is asked for."""
        if self._pairs is None:
            least = self.params.min_copy_correlation
            start = len(self.intake) if least is None else start
            self._pairs = pairs_across_splits(self.intake, self._looks, self.places, start, least or 1.0)
        return self._pairs

    def _probabilities(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the judge's probabilities for consecutive rows, even without one."""
        num_classes, fitted = self.intake.form.num_classes, self._reference()
        if fitted is None or not len(rows):
            return np.full((len(rows), num_classes), 1 / num_classes, np.float32)
        return fitted.reference.judge.probabilities(self.intake.images[rows[0] : rows[-1] + 1])

    def _suggest(self, rows: NDArray[np.int64], probabilities: NDArray[np.float32]) -> Suggestions:
        fitted = self._reference()
        never = np.full(self.intake.form.num_classes, 2.0)
        thresholds = never if fitted is None else fitted.reference.labels.thresholds
        return suggest(probabilities, self.intake.labels[rows], thresholds)

    def _compare(self, rows: NDArray[np.int64], probabilities: NDArray[np.float32]) -> Comparison:
        fitted = self._reference()
        if fitted is None or not len(rows):
            return Comparison()
        labels, looked = self.intake.labels[rows], self._looks.of(rows)
        return compare(fitted.reference, labels, looked, probabilities, self.params)

    def _part(
        self, name: str, rows: NDArray[np.int64], sound: NDArray[np.int64], compared: Comparison
    ) -> Part:
        chosen, labels = np.intersect1d(rows, sound), self.intake.labels
        content = describe_content(labels[chosen], self._looks.of(chosen), self.intake.form.num_classes)
        return Part(name, len(rows), int((labels[rows] < 0).sum()), content, compared)
