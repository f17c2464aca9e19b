"""Starts other programs so that none outlives the worker."""

import ctypes
import os
import signal
import subprocess
import sysconfig
from pathlib import Path

PROGRAMS = Path(sysconfig.get_path("scripts"))
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if os.name == "posix" else None


def die_with_parent() -> None:
    """On Linux the kernel ends this process when its parent ends, kill -9 included."""
    if _libc is not None and hasattr(_libc, "prctl"):
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run_program(name: str, arguments: list[str], folder: Path) -> subprocess.CompletedProcess:
    """Runs a program of the worker's own environment in `folder`, one thread, output captured."""
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PATH": f"{PROGRAMS}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    return subprocess.run(
        [str(PROGRAMS / name), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        preexec_fn=die_with_parent,
    )
