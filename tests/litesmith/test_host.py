import os

import pytest

from litesmith.host import cpu_name_in, describe_host


def test_host_is_named_in_full() -> None:
    host = describe_host()
    assert set(host) == {"system", "cpu", "cores", "python"}
    assert host["cores"] == os.cpu_count()
    assert all(host.values())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n\n"
            "processor\t: 1\nmodel\t\t: 1\n",
            "AMD EPYC (family 25, model 17)",
        ),
        ("processor\t: 0\nmodel name\t: ARMv7 Processor rev 4 (v7l)\n", "ARMv7 Processor rev 4 (v7l)"),
        ("processor\t: 0\nmodel\t\t: 17\nBogoMIPS\t: 50.00\n", ""),
        ("", ""),
    ],
)
def test_generations_of_a_processor_are_distinguished(text: str, name: str) -> None:
    assert cpu_name_in(text) == name
