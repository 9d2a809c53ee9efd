"""Score ``.tflite`` files on the official test images of Fashion-MNIST, with LiteRT and NumPy alone.

    python benchmarks/score.py data/raw                               every file in benchmarks/models
    python benchmarks/score.py data/raw some.tflite another.tflite

The folder holds ``t10k-images-idx3-ubyte.gz`` and ``t10k-labels-idx1-ubyte.gz`` as they are published.
Nothing else of this project is needed.
"""

import argparse
import gzip
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

MODELS = Path(__file__).with_name("models")
OFFICIAL = ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")


def score(file: Path, folder: Path) -> float:
    """Return the share of the official test images that an int8 file names right."""
    images, labels = (gzip.decompress((folder / name).read_bytes()) for name in OFFICIAL)
    model = Interpreter(str(file), num_threads=1)
    model.allocate_tensors()
    (input_details,), (output_details,) = model.get_input_details(), model.get_output_details()
    scale, zero_point = input_details["quantization"]
    pixels = (
        np.frombuffer(images, np.uint8, offset=16)
        .reshape(-1, *input_details["shape"])
        .astype(np.float32)
        / 255
    )
    inputs = np.clip(np.rint(pixels / scale) + zero_point, -128, 127).astype(np.int8)
    right = 0
    for stored, label in zip(inputs, labels[8:], strict=True):
        model.set_tensor(input_details["index"], stored)
        model.invoke()
        right += int(model.get_tensor(output_details["index"]).argmax() == label)
    return right / len(inputs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the score of each file."""
    parser = argparse.ArgumentParser(
        description="Score .tflite files on the official test images of Fashion-MNIST."
    )
    parser.add_argument("folder", type=Path, help="where the official files lie")
    parser.add_argument("files", type=Path, nargs="*", help="of benchmarks/models, if none is named")
    options = parser.parse_args(arguments)
    missing = [name for name in OFFICIAL if not (options.folder / name).is_file()]
    files = options.files or sorted(MODELS.glob("*.tflite"))
    if missing or not files:
        what = (
            f"{options.folder} does not hold {' and '.join(missing)}"
            if missing
            else f"{MODELS} holds no .tflite file"
        )
        print(
            f"error: {what}. Name the folder with the official files, then the files to score.",
            file=sys.stderr,
        )
        return 1
    for file in files:
        try:
            print(f"{score(file, options.folder):.4f}  {file.name}")
        except (OSError, EOFError, zlib.error, ValueError, RuntimeError) as error:
            fix = "Fetch the official files again, or name an int8 file that takes their images."
            print(
                f"error: {file} cannot be scored on the files in {options.folder}: {error}. {fix}",
                file=sys.stderr,
            )
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
