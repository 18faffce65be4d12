"""Writes reference.json beside this file: metric values of small cases from scikit-learn, and DeLong's standard error
and the rest from plain numpy. Run with Python 3, numpy and scikit-learn; the numbers do not depend on the machine."""

import json
import pathlib

import numpy as np
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score, roc_curve

BINS = 20
CLIP = 1e-12


def delong_standard_error(y, s):
    """DeLong et al. (1988) straight from the definition: every click against every non-click."""
    x, z = s[y == 1], s[y == 0]
    if len(x) < 2 or len(z) < 2:
        return None
    psi = (x[:, None] > z[None, :]) + 0.5 * (x[:, None] == z[None, :])
    return float(np.sqrt(np.var(psi.mean(1), ddof=1) / len(x) + np.var(psi.mean(0), ddof=1) / len(z)))


def reliability(y, s):
    """Equal-mass bins; equal scores count with their mean label, so that the order among them does not matter."""
    order = np.argsort(s, kind="stable")
    s = s[order]
    labels = y[order].astype(float)
    for value in np.unique(s):
        labels[s == value] = labels[s == value].mean()
    edges = [b * len(y) // BINS for b in range(BINS + 1)]
    return [
        {"impressions": b - a, "clicks": float(labels[a:b].sum()), "lowest": float(s[a]), "highest": float(s[b - 1]),
         "predicted": float(s[a:b].sum())}
        for a, b in zip(edges, edges[1:]) if b > a
    ]


def gauc(y, s, groups):
    total = weight = counted = 0
    for group in np.unique(groups):
        rows = groups == group
        if len(set(y[rows])) == 2:
            total += rows.sum() * roc_auc_score(y[rows], s[rows])
            weight += rows.sum()
            counted += 1
    return (float(total / weight) if weight else None), counted


def ratio_standard_error(numerator, denominator):
    """Of a ratio of two sums over clusters, by the delta method."""
    k = len(numerator)
    if k < 2:
        return None
    residuals = numerator - numerator.sum() / denominator.sum() * denominator
    return float(np.sqrt(k * np.var(residuals, ddof=1)) / denominator.sum())


def gauc_standard_error(y, s, groups):
    parts = [groups == group for group in np.unique(groups)]
    parts = [rows for rows in parts if len(set(y[rows])) == 2]
    sizes = np.array([rows.sum() for rows in parts], float)
    return ratio_standard_error(sizes * [roc_auc_score(y[rows], s[rows]) for rows in parts], sizes)


def entropy_standard_error(y, s, groups):
    """Over groups; group None makes each row one."""
    def cross_entropy(p):
        p = np.clip(p, CLIP, 1 - CLIP)
        return -np.where(y == 1, np.log(p), np.log1p(-p))

    def sums(values):
        return values if groups is None else np.array([values[groups == group].sum() for group in np.unique(groups)])

    return ratio_standard_error(sums(cross_entropy(s)), sums(cross_entropy(np.full(len(y), y.mean()))))


def case(name, y, s, groups, weights=None):
    """With weights scikit-learn is given them as they are; what it does not compute sees each row so often."""
    given = {"labels": y.tolist(), "probabilities": s.tolist(), "groups": groups.tolist()}
    if weights is None:
        weights = np.ones(len(y), int)
    else:
        given["weights"] = weights.tolist()
    both = len(set(y[weights > 0])) == 2
    loss = float(log_loss(y, np.clip(s, CLIP, 1 - CLIP), labels=[0, 1], sample_weight=weights))
    auc = float(roc_auc_score(y, s, sample_weight=weights)) if both else None
    roc = []
    if both:
        rates = zip(*roc_curve(y, s, sample_weight=weights)[:2])
        roc = [{"falsePositiveRate": float(x), "truePositiveRate": float(t)} for x, t in rates]
    clicked = y[weights > 0].any()
    precision = float(average_precision_score(y, s, sample_weight=weights)) if clicked else None
    y, s, groups = (np.repeat(column, weights) for column in (y, s, groups))
    rate = y.mean()
    grouped, counted = gauc(y, s, groups)
    bins = reliability(y, s)
    return {
        "name": name, **given,
        "entropyStandardErrorOfRows": entropy_standard_error(y, s, None) if both else None,
        "report": {
            "impressions": len(y), "clicks": int(y.sum()),
            "auc": auc,
            "aucStandardError": delong_standard_error(y, s),
            "gauc": grouped, "gaucStandardError": gauc_standard_error(y, s, groups), "gaucGroups": counted,
            "logLoss": loss,
            "normalizedEntropy": loss / float(log_loss(y, np.full(len(y), rate))) if both else None,
            "normalizedEntropyStandardError": entropy_standard_error(y, s, groups) if both else None,
            "pcoc": float(s.mean() / rate) if rate > 0 else None,
            "meanPrediction": float(s.mean()), "calibrationError": sum(abs(b["predicted"] - b["clicks"]) for b in bins) / len(y),
            "prAUC": precision, "reliability": bins, "roc": roc,
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
        case("weights, no ties", *drawn(300, 12, 20), random.integers(1, 6, 300)),
        case("weights, many ties", *drawn(300, 2, 20), random.integers(1, 6, 300)),
        case("weights as in a bootstrap, some of them 0", *drawn(400, 3, 40), random.poisson(1, 400)),
        case("weights of 0 leave one class", (few < 3).astype(int), np.linspace(0.1, 0.9, 10), few % 2, (few >= 3) * 2),
        case("a weight of a million", few % 2, np.linspace(0.1, 0.9, 10), few % 3, np.where(few == 4, 10**6, 1)),
        case("constant scores with weights", few % 2, np.full(10, 0.3), few % 2, few + 1),
        case("tiny probabilities", few % 2, 10.0 ** -np.arange(2, 12), few % 2),
        case("two scores next to each other", few % 2, np.where(few < 5, 0.1, np.nextafter(0.1, 1)), few % 2),
        case("rare clicks", *(lambda s: ((random.random(3000) < s).astype(int), s, random.integers(0, 300, 3000)))(
            random.beta(1, 200, 3000))),
        case("one user", *drawn(200, 4, 1)),
    ]
    path = pathlib.Path(__file__).with_name("reference.json")
    path.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")


main()
