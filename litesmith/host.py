"""Description of the machine of a measurement."""

import os
import platform
from pathlib import Path


def describe_host() -> dict[str, str | int]:
    """Return system, processor, number of cores and Python version of this machine."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        processor = cpu_name_in(text) or platform.machine()
    except OSError:
        processor = platform.processor() or platform.machine()
    return {
        "system": platform.platform(terse=True),
        "cpu": processor,
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
    }


def cpu_seconds() -> float:
    """Return the CPU-seconds of this process and of its children that ended."""
    return round(sum(os.times()[:4]), 2)


def cpu_name_in(text: str) -> str:
    """Return the first processor's name, family and model, or nothing.

    A virtual machine may say no more than "AMD EPYC", whose generations differ in speed and
    instructions. Their numbers are those of the CPUID instruction (AMD, "AMD64 Architecture Programmer's
    Manual", volume 3, appendix E; Intel, "Software Developer's Manual", volume 2A); processors without
    it have none.
    """
    pairs = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    facts = {key.strip(): value.strip() for key, _, value in pairs}
    name = facts.get("model name", "")
    words = {"cpu family": "family", "model": "model"}
    numbers = [f"{word} {facts[key]}" for key, word in words.items() if key in facts]
    return f"{name} ({', '.join(numbers)})" if name and numbers else name
