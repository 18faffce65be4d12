#!/usr/bin/env python3
"""Reference values of PairedComparisonTests and ExperimentGainTests: numpy and scipy.

    python3 paired.py
"""
import numpy as np
from scipy import stats

row = np.arange(200)
label = row % 3 == 0
first, second = (row % 7 + 1) / 10, (row % 5 + 1) / 8


def loss(p):
    p = p.astype(np.float32).astype(float)
    return np.where(label, -np.log(p), -np.log1p(-p))


difference = loss(first) - loss(second)
for name, cluster in [("clusters of rows", row % 11), ("each row one", row)]:
    k, mean = len(np.unique(cluster)), difference.mean()
    e = np.array([(difference - mean)[cluster == c].sum() for c in np.unique(cluster)])
    error = np.sqrt(k / (k - 1) * (e**2).sum()) / len(row)
    print(name, repr(mean), repr(error), "lower bound at 0.95:", repr(mean - stats.norm.ppf(0.95) * error))

light = np.array([0.7401, 0.7412, 0.7395, 0.7407, 0.7399])
booster = np.array([0.7450, 0.7455, 0.7441, 0.7462, 0.7443])
rocket = np.array([0.7431, 0.7440, 0.7418, 0.7437, 0.7420])
x, g = rocket - light, booster - light
t, c = stats.t.ppf(0.975, 4), np.cov(x, g) / 5
ratio = x.mean() / g.mean()
h = t * t * c[1, 1] / g.mean() ** 2
half = t / g.mean() * np.sqrt(c[0, 0] - 2 * ratio * c[0, 1] + ratio**2 * c[1, 1] - h * (c[0, 0] - c[0, 1] ** 2 / c[1, 1]))
center = ratio - h * c[0, 1] / c[1, 1]
print("Fieller", repr(ratio), repr((center - half) / (1 - h)), repr((center + half) / (1 - h)))
print("gain", repr(x.mean()), repr(np.sqrt(c[0, 0])))
