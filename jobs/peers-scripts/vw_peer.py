"""Vowpal Wabbit: its logistic regression in one pass, with the crosses of the user with the ad's values."""
import json
import math
import os
import sys
import tempfile

import numpy as np
import vowpalwabbit

import rows

# It learns row by row, so that their order matters.
frame, judged = rows.read(sys.argv[1], in_order_of_time=True)
labels = frame["clicked"].to_numpy()
# Namespaces, of which the first letter counts: the user's values, the ad's, the place's.
spaces = {
    "u": ["user_id", "gender", "age_group", "city", "device_os", "member_level"],
    "a": ["ad_id", "advertiser", "category", "format", "creative"],
    "s": ["site", "slot", "hour_of_day", "day_of_week"],
}
columns = {name: frame[name].astype(str).tolist() for name in rows.CATEGORIES}
interests, price = frame["interests"].tolist(), frame["price"].to_numpy()


def example(row, with_label):
    parts = [("1" if labels[row] else "-1") if with_label else ""]
    for space, names in spaces.items():
        parts.append(f"|{space} " + " ".join(f"{name}={columns[name][row]}" for name in names if columns[name][row]))
    words = " ".join(f"i={word}" for word in interests[row].split(" ") if word)
    value = f" price:{math.log1p(price[row]):.5f}" if price[row] == price[row] else ""
    return " ".join(parts) + f" |i {words} |p{value}"


with tempfile.TemporaryDirectory() as folder:
    path, model = os.path.join(folder, "train.txt"), os.path.join(folder, "model")
    with open(path, "w") as file:
        for row in np.flatnonzero(~judged):
            file.write(example(row, True) + "\n")
    options = "--quiet --loss_function logistic --link logistic -b 24 --random_seed 1"
    vowpalwabbit.Workspace(f"{options} -q ua -q ui -q ai -q as -d {path} -f {model}").finish()
    trained = vowpalwabbit.Workspace(f"--quiet -t -i {model}")
    predicted = [trained.predict(example(row, False)) for row in np.flatnonzero(judged)]
print(json.dumps(rows.judge(labels[judged], predicted) | {"note": "one pass, crosses user × ad, site × ad"}))
