"""Computes test/fixtures/metrics/*.json with scikit-learn and numpy.

Run from the repository's root: python test/reference/metrics.py
Needs scikit-learn >= 1.7 (multi-class Brier score). Values were made with scikit-learn 1.9.1.

Probabilities are written as whole numbers of `scale`-ths, so that both languages read the same float64.
"""

import json
import pathlib
import warnings

import numpy as np
from sklearn import metrics
from sklearn.calibration import calibration_curve

FOLDER = pathlib.Path("test/fixtures/metrics")
SCALE = 10000
BINS = 15
warnings.filterwarnings("ignore")


def draw(random, size, classes, step=1, sharpness=1.5, absent=()):
    """Labels and probabilities in 1/SCALE; with step > 1 on a coarse grid, which makes ties."""
    present = [c for c in range(classes) if c not in absent]
    labels = random.choice(present, size=size, p=np.arange(1, len(present) + 1) / sum(range(1, len(present) + 1)))
    logits = random.normal(size=(size, classes))
    logits[np.arange(size), labels] += sharpness
    p = np.exp(logits)
    p /= p.sum(axis=1, keepdims=True)
    cells = np.floor(p * SCALE / step).astype(int) * step
    cells[np.arange(size), cells.argmax(axis=1)] += SCALE - cells.sum(axis=1)
    return labels, cells


def number(value):
    value = float(value)
    return None if np.isnan(value) else value


def expected(labels, p, weights=None, positive=1):
    classes = p.shape[1]
    every = list(range(classes))
    predicted = p.argmax(axis=1)
    w = {"sample_weight": weights}
    ones = np.ones(len(labels)) if weights is None else weights

    def averaged(average):
        names = {} if average else {"labels": every}
        precision, recall, f1, support = metrics.precision_recall_fscore_support(
            labels, predicted, average=average, zero_division=0, **names, **w
        )
        if average:
            return {"precision": number(precision), "recall": number(recall), "f1": number(f1)}
        return [
            {"precision": number(a), "recall": number(b), "f1": number(c), "support": number(d)}
            for a, b, c, d in zip(precision, recall, f1, support)
        ]

    supports = np.array([ones[labels == c].sum() for c in every])
    areas, precisions = [], []
    for c in every:
        truth = (labels == c).astype(int)
        defined = 0 < (ones * truth).sum() < ones.sum()
        areas.append(number(metrics.roc_auc_score(truth, p[:, c], **w)) if defined else None)
        precisions.append(
            number(metrics.average_precision_score(truth, p[:, c], **w)) if (ones * truth).sum() > 0 else None
        )

    def means(values):
        kept = [c for c in every if values[c] is not None]
        if not kept:
            return None, None
        chosen = [values[c] for c in kept]
        return number(np.mean(chosen)), number(np.average(chosen, weights=supports[kept]))

    auroc_macro, auroc_weighted = means(areas)
    ap_macro, ap_weighted = means(precisions)
    if classes > 2 and len(set(labels)) == classes:
        # The function's own averages must be what `means` computes.
        for average, value in (("macro", auroc_macro), ("weighted", auroc_weighted)):
            direct = metrics.roc_auc_score(labels, p, multi_class="ovr", average=average, **w)
            assert abs(direct - value) < 1e-12
        onehot = np.eye(classes)[labels]
        assert abs(metrics.average_precision_score(onehot, p, average="macro", **w) - ap_macro) < 1e-12

    confidence = p.max(axis=1)
    right = (predicted == labels).astype(float)
    bin_of = np.searchsorted(np.arange(1, BINS) / BINS, confidence)
    reliability, ece, mce = [], 0.0, 0.0
    for b in range(BINS):
        inside = (bin_of == b) & (ones > 0)
        count = ones[inside].sum()
        if count == 0:
            reliability.append({"count": 0, "meanConfidence": None, "accuracy": None})
            continue
        mean_confidence = np.average(confidence[inside], weights=ones[inside])
        accuracy = np.average(right[inside], weights=ones[inside])
        ece += count / ones.sum() * abs(accuracy - mean_confidence)
        mce = max(mce, abs(accuracy - mean_confidence))
        reliability.append(
            {"count": number(count), "meanConfidence": number(mean_confidence), "accuracy": number(accuracy)}
        )
    if weights is None:
        fraction, mean = calibration_curve(right, confidence, n_bins=BINS, strategy="uniform")
        filled = [row for row in reliability if row["count"]]
        if len(filled) == len(fraction):
            assert np.allclose(fraction, [row["accuracy"] for row in filled], atol=1e-12)
            assert np.allclose(mean, [row["meanConfidence"] for row in filled], atol=1e-12)

    if classes == 2:
        brier = metrics.brier_score_loss(labels, p[:, 1], labels=[0, 1], **w)
    else:
        brier = metrics.brier_score_loss(labels, p, labels=every, **w)

    return {
        "accuracy": number(metrics.accuracy_score(labels, predicted, **w)),
        "balancedAccuracy": number(metrics.balanced_accuracy_score(labels, predicted, **w)),
        "perClass": averaged(None),
        "macro": averaged("macro"),
        "micro": averaged("micro"),
        "weighted": averaged("weighted"),
        "matthewsCorrelation": number(metrics.matthews_corrcoef(labels, predicted, **w)),
        "confusion": metrics.confusion_matrix(labels, predicted, labels=every, **w).tolist(),
        "auroc": {
            "binary": areas[positive] if classes == 2 else None,
            "perClass": areas,
            "macro": auroc_macro,
            "weighted": auroc_weighted,
        },
        "averagePrecision": {
            "binary": precisions[positive] if classes == 2 else None,
            "perClass": precisions,
            "macro": ap_macro,
            "weighted": ap_weighted,
        },
        "logLoss": number(metrics.log_loss(labels, p, labels=every, **w)),
        "brierScore": number(brier),
        "expectedCalibrationError": number(ece),
        "maximumCalibrationError": number(mce),
        "reliability": reliability,
    }


