"""The generated week as a data frame, read from PostgreSQL by psql's COPY, which is the fastest way for a script."""
import os
import subprocess

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score

# Columns of the log that are categories; the others are `interests`, a list, and `price`, a number.
CATEGORIES = [
    "user_id", "gender", "age_group", "city", "device_os", "member_level", "ad_id", "advertiser", "category", "format",
    "creative", "site", "slot", "hour_of_day", "day_of_week",
]

# Those that this process may run on.
CORES = len(os.sched_getaffinity(0))

# A click counts within this time after its impression, as in the job file that rocket drafted: jobs/peers hands it on, and
# compares the clicks. One hash join for all rows, and not a look-up for each.
WINDOW = os.environ.get("ROCKET_PEERS_WINDOW", "1h")
QUERY = """
COPY (
    SELECT i.impressed_at::date - date '2026-01-05' AS day, {columns}, array_to_string(i.interests, ' ') AS interests, i.price,
        (c.impression_id IS NOT NULL)::int AS clicked
    FROM ad_log.{name}_impressions i
    LEFT JOIN (
        SELECT DISTINCT c.impression_id
        FROM ad_log.{name}_clicks c JOIN ad_log.{name}_impressions s USING (impression_id)
        WHERE c.clicked_at >= s.impressed_at AND c.clicked_at < s.impressed_at + interval '{window}') c
        USING (impression_id)
    {order}
) TO STDOUT (FORMAT csv, HEADER)
"""


def read(name, in_order_of_time=False):
    """The rows of all days, and for each whether it is judged: those of the last day are."""
    query = QUERY.format(
        name=name, window=WINDOW, columns=", ".join(f"i.{column}" for column in CATEGORIES),
        order="ORDER BY i.impressed_at" if in_order_of_time else "")
    psql = subprocess.Popen(
        ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", "SET TimeZone = 'UTC'", "-c", query,
         os.environ["DATABASE_URL"]],
        stdout=subprocess.PIPE)
    types = {column: "category" for column in CATEGORIES} | {"interests": str, "price": np.float32, "clicked": np.int8}
    frame = pd.read_csv(psql.stdout, dtype=types | {"day": np.int8}, keep_default_na=False, na_values={"price": [""]})
    if psql.wait() != 0:
        raise SystemExit("psql failed; see its message above")
    return frame, (frame["day"] == frame["day"].max()).to_numpy()


def judge(labels, predicted):
    """What each contestant prints: one JSON object."""
    predicted = np.clip(np.asarray(predicted, np.float64), 1e-7, 1 - 1e-7)
    return {
        "auc": roc_auc_score(labels, predicted), "log_loss": log_loss(labels, predicted), "rows": len(labels),
        "clicks": int(np.sum(labels)),
    }
