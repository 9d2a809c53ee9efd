import os

from litesmith.host import describe_host


def test_host_is_named_in_full() -> None:
    host = describe_host()
    assert set(host) == {"system", "cpu", "cores", "python"}
    assert host["cores"] == os.cpu_count()
    assert all(host.values())
