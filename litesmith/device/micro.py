"""Runs a ``.tflite`` file under TensorFlow Lite Micro.

``python -m litesmith.device.micro FILE.tflite`` runs it once on zeros; then the recording allocator says
on standard error what memory it gave away. A process of its own, as native code does the talking and a
broken file can end it.
"""

import sys
from pathlib import Path

import numpy as np

# What the interpreter may take at most. What it took is what the allocator says, however much there was.
_ARENA_BYTES = 16 * 2**20


def main(arguments: list[str]) -> int:
    """Run the file that the first argument names, once, and let the allocator speak."""
    from tflite_micro import runtime

    try:
        interpreter = runtime.Interpreter.from_bytes(
            Path(arguments[0]).read_bytes(), arena_size=_ARENA_BYTES
        )
        door = interpreter.get_input_details(0)
        interpreter.set_input(np.zeros(door["shape"], door["dtype"]), 0)
        interpreter.invoke()
    except (RuntimeError, ValueError) as error:  # the reason was said by native code before
        print(error, file=sys.stderr)
        return 1
    interpreter.print_allocations()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
