from pathlib import Path

import pytest

from litesmith.data.rows import read_rows
from litesmith.params.sections.dataset import KeyedForm
from litesmith.params.sections.fetch import IntakeParams
from tasks import catalog
from tasks.steps.intake import Ins, Outs, intake
from tests.batch_sets import form, write_arrays, write_pictures


def test_base_and_batches_of_the_data_set_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_pictures(catalog.RAW, 2, 1)
    write_arrays(catalog.INCOMING / "bugs/a.npz", 3, 2)
    write_arrays(catalog.INCOMING / "others/b.npz", 3, 3)
    intake.function(
        params=IntakeParams(num_workers=1),
        ins=Ins(),
        outs=Outs(),
        dataset=KeyedForm(**dict(form()), key="bugs"),
        cache=Path("cache"),
    )
    assert [row.batch for row in read_rows(catalog.INTAKE / "rows.csv")] == ["base"] * 6 + ["a"] * 3
    assert len(list(Path("cache").iterdir())) == 2


def test_it_waits_for_the_list_of_arrivals() -> None:
    assert {catalog.ARRIVALS, catalog.INCOMING} <= {port.path for port in intake.ins}
