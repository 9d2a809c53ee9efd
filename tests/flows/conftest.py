import os
import tempfile
from unittest.mock import patch

# Before any import of Prefect: its home must not be the user's.
os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="prefect-")
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
os.environ["DO_NOT_TRACK"] = "1"

# Prefect sets logging up when it is imported, and closes the handlers that are there: TensorFlow's, whose stream is
# pytest's own where another test has imported it before.
with patch("logging.shutdown"):
    import prefect.main  # noqa: F401
