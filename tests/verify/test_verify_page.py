"""The HTML report, rendered by a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from workplace import Workplace

BROWSERS = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")
MODEL = """\
import flax.linen as nn


class {name}(nn.Module):
    @nn.compact
    def __call__(self, xs):
        # <script>alert("{name}")</script>
        return nn.RNN(nn.GRUCell({cell}, name="<img src=x>"){size})(xs)
"""
DRIVER = """\
import jax, jax.numpy as jnp
from first import First
from second import Second
for seed, model in enumerate((First(), Second())):
    xs = jnp.ones((2, 5, 3))
    model.apply(model.init(jax.random.PRNGKey(seed + {shift}), xs), xs)
"""


def find_browser() -> str:
    for name in BROWSERS:
        found = shutil.which(name)
        # Ubuntu has a stub of that name, which fails.
        if found and not subprocess.run([found, "--version"], capture_output=True).returncode:
            return found
    if os.environ.get("NEEDS_BROWSER"):
        pytest.fail(f"none of {', '.join(BROWSERS)} runs here")
    pytest.skip("no Chromium is installed")


def dom(page: Path) -> str:
    """The page as a browser holds it after loading."""
    command = [find_browser(), "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    profile = f"--user-data-dir={page.parent / 'profile'}"
    done = subprocess.run(
        [*command, profile, page.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def test_several_files_and_differences(place: Workplace):
    page = place.folder / "report.html"
    for name in ("First", "Second"):
        before = MODEL.format(name=name, cell="gate_fn=nn.sigmoid", size=", 4")
        place.write(
            before,
            MODEL.format(name=name, cell="features=4, gate_fn=nn.sigmoid", size=""),
            f"{name.lower()}.py",
        )
    place.write(DRIVER.format(shift=0), DRIVER.format(shift=1), "driver.py")
    result = place.verify("--html", str(page), "--", "driver.py")
    assert result.code == 1, result.out + result.err
    seen = dom(page).replace("<wbr>", "")
    assert '<h1 class="bad" id="conclusion">DIFFERENT' in seen
    assert seen.count("<polyline") >= 2
    for word in (
        "First/&lt;img src=x&gt;",
        "Second/&lt;img src=x&gt;",
        "first.py",
        "second.py",
        "driver.py",
    ):
        assert f"<code>{word}</code>" in seen
    source = page.read_text()
    assert "http://" not in source and "https://" not in source and "<script" not in source
    assert "<img" not in seen and "alert(" in seen
