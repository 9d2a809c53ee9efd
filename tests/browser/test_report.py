"""The report in a real browser: it loads whole, asks for nothing, and fits every width."""

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from litesmith.report.page import render
from tests.litesmith.report_inputs import report_inputs

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WIDTHS = (390, 768, 1280)

# A page in a frame of each width. Frames inherit the policy: what they ask the network for is refused and logged.
HARNESS = """<!DOCTYPE html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<pre id="found"></pre>{frames}
<script>
addEventListener("load", () => {{
  const seen = [...document.querySelectorAll("iframe")].map((frame) => {{
    const page = frame.contentDocument, root = page.documentElement;
    return {{
      width: frame.clientWidth, scrolls: root.scrollWidth - root.clientWidth, title: page.title,
      wide: [...page.querySelectorAll("body *")].filter((one) => !one.closest(".table, pre, .skip, .spoken")
        && one.getBoundingClientRect().right > frame.clientWidth + 0.5).map((one) => one.outerHTML.slice(0, 120)),
      pictures: [...page.images].filter((one) => one.complete && one.naturalWidth > 0).length,
      text: page.querySelector("svg text").getBoundingClientRect().height,
    }};
  }});
  document.getElementById("found").textContent = JSON.stringify(seen);
}});
</script>"""


def chromium() -> str:
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    missing = "Chromium is missing: `apt-get install chromium`. Without it nobody looks at the page in this run."
    if "LITESMITH_REQUIRE_BROWSER" in os.environ:
        pytest.fail(missing)
    pytest.skip(missing)


def browse(address: str, folder: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Open an address in a new headless Chromium that cannot reach any host."""
    always = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
              "--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND"]  # fmt: skip
    command = [chromium(), *always, f"--user-data-dir={folder / 'profile'}", *flags, address]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)


def look(page: str, folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return what the page looks like at each width, and what the browser complained of."""
    source = html.escape(page)
    frames = "".join(
        f'<iframe style="border:0;width:{width}px;height:900px" srcdoc="{source}"></iframe>' for width in WIDTHS
    )
    harness = folder / "harness.html"
    harness.write_text(HARNESS.format(frames=frames))
    done = browse(harness.as_uri(), folder, "--window-size=1400,900", "--dump-dom")
    found = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert found and found[1], done.stderr
    return json.loads(html.unescape(found[1])), [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_report_loads_whole_without_network_or_error_and_fits_every_width(tmp_path: Path) -> None:
    seen, complaints = look(render(report_inputs()), tmp_path)
    assert complaints == []
    assert [one["width"] for one in seen] == list(WIDTHS)
    for one in seen:
        assert one["title"].startswith("Fashion-MNIST: The optimized model is better")
        assert (one["scrolls"], one["wide"]) == (0, [])
        assert one["pictures"] == 24
        assert one["text"] > 8


def test_report_fits_with_long_names(tmp_path: Path) -> None:
    names = [f"Averyveryverylongclassname{number}withoutanyspaceinit" for number in range(10)]
    seen, _ = look(render(report_inputs(class_names=names)), tmp_path)
    assert [(one["scrolls"], one["wide"]) for one in seen] == [(0, [])] * len(WIDTHS)


def test_a_page_that_asks_the_network_is_noticed(tmp_path: Path) -> None:
    page = render(report_inputs()).replace("</main>", '<img src="https://example.org/x.png" alt="x"></main>')
    _, complaints = look(page, tmp_path)
    assert any("example.org" in line for line in complaints)


@pytest.mark.parametrize("scheme", [0, 1], ids=["dark", "light"])
def test_report_is_drawn_in_both_schemes(tmp_path: Path, scheme: int) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "report.png"
    page.write_text(render(report_inputs()))
    flags = ("--window-size=1280,900", f"--screenshot={picture}", f"--blink-settings=preferredColorScheme={scheme}")
    browse(page.as_uri(), tmp_path, *flags)
    from PIL import Image

    corner = Image.open(picture).convert("L").getpixel((5, 5))
    assert corner < 60 if scheme == 0 else corner > 240
