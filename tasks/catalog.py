"""Paths relative to the workspace's root, where every command runs."""

from pathlib import Path

PARAMS = Path("params.yaml")
VERSIONS = Path("versions.yaml")

# The base of the data set as it was published, or as it was packed here; maybe nothing.
RAW = Path("data/raw")

# The batches of all data sets, a folder each, of which DVC keeps the versions.
INCOMING = Path("data/incoming")
# What persons accepted of what was left out: `litesmith.data.accepted`. Only `python -m tasks accept`
# writes it.
ACCEPTED = Path("data/accepted.yaml")
# Pictures that once went wrong in the field, a folder for each data set; see
# `litesmith.judging.regressions`. Only `python -m tasks regress` writes them; git keeps them.
REGRESSIONS = Path("data/regressions")
# The list of this data set's batches; all images that can be read, in one form, with tables; which of
# them were accepted. See `litesmith.data.intake`.
ARRIVALS = Path("data/arrivals.csv")
INTAKE = Path("data/intake")
VERDICTS = Path("data/verdicts.csv")
# A page about what was not.
QUARANTINE = Path("reports/quarantine.html")

# A split is a folder of images.npy (uint8, n x height x width), labels.npy (uint8, n) and ids.npy
# (int64, n: rows in the arrays of INTAKE). `evaluate` alone may name TEST, and of the benchmarks the
# frontier's `measure` and `datasets`; `prepare`, `convert` and `judge` alone GATE, on which nothing is
# chosen, and of the benchmarks the frontier, whose files are never judged.
TRAIN = Path("data/prepared/train")
VALIDATION = Path("data/prepared/validation")
GATE = Path("data/prepared/gate")
TEST = Path("data/prepared/test")
# What all images look like and what the classes are called: `litesmith.records.form.DataForm`.
FORM = Path("data/prepared/form.json")

BASELINE_MODEL = Path("models/baseline.h5")
BASELINE_SUMMARY = Path("models/baseline-summary.txt")
# Teachers as .h5, maybe none; their outputs for views of the training images, see
# `litesmith.training.distillation.write_targets`.
TEACHERS = Path("models/teachers")
TARGETS = Path("models/targets")
TUNED_MODEL = Path("models/tuned.h5")
TUNED_NETWORK = Path("models/tuned-network.json")
PRUNED_MODEL = Path("models/pruned.h5")
# One .h5 for each variant of `litesmith.compression.variants`, maybe none.
QUANTIZED = Path("models/quantized")

# One <model>-<precision>.tflite for each variant, and its metadata of the same name in .json, see
# `litesmith.tflite.metadata`.
LITE = Path("models/lite")
GOLDEN = Path("models/golden.npz")
# Name of the final file's Keras model, and its probabilities of the gate images, float32 (n, classes);
# `litesmith.judging.evidence` reads it.
GATE_ANSWERS = Path("models/gate-answers.npz")
CALIBRATION_IDS = Path("models/calibration-ids.json")
FINAL_LITE = Path("models/final.tflite")
FINAL_METADATA = Path("models/final.json")

PREDICTIONS = Path("reports/predictions.npz")
# What `judge` found: a `litesmith.records.service.judge.Decision`.
DECISION = Path("reports/decision.json")
# What would be released: `litesmith.records.service.release.Manifest` says what it holds.
PACKAGE = Path("models/package")
# The registry, in the project alone (workspaces read it through a link): the versions in service in one
# file, a folder for each package, and a log. Only `promote` and `rollback` write the first.
RELEASES = Path("releases")
IN_SERVICE = Path("releases/in-service.json")
RELEASED_PACKAGES = Path("releases/packages")
RELEASES_LOG = Path("releases/log.jsonl")
# The keys that promotion signs with and `verify` asks for, where the environment names no others.
SIGNING_KEY = Path(".litesmith/keys/release.pem")
PUBLIC_KEY = Path(".litesmith/keys/release.pub.pem")
REPORT = Path("reports/report.html")
SUMMARY = Path("reports/summary.json")
MODEL_CARD = Path("reports/model-card.md")

# The run that others were compared with before there were releases, or null. Nothing writes it any more.
BEFORE_RELEASES = Path("reports/reference.json")

# Written by the flow after each run, outside the DAG: its record, a copy of its page, the list of all.
RUNS = Path("reports/runs")
ARCHIVE = Path("reports/archive")
INDEX = Path("reports/index.html")

# One page for each step that refused its inputs.
REFUSALS = Path("reports/refusals")

# What a killed run resumes from; what steps computed from content that may come again; the MD5s of each
# step's last outputs. Then the holder of the workspace for a whole run, the step that runs, the process
# that serves the deployments, those that change batches, the regression set and releases.
WORK = Path(".litesmith/work")
CACHE = Path(".litesmith/cache")
CHECKSUMS = Path(".litesmith/checksums")
LOCK = Path(".litesmith/run.lock")
STEP_LOCK = Path(".litesmith/step.lock")
SERVE_LOCK = Path(".litesmith/serve.lock")
BATCHES_LOCK = Path(".litesmith/batches.lock")
REGRESSIONS_LOCK = Path(".litesmith/regressions.lock")
RELEASES_LOCK = Path(".litesmith/releases.lock")
# The project of a workspace, as seen from there.
PROJECT = Path(".litesmith/project")


def metrics(stem: str) -> Path:
    """Return the JSON file of a step that ``dvc metrics`` shows."""
    return Path("reports/metrics") / f"{stem}.json"


def plot(stem: str) -> Path:
    """Return a CSV file that ``dvc plots`` draws."""
    return Path("reports/plots") / f"{stem}.csv"


def provenance(step: str) -> Path:
    """Return the provenance of a step's outputs."""
    return Path("reports/provenance") / f"{step}.json"


def comparison(first: str, second: str) -> Path:
    """Return the page that compares two runs, of which git keeps none."""
    return Path("reports") / f"compare-{first}-{second}.html"


def results(step: str) -> Path:
    """Return the record of a step's result, which the report renders."""
    return Path("reports/results") / f"{step}.json"
