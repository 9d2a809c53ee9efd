import gzip
from pathlib import Path

from litesmith.tflite.sizes import measure_size


def test_zeros_travel_light_but_lie_heavy(tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(bytes(10_000))
    size = measure_size(tmp_path / "zeros")
    assert size.raw_bytes == 10_000
    assert size.gzip_bytes < 100


def test_compressed_is_what_gzip_writes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 8
    (tmp_path / "file").write_bytes(content)
    with gzip.open(tmp_path / "file.gz", "wb", compresslevel=9) as packed:
        packed.write(content)
    name = len(b"file\0")  # gzip.open writes the name into the header
    assert measure_size(tmp_path / "file").gzip_bytes == (tmp_path / "file.gz").stat().st_size - name
