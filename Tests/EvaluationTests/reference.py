"""Writes reference.json beside this file: metric values of small cases from scikit-learn, and DeLong's standard error
and the rest from plain numpy. Run with Python 3, numpy and scikit-learn; the numbers do not depend on the machine."""

import json
import pathlib

import numpy as np
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score

BINS = 20
CLIP = 1e-12


def delong_standard_error(y, s):
    """DeLong et al. (1988) straight from the definition: every click against every non-click."""
    x, z = s[y == 1], s[y == 0]
    if len(x) < 2 or len(z) < 2:
        return None
    psi = (x[:, None] > z[None, :]) + 0.5 * (x[:, None] == z[None, :])
    return float(np.sqrt(np.var(psi.mean(1), ddof=1) / len(x) + np.var(psi.mean(0), ddof=1) / len(z)))


def calibration_error(y, s):
    """Equal-mass bins; equal scores count with their mean label, so that the order among them does not matter."""
    order = np.argsort(s, kind="stable")
    s = s[order]
    labels = y[order].astype(float)
    for value in np.unique(s):
        labels[s == value] = labels[s == value].mean()
    edges = [b * len(y) // BINS for b in range(BINS + 1)]
    return sum(abs((s[a:b] - labels[a:b]).sum()) for a, b in zip(edges, edges[1:])) / len(y)


def gauc(y, s, groups):
    total = weight = counted = 0
    for group in np.unique(groups):
        rows = groups == group
        if len(set(y[rows])) == 2:
            total += rows.sum() * roc_auc_score(y[rows], s[rows])
            weight += rows.sum()
            counted += 1
    return (float(total / weight) if weight else None), counted


def case(name, y, s, groups):
    both = len(set(y)) == 2
    clipped = np.clip(s, CLIP, 1 - CLIP)
    loss = float(log_loss(y, clipped, labels=[0, 1]))
    rate = y.mean()
    grouped, counted = gauc(y, s, groups)
    return {
        "name": name, "labels": y.tolist(), "probabilities": s.tolist(), "groups": groups.tolist(),
        "report": {
            "impressions": len(y), "clicks": int(y.sum()),
            "auc": float(roc_auc_score(y, s)) if both else None,
            "aucStandardError": delong_standard_error(y, s),
            "gauc": grouped, "gaucGroups": counted, "logLoss": loss,
            "normalizedEntropy": loss / float(log_loss(y, np.full(len(y), rate))) if both else None,
            "pcoc": float(s.mean() / rate) if rate > 0 else None,
            "meanPrediction": float(s.mean()), "calibrationError": float(calibration_error(y, s)),
            "prAUC": float(average_precision_score(y, s)) if y.sum() else None,
        },
    }


def main():
    random = np.random.default_rng(20170813)

    def drawn(rows, decimals, groups):
        s = np.round(random.beta(1, 8, rows), decimals)
        return (random.random(rows) < s).astype(int), s, random.integers(0, groups, rows)

    few = np.arange(10)
    cases = [
        case("no ties", *drawn(400, 12, 25)),
        case("many ties", *drawn(500, 2, 30)),
        case("a handful of distinct scores", *drawn(300, 1, 8)),
        case("constant scores", np.array([0, 1] * 10), np.full(20, 0.25), np.arange(20) % 3),
        case("only clicks", np.ones(10, int), np.linspace(0.1, 0.9, 10), few % 2),
        case("no clicks", np.zeros(10, int), np.linspace(0.1, 0.9, 10), few % 2),
        case("one click", (few == 6).astype(int), np.linspace(0.05, 0.5, 10), few % 2),
        case("perfect, with probabilities of exactly 0 and 1", (few >= 5).astype(int), (few >= 5) * 1.0, few % 2),
        case("upside down, with certain mistakes", (few < 5).astype(int), (few >= 5) * 1.0, few % 2),
        case("a single impression", np.array([1]), np.array([0.5]), np.array([7])),
    ]
    path = pathlib.Path(__file__).with_name("reference.json")
    path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


main()
