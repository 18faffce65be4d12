"""A night's metrics file, and those of failures, as Prometheus' own parser reads them. Needs the built program."""
import glob
import os
import subprocess
import sys
import tempfile

from prometheus_client.parser import text_string_to_metric_families

programs = glob.glob(".build/*/release/rocket")
rocket = os.environ.get("ROCKET_BIN") or (programs[0] if programs else sys.exit("build the program first"))


def run(*arguments, codes=(0,), **environment):
    result = subprocess.run(
        [rocket, *arguments], env=os.environ | environment, capture_output=True, text=True, timeout=120)
    if result.returncode not in codes:
        sys.exit(f"{arguments} ended with {result.returncode}: {result.stderr}")


def read(path):
    """name → sample values; every family must have its HELP and TYPE."""
    values = {}
    for family in text_string_to_metric_families(open(path).read()):
        assert family.type == "gauge" and family.documentation, family
        for sample in family.samples:
            assert {"model"} <= set(sample.labels) <= {"model", "command", "stage"}, sample
            values.setdefault(sample.name, []).append(sample.value)
    return values


with tempfile.TemporaryDirectory() as folder:
    metrics = f"{folder}/rocket.prom"
    nightly = ("nightly", "--quiet", "--job", f"{folder}/job.yaml", "--metrics-file", metrics)
    run(*nightly, codes=(6,))
    assert read(metrics)["rocket_run_exit_code"] == [6], read(metrics)
    lines = (line for line in open("jobs/quickstart.yaml") if "baselines" not in line)
    text = "".join(lines).replace("batch_sizes: [1, 50, 200, 500], calls: 500", "batch_sizes: [1], calls: 100")
    open(f"{folder}/job.yaml", "w").write(f"{text}cache: {{directory: {folder}/cache}}\ndatabase: {{retry: 0s}}\n")
    run(*nightly, codes=(7,), DATABASE_URL="postgresql:///x?host=/nowhere")
    assert read(metrics)["rocket_run_exit_code"] == [7], read(metrics)
    cluster = f"{folder}/cluster"
    url = subprocess.run(
        ["jobs/cluster", "start", cluster, "--throwaway"], capture_output=True, text=True, check=True).stdout.strip()
    try:
        run("migrate", DATABASE_URL=url)
        run("sample-logs", "--quiet", "--impressions", "12000", "--days", "3", DATABASE_URL=url)
        run(*nightly, codes=(0, 8), DATABASE_URL=url)
        values = read(metrics)
        expected = {
            "rocket_run_exit_code", "rocket_run_end_timestamp_seconds", "rocket_run_duration_seconds",
            "rocket_last_success_timestamp_seconds", "rocket_stage_seconds", "rocket_rows_extracted",
            "rocket_peak_memory_bytes", "rocket_newest_version", "rocket_light_auc", "rocket_booster_auc",
            "rocket_light_pcoc", "rocket_light_p99_microseconds",
        }
        assert expected <= set(values), expected - set(values)
        assert values["rocket_rows_extracted"][0] > 0 and len(values["rocket_stage_seconds"]) >= 4, values
    finally:
        subprocess.run(["jobs/cluster", "destroy", cluster], check=True)
