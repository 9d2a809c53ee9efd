import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def printed(code: str) -> list[str]:
    """Return the words that a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_what_is_left_out_is_found_again_afterwards() -> None:
    code = (
        "import sys; from litesmith.imports import without_grammars\n"
        "with without_grammars():\n"
        "    try: import rfc3987_syntax\n"
        "    except ImportError: print('gone')\n"
        "print('rfc3987_syntax' in sys.modules)\n"
        "sys.modules['rfc3987_syntax'] = sys\n"
        "with without_grammars():\n"
        "    import rfc3987_syntax; print(rfc3987_syntax.__name__)\n"
        "print('rfc3987_syntax' in sys.modules)"
    )
    assert printed(code) == ["gone", "False", "sys", "True"]


def test_a_schema_is_checked_as_before_and_nothing_builds_grammars() -> None:
    code = (
        "import sys; from litesmith.imports import without_grammars\n"
        "with without_grammars():\n"
        "    import jsonschema\n"
        "check = jsonschema.Draft202012Validator({'type': 'integer'}).is_valid\n"
        "print(check(1), check('1'), 'rfc3987_syntax' in sys.modules)"
    )
    assert printed(code) == ["True", "False", "False"]
