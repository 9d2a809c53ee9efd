"""Tables judged by Great Expectations.

Source: Great Expectations 1.24, https://docs.greatexpectations.io/docs/core/introduction/ (expectations,
``severity``, ephemeral contexts). Its Data Docs are not built: their pages load from other servers.
"""

from collections.abc import Sequence

import pandas as pd

from litesmith.data.quality.rules import Finding, Offender, Rule
from litesmith.imports import without_grammars

with without_grammars():
    import great_expectations as gx
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.data_context.types import base
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.core import expect_column_values_to_be_between as between
    from great_expectations.expectations.core import expect_column_values_to_be_in_set as in_set
    from great_expectations.expectations.expectation import Expectation
    from great_expectations.expectations.metadata_types import FailureSeverity

LIBRARY = f"great-expectations {gx.__version__}"

_MAX_LISTED = 20
_EMPTY = ("",)
# Great Expectations has no word for what is left out while the rest goes on.
_SEVERITIES = {
    "critical": FailureSeverity.CRITICAL,
    "quarantine": FailureSeverity.WARNING,
    "warning": FailureSeverity.INFO,
}


def check(name: str, table: pd.DataFrame, rules: Sequence[Rule]) -> list[Finding]:
    """Check a table against rules, with a finding per rule, in order.

    A rule that could not be checked has failed. The table has a column ``where``; ``row``, if there,
    says which image a row is about.
    """
    named = [_expectation(rule) for rule in rules]
    keys = [column for column in ("where", "row") if column in table]
    results = _batch(name, table).validate(
        gx.ExpectationSuite(name, expectations=named),
        result_format={"result_format": "COMPLETE", "unexpected_index_column_names": keys},
    )
    by_rule = {_rule_name(result): result for result in results.results}
    return [_finding(name, table, rule, by_rule[rule.name]) for rule in rules]


def _expectation(rule: Rule) -> Expectation:
    if rule.of_text:
        expectation: Expectation = in_set.ExpectColumnValuesToBeInSet(
            column=rule.column, value_set=list(_EMPTY), severity=_SEVERITIES[rule.severity]
        )
    else:
        expectation = between.ExpectColumnValuesToBeBetween(
            column=rule.column,
            min_value=rule.low,
            max_value=rule.high,
            severity=_SEVERITIES[rule.severity],
        )
    return expectation.copy(update={"meta": {"rule": rule.name}})


def _batch(name: str, table: pd.DataFrame) -> Batch:
    """Return a table as a batch of a silent context."""
    config = base.DataContextConfig(
        store_backend_defaults=base.InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=base.ProgressBarsConfig(globally=False),
    )
    context = gx.get_context(project_config=config, mode="ephemeral")
    asset = context.data_sources.add_pandas("intake").add_dataframe_asset(name)
    return asset.add_batch_definition_whole_dataframe(name).get_batch({"dataframe": table})


def _rule_name(result: ExpectationValidationResult) -> str:
    assert result.expectation_config is not None and result.expectation_config.meta is not None
    return str(result.expectation_config.meta["rule"])


def _finding(name: str, table: pd.DataFrame, rule: Rule, result: ExpectationValidationResult) -> Finding:
    rows: tuple[Offender, ...] = ()
    if "unexpected_index_list" in result.result:
        rows = tuple(_offender(rule.column, **row) for row in result.result["unexpected_index_list"])
        observed = _observed(table[rule.column], len(rows))
    else:
        observed = f"could not be checked: {_trouble(result)}"
    return Finding(
        name=rule.name,
        severity=rule.severity,
        table=name,
        success=bool(result.success),
        expected=rule.expected,
        observed=observed,
        num_unexpected=len(rows),
        offenders=tuple(map(str, rows[:_MAX_LISTED])),
        rows=rows,
        rule=rule,
    )


def _offender(column: str, where: str, row: int | None = None, **others: str | int | float) -> Offender:
    """Return a row of a table as an offender."""
    cell = others[column]
    text = f"{column.replace('_', ' ')}: {cell:.4g}" if isinstance(cell, float) else str(cell)
    text = text if isinstance(cell, float | str) else f"{column.replace('_', ' ')}: {cell}"
    measured = None if isinstance(cell, str) else float(cell)
    return Offender(str(where), None if row is None else int(row), text, measured)


def _observed(column: "pd.Series[int] | pd.Series[float] | pd.Series[str]", num_unexpected: int) -> str:
    """Describe a column: its range, or how many of its texts are not empty."""
    if not len(column):
        return "nothing"
    if pd.api.types.is_numeric_dtype(column):
        return f"{column.min():.4g} to {column.max():.4g}"
    return f"{num_unexpected} of {len(column)}"


def _trouble(result: ExpectationValidationResult) -> str:
    """Return the first message of a rule's failed metrics."""
    info = result.exception_info or {}
    details = (entry for entry in (info, *info.values()) if isinstance(entry, dict))
    messages = filter(None, (entry.get("exception_message") for entry in details))
    return str(next(messages, "no reason given"))
