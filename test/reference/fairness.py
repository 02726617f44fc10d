"""Computes test/fixtures/fairness/*.json with Fairlearn, scikit-learn and numpy.

Run from the repository's root: python test/reference/fairness.py
Values were made with Fairlearn 0.15.0 and scikit-learn 1.9.1.

Scores are written as whole numbers of `scale`-ths, so that both languages read the same float64.
"""

import json
import pathlib
import warnings

import numpy as np
from fairlearn import metrics as fairness
from sklearn.metrics import accuracy_score, roc_auc_score

FOLDER = pathlib.Path("test/fixtures/fairness")
SCALE = 1000
warnings.filterwarnings("ignore")


def write(name, content):
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(content) + "\n")


def gaps(truth, selected, groups):
    arguments = {"y_true": truth, "y_pred": selected, "sensitive_features": groups}
    return {
        "demographicParityDifference": float(fairness.demographic_parity_difference(**arguments)),
        "demographicParityRatio": float(fairness.demographic_parity_ratio(**arguments)),
        "equalizedOddsDifference": float(fairness.equalized_odds_difference(**arguments)),
        "equalizedOddsRatio": float(fairness.equalized_odds_ratio(**arguments)),
        "truePositiveRateDifference": float(fairness.true_positive_rate_difference(**arguments)),
        "falsePositiveRateDifference": float(fairness.false_positive_rate_difference(**arguments)),
    }


def case(name, random, size, classes, positive, names, step=1):
    groups = random.choice(names, size=size)
    labels = random.integers(0, classes, size=size)
    tilt = np.array([names.index(group) for group in groups]) * 0.4
    logits = random.normal(size=(size, classes))
    logits[np.arange(size), labels] += 1.2
    logits[:, positive] += tilt
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    predicted = p.argmax(axis=1)
    scores = np.round(p[:, positive] * SCALE / step).astype(int) * step
    truth, selected = (labels == positive).astype(int), (predicted == positive).astype(int)

    frame = fairness.MetricFrame(
        metrics={
            "count": fairness.count,
            "selectionRate": fairness.selection_rate,
            "truePositiveRate": fairness.true_positive_rate,
            "falsePositiveRate": fairness.false_positive_rate,
        },
        y_true=truth,
        y_pred=selected,
        sensitive_features=groups,
    )
    accuracy = fairness.MetricFrame(
        metrics=accuracy_score, y_true=labels, y_pred=predicted, sensitive_features=groups
    )
    area = fairness.MetricFrame(
        metrics=roc_auc_score, y_true=truth, y_pred=scores / SCALE, sensitive_features=groups
    )
    per_group = {}
    for group in names:
        row = {key: float(value) for key, value in frame.by_group.loc[group].items()}
        member = groups == group
        mixed = {
            "backgroundPositiveAuroc": (member & (truth == 0)) | (~member & (truth == 1)),
            "backgroundNegativeAuroc": (member & (truth == 1)) | (~member & (truth == 0)),
        }
        per_group[group] = {
            **row,
            "accuracy": float(accuracy.by_group.loc[group]),
            "auroc": float(area.by_group.loc[group]),
            **{key: float(roc_auc_score(truth[rows], scores[rows])) for key, rows in mixed.items()},
        }
    expected = gaps(truth, selected, groups)
    expected["accuracyDifference"] = float(accuracy.difference(method="between_groups"))
    expected["aurocDifference"] = float(area.difference(method="between_groups"))

    resamples, confidence = 12, 0.9
    draws = random.integers(0, size, size=(resamples, size))
    samples = [gaps(truth[rows], selected[rows], groups[rows]) for rows in draws]
    levels = [(1 - confidence) / 2, (1 + confidence) / 2]
    intervals = {key: np.quantile([sample[key] for sample in samples], levels).tolist() for key in samples[0]}

    write(
        name,
        {
            "scale": SCALE,
            "positiveClass": positive,
            "labels": labels.tolist(),
            "predicted": predicted.tolist(),
            "scores": scores.tolist(),
            "groups": groups.tolist(),
            "expected": {"groups": per_group, "gaps": expected},
            "bootstrap": {
                "resamples": resamples,
                "confidence": confidence,
                "draws": draws.tolist(),
                "expected": intervals,
            },
        },
    )


random = np.random.default_rng(13)
case("two-groups", random, 160, 2, 1, ["a", "b"])
case("four-groups-ties", random, 200, 2, 1, ["a", "b", "c", "d"], step=100)
case("three-classes", random, 180, 3, 2, ["a", "b", "c"])
