"""Computes test/fixtures/metrics/paired-tests.json with statsmodels, scipy and scikit-learn.

Run from the repository's root: python test/reference/paired_tests.py
Values were made with statsmodels 0.15.0, scipy 1.17.1 and scikit-learn 1.9.1.

Probabilities are written as whole numbers of `scale`-ths, so that both languages read the same float64.
"""

import json
import pathlib

import numpy as np
from scipy import stats
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

FILE = pathlib.Path("test/fixtures/metrics/paired-tests.json")
SCALE = 10000
SIZE = 60
RESAMPLES = 80
CONFIDENCE = 0.9


def classifier(random, labels, sharpness):
    """Probabilities of two classes in 1/SCALE, better with more sharpness."""
    logit = random.normal(size=len(labels)) + sharpness * (2 * labels - 1)
    positive = np.round(SCALE / (1 + np.exp(-logit))).astype(int)
    return np.stack([SCALE - positive, positive], axis=1)


def mcnemar_cases():
    counts = [(0, 0), (1, 0), (0, 5), (3, 3), (2, 9), (9, 2), (10, 11), (40, 61), (500, 560), (5000, 5300), (0, 900)]
    return [
        {
            "onlyFirst": first,
            "onlySecond": second,
            "pValue": float(mcnemar([[7, first], [second, 5]], exact=True).pvalue),
        }
        for first, second in counts
    ]


def paired_bootstrap(random):
    labels = random.integers(0, 2, size=SIZE)
    cells = [classifier(random, labels, sharpness) for sharpness in (0.4, 0.8)]
    first, second = (c / SCALE for c in cells)

    figures = {
        "accuracy": lambda rows, p: metrics.accuracy_score(labels[rows], p[rows].argmax(axis=1)),
        "macro_f1": lambda rows, p: metrics.f1_score(
            labels[rows], p[rows].argmax(axis=1), average="macro", labels=[0, 1], zero_division=0
        ),
        "log_loss": lambda rows, p: metrics.log_loss(labels[rows], p[rows], labels=[0, 1]),
        "auroc": lambda rows, p: metrics.roc_auc_score(labels[rows], p[rows, 1]),
    }
    draws, expected = None, {}
    for name, figure in figures.items():
        seen = []

        def difference(rows):
            rows = np.asarray(rows, dtype=int)
            seen.append(rows.tolist())
            return figure(rows, second) - figure(rows, first)

        result = stats.bootstrap(
            (np.arange(SIZE),),
            difference,
            n_resamples=RESAMPLES,
            confidence_level=CONFIDENCE,
            method="percentile",
            vectorized=False,
            rng=np.random.default_rng(7),
        )
        # scipy calls the statistic for each resample, and perhaps once for the sample itself.
        resampled = [rows for rows in seen if rows != list(range(SIZE))]
        assert draws in (None, resampled) and len(resampled) == RESAMPLES
        draws = resampled
        values = result.bootstrap_distribution
        extreme = min((values <= 0).sum(), (values >= 0).sum())
        expected[name] = {
            "difference": float(figure(np.arange(SIZE), second) - figure(np.arange(SIZE), first)),
            "low": float(result.confidence_interval.low),
            "high": float(result.confidence_interval.high),
            "pValue": float(min(1, 2 * (extreme + 1) / (RESAMPLES + 1))),
        }
    return {
        "scale": SCALE,
        "labels": labels.tolist(),
        "first": cells[0].tolist(),
        "second": cells[1].tolist(),
        "confidence": CONFIDENCE,
        "draws": draws,
        "expected": expected,
    }


def holm_cases():
    cases = [[0.01, 0.04, 0.03], [0.5], [0.2, 0.2, 0.9, 0.001], [0.04, 0.04, 0.04]]
    return [{"pValues": p, "adjusted": multipletests(p, method="holm")[1].tolist()} for p in cases]


random = np.random.default_rng(29)
FILE.write_text(
    json.dumps({"mcnemar": mcnemar_cases(), "bootstrap": paired_bootstrap(random), "holm": holm_cases()}) + "\n"
)
