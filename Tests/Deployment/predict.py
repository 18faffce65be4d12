"""jobs/mpi/predict against numbers that can be worked out otherwise."""
import json
import math
import os
import random
import runpy
import shutil
import subprocess

model = runpy.run_path("jobs/mpi/predict")


def predict(*options):
    return json.loads(subprocess.run(["jobs/mpi/predict", "--json", *options], check=True, capture_output=True).stdout)


# The weights of the paper's nets, layer by layer.
light = 624 * 200 + 200 + 200 * 80 + 80 + 80 + 1
assert model["dense_floats"](624, [200, 80]) == light == 141_161
assert model["dense_floats"](624, [720, 360, 240, 180, 90]) == 855_961

# Two ranks, one table of one number, one id each, no dense floats: half an id, a row and a gradient, then what is announced.
assert model["bytes_a_step"](2, 1, 1, 0, 1) == 0.5 * 12 + 8 + 40
assert model["bytes_a_step"](1, 1_000, 16, 10**6, 39) == 0

# Different ids: two rows of equal probability, and drawn ones.
assert math.isclose(model["distinct"](2, 3, 0), 2 * (1 - 0.5**3))
random.seed(1)
weights = [rank**-1.05 for rank in range(1, 501)]
drawn = [len(set(random.choices(range(500), weights, k=300))) for _ in range(400)]
assert abs(sum(drawn) / len(drawn) / model["distinct"](500, 300, 1.05) - 1) < 0.01

# One host is as fast as one; with a network that costs nothing the batch that grows scales as the hosts do.
for row in predict("--hosts", "1"):
    assert row["speed_up"] == 1 and row["bytes_a_step"] == 0, row
for row in predict("--hosts", "64", "--gbits", "1e12", "--most-gigabytes", "1e12", "--latency-us", "0"):
    assert row["speed_up"] == 64 if row["scaling"] == "weak" else 1 < row["speed_up"] < 64, row
slow, fast = (predict("--hosts", "8", "--gbits", gbits) for gbits in ("10", "100"))
assert all(a["speed_up"] < b["speed_up"] < 8 for a, b in zip(slow, fast))
# Without a step's own costs a batch that stays is divided without loss.
for row in predict("--hosts", "8", "--gbits", "1e12", "--most-gigabytes", "1e12", "--latency-us", "0", "--step-ms", "0"):
    assert row["speed_up"] == 8, row

# The program itself expects the same bytes.
rocket = ".build/release/rocket"
if shutil.which("mpirun") and os.access(rocket, os.X_OK):
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    bench = subprocess.run(
        ["mpirun", "-n", "2", "--oversubscribe", "--bind-to", "none", rocket, "bench", "train", "--shape", "uniform",
         "--batch", "512", "--threads", "1", "--rounds", "1", "--seconds", "0.1", "--json"],
        check=True, capture_output=True, env={**os.environ, **root})
    expected = json.loads(bench.stdout)["expected_bytes_per_sample"]
    row = predict("--hosts", "2", "--batch", "512")[-1]
    assert math.isclose(2 * row["bytes_a_step"] / 512, expected, rel_tol=1e-5), (row, expected)
