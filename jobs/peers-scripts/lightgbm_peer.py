"""LightGBM with its own categorical splits; the number of trees by early stopping on the last training day."""
import json
import sys

import lightgbm
import numpy as np
import pandas as pd

import rows

frame, judged = rows.read(sys.argv[1])
labels = frame.pop("clicked").to_numpy()
days = frame.pop("day")
interests = frame.pop("interests").str.get_dummies(" ").astype(np.int8).add_prefix("interest_")
frame = pd.concat([frame, interests], axis=1)
last = (days == days[~judged].max()).to_numpy()
early = ~judged & ~last

parameters = {
    "objective": "binary", "learning_rate": 0.05, "num_leaves": 63, "num_threads": rows.CORES, "verbose": -1, "seed": 1,
}
data = lightgbm.Dataset(frame[early], labels[early], free_raw_data=False)
held_out = lightgbm.Dataset(frame[last], labels[last], reference=data)
found = lightgbm.train(
    parameters, data, 2_000, valid_sets=[held_out], callbacks=[lightgbm.early_stopping(50, verbose=False)])
everything = lightgbm.Dataset(frame[~judged], labels[~judged])
model = lightgbm.train(parameters, everything, found.best_iteration)
print(json.dumps(rows.judge(labels[judged], model.predict(frame[judged])) | {"note": f"{found.best_iteration} trees"}))
