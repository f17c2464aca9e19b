"""Errors of means from few and correlated numbers."""

import numpy as np


def block_standard_error(values: np.ndarray, blocks: int = 5) -> float | None:
    """Standard error of the mean over contiguous blocks, which hides less correlation than single frames do. None with fewer
    than two blocks.

    source  Flyvbjerg and Petersen 1989, J. Chem. Phys. 91:461
    """
    values = np.asarray(values, dtype=float)
    blocks = min(blocks, len(values))
    if blocks < 2:
        return None
    means = np.array([part.mean() for part in np.array_split(values, blocks)])
    return float(means.std(ddof=1) / np.sqrt(blocks))


def mean_and_block_error(values: np.ndarray) -> dict:
    return {"mean": round(float(np.mean(values)), 4), "standardError": _rounded(block_standard_error(values))}


def mean_across(values: list[float]) -> dict:
    """Mean of replicas and the standard error between them; None with one replica."""
    array = np.asarray(values, dtype=float)
    error = float(array.std(ddof=1) / np.sqrt(len(array))) if len(array) > 1 else None
    return {"mean": round(float(array.mean()), 4), "standardError": _rounded(error)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
