"""What people would use instead: hashed logistic regression and LightGBM, each tuned on the latest training rows."""

import time
import warnings
import zlib

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score

# The number of iterations is bounded on purpose.
warnings.filterwarnings("ignore")
BUCKETS = 1 << 20


def load(data_set):
    """Cells as text, the labels, and the number of rows that are trained on."""
    frame = pd.read_csv(data_set.path, dtype=str, keep_default_na=False)
    label = frame.pop(data_set.label).astype(float)
    threshold = data_set.label_at_least if data_set.label_at_least is not None else 1
    frame = frame.drop(columns=[*data_set.drop, *data_set.unused])
    return frame, (label >= threshold).astype(int).to_numpy(), len(frame) - data_set.judged


def hashed(frame, lists, numbers):
    """One hashed column for each value; numbers standardised, as columns of their own."""
    parts = []
    for name in frame.columns:
        if name in numbers:
            number = pd.to_numeric(frame[name], errors="coerce").to_numpy(float)
            known = np.flatnonzero(~np.isnan(number))
            value = (number - np.nanmean(number)) / (np.nanstd(number) or 1)
            parts.append((known, np.full(len(known), zlib.crc32(name.encode()) % BUCKETS), value[known]))
            continue
        codes, values = pd.factorize(frame[name])
        items = [value.split(" ") if name in lists else [value] for value in values]
        columns = [np.array([zlib.crc32(f"{name}={item}".encode()) % BUCKETS for item in cell]) for cell in items]
        lengths = np.array([len(cell) for cell in columns])
        rows = np.repeat(np.arange(len(frame)), lengths[codes])
        parts.append((rows, np.concatenate([columns[code] for code in codes]), np.ones(len(rows))))
    rows, columns, values = (np.concatenate(part) for part in zip(*parts))
    return sp.csr_matrix((values.astype(np.float32), (rows, columns)), shape=(len(frame), BUCKETS))


def coded(frame, train, lists, numbers):
    """Columns for trees: categories by first appearance among the training rows (unknown: −1), lists as flags."""
    categories, others = [], []
    for name in frame.columns:
        if name in numbers:
            others.append(pd.to_numeric(frame[name], errors="coerce").to_numpy(float))
        elif name in lists:
            codes, values = pd.factorize(frame[name])
            sets = [set(value.split(" ")) - {""} for value in values]
            known = sorted(set().union(*(sets[code] for code in np.unique(codes[:train]))))
            others += [np.array([item in cell for cell in sets], float)[codes] for item in known]
        else:
            code = {value: number for number, value in enumerate(pd.unique(frame[name][:train]))}
            categories.append(frame[name].map(code).fillna(-1).to_numpy(float))
    return np.stack(categories + others, 1), list(range(len(categories)))


def scores(method, y, p, seconds):
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return {"method": method, "auc": roc_auc_score(y, p), "log_loss": log_loss(y, p), "pcoc": p.mean() / y.mean(),
            "seconds": seconds}


def logistic_regression(data_set, threads):
    frame, y, train = load(data_set)
    fit = train - train // 10
    begun = time.time()
    x = hashed(frame, data_set.lists, data_set.numbers)
    strengths = (0.03, 0.1, 0.3, 1.0) if train < 1_000_000 else (0.1,)

    def auc(strength):
        model = LogisticRegression(C=strength, max_iter=60).fit(x[:fit], y[:fit])
        return roc_auc_score(y[fit:train], model.decision_function(x[fit:train]))

    best = max(strengths, key=auc) if len(strengths) > 1 else strengths[0]
    model = LogisticRegression(C=best, max_iter=60).fit(x[:train], y[:train])
    return scores("logistic regression", y[train:], model.predict_proba(x[train:])[:, 1], time.time() - begun)


def lightgbm(data_set, threads):
    import lightgbm as lgb

    frame, y, train = load(data_set)
    fit = train - train // 10
    begun = time.time()
    x, categories = coded(frame, train, data_set.lists, data_set.numbers)
    options = dict(objective="binary", metric="auc", learning_rate=0.08, num_leaves=63, min_data_in_leaf=50,
                   cat_smooth=20, max_cat_to_onehot=4, num_threads=threads, verbose=-1, seed=1)
    part = lgb.Dataset(x[:fit], y[:fit], categorical_feature=categories, free_raw_data=False)
    held = lgb.Dataset(x[fit:train], y[fit:train], reference=part)
    stopped = lgb.train(options, part, 1500, valid_sets=[held], callbacks=[lgb.early_stopping(30, verbose=False)])
    whole = lgb.Dataset(x[:train], y[:train], categorical_feature=categories)
    model = lgb.train(options, whole, max(1, stopped.best_iteration))
    return scores("LightGBM", y[train:], model.predict(x[train:]), time.time() - begun)
