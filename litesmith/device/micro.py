"""Runs a ``.tflite`` file under TensorFlow Lite Micro.

``python -m litesmith.device.micro FILE.tflite`` runs it once on zeros; then the recording allocator
prints on standard error what memory it allocated. A process of its own, as native code does the printing
and a broken file can end it.
"""

import sys
from pathlib import Path

import numpy as np

# What the interpreter may take at most. The allocator reports what it took, however much there was.
_ARENA_BYTES = 16 * 2**20


def main(arguments: list[str]) -> int:
    """Run the file that the first argument names and print the allocations."""
    from tflite_micro import runtime

    try:
        content = Path(arguments[0]).read_bytes()
        interpreter = runtime.Interpreter.from_bytes(content, arena_size=_ARENA_BYTES)
        details = interpreter.get_input_details(0)
        interpreter.set_input(np.zeros(details["shape"], details["dtype"]), 0)
        interpreter.invoke()
    except (RuntimeError, ValueError) as error:  # native code has printed the reason before
        print(error, file=sys.stderr)
        return 1
    interpreter.print_allocations()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
