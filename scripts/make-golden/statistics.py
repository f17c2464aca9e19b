"""Writes test/golden/statistics/scipy.json: rank statistics by scipy, for data with and without ties.

python scripts/make-golden/statistics.py > test/golden/statistics/scipy.json   (scipy 1.17.1, numpy 2.4.6)
"""

import json
import sys

import numpy
import scipy
from scipy import stats


def case(name, x, y, active):
    wins = stats.mannwhitneyu(x[active], x[~active], method="asymptotic").statistic
    return {
        "name": name,
        "x": x.tolist(),
        "y": y.tolist(),
        "active": active.astype(int).tolist(),
        "midranks": stats.rankdata(x).tolist(),
        "pearson": float(stats.pearsonr(x, y).statistic),
        "spearman": float(stats.spearmanr(x, y).statistic),
        "kendallTauB": float(stats.kendalltau(x, y, variant="b").statistic),
        "rocAuc": float(wins / (active.sum() * (~active).sum())),
        "quantiles": [float(numpy.quantile(x, q)) for q in (0, 0.025, 0.31, 0.5, 0.975, 1)],
        "standardDeviation": float(numpy.std(x, ddof=1)),
    }


def main():
    generator = numpy.random.default_rng(20260823)
    x = generator.normal(size=60)
    y = 0.6 * x + generator.normal(size=60)
    few = generator.integers(0, 6, size=80).astype(float)
    fewer = numpy.clip(few + generator.integers(-2, 3, size=80), 0, 5).astype(float)
    rising = numpy.arange(12, dtype=float)
    cases = [
        case("no ties", x, y, y > 0.5),
        case("many ties", few, fewer, fewer > 3),
        case("perfect", rising, rising**3, rising > 8),
        case("reversed", rising, -rising, rising < 4),
    ]
    header = {
        "tool": "scipy.stats",
        "version": f"scipy {scipy.__version__}, numpy {numpy.__version__}",
        "command": "python scripts/make-golden/statistics.py > test/golden/statistics/scipy.json",
    }
    json.dump({"header": header, "cases": cases}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