def write(name, content):
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(content) + "\n")


def case(name, labels, cells, weights=None):
    content = {"scale": SCALE, "labels": labels.tolist(), "probabilities": cells.tolist()}
    if weights is not None:
        content["weights"] = weights.tolist()
    content["expected"] = expected(labels, cells / SCALE, weights)
    write(name, content)


def bootstrap(labels, cells, resamples=40, confidence=0.9):
    """Intervals over written-down draws: the test replays them."""
    random = np.random.default_rng(7)
    draws = random.integers(0, len(labels), size=(resamples, len(labels)))
    p = cells / SCALE
    values = {"accuracy": [], "macro_f1": [], "auroc": [], "log_loss": []}
    for rows in draws:
        y, q = labels[rows], p[rows]
        values["accuracy"].append(metrics.accuracy_score(y, q.argmax(axis=1)))
        values["macro_f1"].append(metrics.f1_score(y, q.argmax(axis=1), average="macro", zero_division=0))
        values["auroc"].append(metrics.roc_auc_score(y, q[:, 1]))
        values["log_loss"].append(metrics.log_loss(y, q, labels=[0, 1]))
    levels = [(1 - confidence) / 2, (1 + confidence) / 2]
    write(
        "bootstrap",
        {
            "scale": SCALE,
            "labels": labels.tolist(),
            "probabilities": cells.tolist(),
            "resamples": resamples,
            "confidence": confidence,
            "draws": draws.tolist(),
            "expected": {name: np.quantile(v, levels).tolist() for name, v in values.items()},
        },
    )


random = np.random.default_rng(13)
case("binary", *draw(random, 150, 2))
case("five-classes", *draw(random, 200, 5))
case("binary-ties", *draw(random, 120, 2, step=1000))
case("four-classes-ties", *draw(random, 150, 4, step=2000, sharpness=0.5))
case("absent-classes", *draw(random, 80, 6, absent=(2, 5), sharpness=0.7))
weighted = draw(random, 100, 3, step=500)
case("three-classes-weighted", *weighted, random.integers(0, 4, size=100).astype(float))
certain_labels = np.array([0, 1, 1, 0, 1])
case("certain", certain_labels, np.array([[SCALE, 0], [0, SCALE], [SCALE, 0], [SCALE, 0], [0, SCALE]]))
case("one-class-only", np.ones(12, dtype=int), draw(random, 12, 2)[1])
bootstrap(*draw(random, 50, 2))
