"""The published legacy packages: which, and how they are fetched and unpacked."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path


class RegistryError(Exception):
    """The registry did not deliver the package."""


@dataclass(frozen=True, slots=True)
class Package:
    """One release, and the probe in ``probes.py`` that runs its recurrent modules."""

    name: str
    version: str
    probe: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


PACKAGES = (
    Package("evosax", "0.1.0", probe="evosax"),
    Package("evosax", "0.0.3", probe="evosax"),
    Package("evojax", "0.2.16", probe="evojax"),
    Package("d2l", "1.0.3", probe="d2l"),
    Package("minimax-lib", "0.2.0"),
    Package("jVMC", "1.2.0", probe="jvmc"),
    Package("brainpy", "2.4.6"),
    Package("flax", "0.6.11"),
)


def fetch(package: Package, cache: Path) -> Path:
    """The wheel of ``package`` as a file in ``cache``, downloaded where it is not there yet.

    Raises ``RegistryError`` where the registry does not answer or has no wheel.
    """
    folder = cache / f"{package.name}-{package.version}"
    if not list(folder.glob("*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--only-binary", ":all:", "--dest", str(folder)]
        command += ["--retries", "1", "--timeout", "20"]
        done = subprocess.run(
            [*command, f"{package.name}=={package.version}"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RegistryError(f"{package}: {done.stderr.strip().splitlines()[-1]}")
    return next(folder.glob("*.whl"))


def unpack(wheel: Path, folder: Path) -> Path:
    """The contents of ``wheel`` in ``folder``, which is made; returns ``folder``."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder
