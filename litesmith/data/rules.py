"""Rules for raw data, checked by Great Expectations.

Source: Great Expectations 1.24, https://docs.greatexpectations.io/docs/core/introduction/ (expectations,
``mostly``, ``severity``, ephemeral contexts). Its Data Docs are not built: their pages load from other
servers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import great_expectations as gx
import pandas as pd
from great_expectations.core.expectation_validation_result import ExpectationValidationResult
from great_expectations.data_context.types import base
from great_expectations.datasource.fluent.interfaces import Batch
from great_expectations.expectations.core import expect_column_pair_values_to_be_equal as pair_equal
from great_expectations.expectations.core import expect_column_values_to_be_between as between
from great_expectations.expectations.core import expect_column_values_to_be_in_set as in_set
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.metadata_types import FailureSeverity

from litesmith.data import statistics
from litesmith.data.statistics import Finding, Offender, RawSet
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.validate import ValidateParams
from litesmith.records.validate import DatasetName, Pictures, RawFiles, ValidateResult

_MAX_LISTED = 20
_CRITICAL, _WARNING = FailureSeverity.CRITICAL, FailureSeverity.WARNING


@dataclass(frozen=True)
class Rule:
    """An expectation about a column, and its text."""

    name: str
    column: str
    expected: str
    expectation: Expectation


@dataclass(frozen=True)
class Verdict:
    """The result of all rules.

    ``overlap`` counts test images that are also train images. If the files themselves are wrong, there
    are no summaries in ``files`` and no rows in ``images``, the table of `images_table`.
    """

    findings: list[Finding]
    files: dict[str, RawFiles]
    overlap: int
    images: pd.DataFrame

    @property
    def blocks(self) -> bool:
        """Whether a critical rule fails."""
        return any(finding.blocks for finding in self.findings)


def judge_set(raw: RawSet, params: ValidateParams, dataset: DatasetParams) -> Verdict:
    """Check the files ``train`` and ``test``, and if these are right, their images."""
    files = statistics.files_table(raw, dataset.height, dataset.width)
    findings = judge("files", files, file_rules(files.expected_shape.tolist()))
    if any(finding.blocks for finding in findings):
        return Verdict(findings, {}, 0, pd.DataFrame())
    images, sets = statistics.images_table(raw), statistics.sets_table(raw)
    classes = statistics.classes_table(raw, len(dataset.classes or ()))
    findings += judge("images", images, image_rules(params, len(dataset.classes or ()), len(images)))
    findings += judge("classes", classes, class_rules(params))
    findings += judge("sets", sets, set_rules(params))
    summaries = statistics.describe_files(images, classes, sets, params.min_ink_share)
    overlap = int((images.overlap_with != "").sum())
    return Verdict(findings, summaries, overlap, images)


def verdict_result(verdict: Verdict, dataset: DatasetParams, pictures: Pictures) -> ValidateResult:
    """Return the record of a verdict."""
    return ValidateResult(
        passed=not verdict.blocks,
        dataset=DatasetName(name=dataset.name, synthetic=dataset.synthetic),
        rules=tuple(verdict.findings),
        files=verdict.files,
        overlap=verdict.overlap,
        expectation_library=f"great-expectations {gx.__version__}",
        thumbnails=pictures,
    )


def verdict_metrics(verdict: Verdict) -> dict[str, object]:
    """Return the numbers to compare between runs."""
    failed = sum(not finding.success for finding in verdict.findings)
    files = {name: file.model_dump(exclude={"per_class"}) for name, file in verdict.files.items()}
    rules = {"passed": len(verdict.findings) - failed, "failed": failed}
    return {**files, "overlap": verdict.overlap, "rules": rules}


def file_rules(expected_shapes: Sequence[str]) -> list[Rule]:
    """Return the rules for the table of files, given their shapes in words."""
    shapes = f"{', '.join(expected_shapes)}, as the file of the data set says"
    pair = pair_equal.ExpectColumnPairValuesToBeEqual(
        column_A="shape", column_B="expected_shape", severity=_CRITICAL
    )
    return [
        Rule("header_dtype", "dtype", "uint8", _in_set("dtype", "uint8")),
        Rule("header_shape", "shape", shapes, pair),
    ]


def image_rules(params: ValidateParams, num_classes: int, num_images: int) -> list[Rule]:
    """Return the rules for the table of images.

    The number of images turns allowed numbers into allowed shares.
    """
    copies, overlap, empty = params.max_duplicates, params.max_overlap, params.max_near_empty
    most, ink = num_classes - 1, params.min_ink_share
    ink_text = f"at least {ink:g} of the pixels are not zero, {_exceptions(empty)}"
    copies_text = f"no image is the same as an earlier one of its file, {_exceptions(copies)}"
    overlap_text = f"no test image is the same as a train image, {_exceptions(overlap)}"
    inked = _between("ink_share", ink, 1.0, _all_but(empty, num_images))
    original = _in_set("copy_of", "", mostly=_all_but(copies, num_images))
    apart = _in_set("overlap_with", "", mostly=_all_but(overlap, num_images))
    contrast = _between("contrast", 1, None)
    return [
        Rule("label_range", "label", f"labels from 0 to {most}", _between("label", 0, most)),
        Rule("constant_images", "contrast", "two different pixels at least", contrast),
        Rule("near_empty_images", "ink_share", ink_text, inked),
        Rule("exact_duplicates", "copy_of", copies_text, original),
        Rule("train_test_overlap", "overlap_with", overlap_text, apart),
    ]


def class_rules(params: ValidateParams) -> list[Rule]:
    """Return the rules for the table of classes."""
    low, high = params.min_class_share, params.max_class_share
    words = f"each class has a share from {low:g} to {high:g} of its file"
    return [Rule("class_balance", "share", words, _between("share", low, high))]


def set_rules(params: ValidateParams) -> list[Rule]:
    """Return the rules for the table of sets."""
    rules = [
        Rule(f"intensity_{column}", column, f"from {low:g} to {high:g}", _between(column, low, high))
        for column, (low, high) in (("mean", params.mean_range), ("std", params.std_range))
    ]
    most = params.max_mean_shift
    shifted = _between("mean_shift", 0.0, most, severity=_WARNING)
    text = f"test and train means differ by at most {most:g}"
    return [*rules, Rule("intensity_shift", "mean_shift", text, shifted)]


def judge(name: str, table: pd.DataFrame, rules: Sequence[Rule]) -> list[Finding]:
    """Check a table against rules, with a finding per rule, in order.

    A rule that could not be checked has failed. The table has a column ``file``; ``index``, if there,
    says which image a row is about.
    """
    named = [rule.expectation.copy(update={"meta": {"rule": rule.name}}) for rule in rules]
    keys = [column for column in ("file", "index", "label") if column in table]
    results = _batch(name, table).validate(
        gx.ExpectationSuite(name, expectations=named),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": keys},
    )
    by_rule = {_rule_name(result): result for result in results.results}
    return [_finding(name, table, rule, by_rule[rule.name]) for rule in rules]


def _between(
    column: str,
    low: float,
    high: float | None,
    mostly: float = 1.0,
    severity: FailureSeverity = _CRITICAL,
) -> Expectation:
    return between.ExpectColumnValuesToBeBetween(
        column=column, min_value=low, max_value=high, mostly=mostly, severity=severity
    )


def _in_set(column: str, value: str, mostly: float = 1.0) -> Expectation:
    return in_set.ExpectColumnValuesToBeInSet(
        column=column, value_set=[value], mostly=mostly, severity=_CRITICAL
    )


def _all_but(num_allowed: int, num_rows: int) -> float:
    """Return the share that must pass, as Great Expectations computes it."""
    return max(num_rows - num_allowed, 0) / max(num_rows, 1)


def _exceptions(num_allowed: int) -> str:
    return f"with at most {num_allowed} exceptions" if num_allowed else "without exception"


def _batch(name: str, table: pd.DataFrame) -> Batch:
    """Return a table as a batch of a silent context."""
    config = base.DataContextConfig(
        store_backend_defaults=base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=base.ProgressBarsConfig(globally=False),
    )
    context = gx.get_context(project_config=config, mode="ephemeral")
    asset = context.data_sources.add_pandas("raw").add_dataframe_asset(name)
    return asset.add_batch_definition_whole_dataframe(name).get_batch({"dataframe": table})


def _rule_name(result: ExpectationValidationResult) -> str:
    assert result.expectation_config is not None and result.expectation_config.meta is not None
    return str(result.expectation_config.meta["rule"])


def _finding(name: str, table: pd.DataFrame, rule: Rule, result: ExpectationValidationResult) -> Finding:
    rows: tuple[Offender, ...] = ()
    if "unexpected_index_list" in result.result:
        rows = tuple(_offender(rule.column, **row) for row in result.result["unexpected_index_list"])
        observed = _observed(table[rule.column])
    else:
        observed = f"could not be checked: {_trouble(result)}"
    return Finding(
        name=rule.name,
        severity="critical" if rule.expectation.severity == _CRITICAL else "warning",
        table=name,
        success=bool(result.success),
        expected=rule.expected,
        observed=observed,
        num_unexpected=len(rows),
        offenders=tuple(map(str, rows[:_MAX_LISTED])),
        rows=rows,
    )


def _offender(
    column: str,
    file: str,
    index: int | None = None,
    label: int | None = None,
    **others: str | int | float,
) -> Offender:
    """Return a row of a table as an offender."""
    cell = label if column == "label" else others[column]
    value = f"{cell:.4g}" if isinstance(cell, float) else str(cell)
    of_class = f"class {label}, " if index is None and label is not None else ""
    text = f"{of_class}{column.replace('_', ' ')}: {value}"
    return Offender(str(file), None if index is None else int(index), text)


def _observed(column: "pd.Series[int] | pd.Series[float] | pd.Series[str]") -> str:
    """Describe a column: its range, or its first different words."""
    if pd.api.types.is_numeric_dtype(column):
        return f"{column.min():.4g} to {column.max():.4g}"
    words = [str(word) or "none" for word in column.unique()[:4]]
    return ", ".join([*words, "..."] if column.nunique() > len(words) else words)


def _trouble(result: ExpectationValidationResult) -> str:
    """Return the first message of a rule's failed metrics."""
    info = result.exception_info or {}
    details = (entry for entry in (info, *info.values()) if isinstance(entry, dict))
    messages = filter(None, (entry.get("exception_message") for entry in details))
    return str(next(messages, "no reason given"))
