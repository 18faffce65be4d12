"""Runs the contestants one after another and prints the table; see jobs/peers."""
import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROCKET = os.environ["ROCKET_BIN"]
PEERS = {"lightgbm": "lightgbm_peer.py", "pytorch": "torch_peer.py", "vowpal-wabbit": "vw_peer.py"}
FIRST_DAY, JUDGED_DAY, AS_OF = "2026-01-05", "2026-01-12", "2026-01-13T03:00Z"


class Failed(Exception):
    """A contestant that has no result, and why."""


def parse():
    p = argparse.ArgumentParser(prog="jobs/peers", description=__doc__)
    p.add_argument("--impressions", type=int, default=1_000_000, help="of seven training days and the judged one")
    p.add_argument("--only", default="", help=f"names separated by commas, of rocket, {', '.join(PEERS)}")
    p.add_argument("--folder", required=True, help=argparse.SUPPRESS)
    return p.parse_args()


def measured(command, env=None):
    """Runs a program; its standard output, seconds, and the peak of resident memory in MiB: of the program itself or of
    a program that it has started and waited for, whichever is larger. The database server's is nobody's."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | (env or {}))
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = code = os.waitstatus_to_exitcode(status)
    # 8: the version was made, and the gate holds it back.
    if code not in (0, 8):
        name = " ".join(os.path.basename(word) for word in command[:2])
        raise Failed(f"{name}: " + (f"killed by signal {-code}" if code < 0 else f"exit code {code}"))
    return output, time.monotonic() - begun, usage.ru_maxrss / 1_024


def sql(query, database=None):
    answer = subprocess.run(
        ["psql", "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", query, database or os.environ["DATABASE_URL"]],
        check=True, capture_output=True, text=True)
    return [line.split("|") for line in answer.stdout.splitlines()]


@contextlib.contextmanager
def fresh_place(model, folder):
    """A database of results and a folder of job file and cache that no earlier run has seen."""
    logs = os.environ["DATABASE_URL"]
    place = tempfile.mkdtemp(prefix=f"{model}-", dir=folder)
    sql(f"CREATE DATABASE {model}")
    try:
        yield place, {"DATABASE_URL": logs.replace("/rocket?", f"/{model}?", 1), "SOURCE_DATABASE_URL": logs}
    finally:
        sql(f"DROP DATABASE {model} WITH (FORCE)")
        shutil.rmtree(place)


def rocket(name, folder):
    """The unedited draft of init, and its first night. What init takes is part of the time; it looks at no click of the
    judged day. So is what the peers do without: logistic regression beside the nets, latencies, the model's examples."""
    model = f"peers_run_{time.time_ns()}"
    with fresh_place(model, folder) as (place, env):
        measured([ROCKET, "migrate"], env)
        job = os.path.join(place, "job.yaml")
        _, drafting, drafting_memory = measured(
            [ROCKET, "init", "--impressions", f"ad_log.{name}_impressions", "--clicks", f"ad_log.{name}_clicks",
             "--model", model, "--output", job], env)
        with open(job, encoding="utf-8") as file:
            os.environ["ROCKET_PEERS_WINDOW"] = re.search(r"^  attribution_window: (\d+[smhd])", file.read(), re.M)[1]
        _, night, memory = measured([ROCKET, "nightly", "--job", job, "--as-of", AS_OF, "--quiet"], env)
        found = sql(
            f"""SELECT e.net, e.auc, e.log_loss, e.impressions, e.clicks, v.trained_from, v.trained_to, e.day
                FROM rocket.evaluation_reports e JOIN rocket.model_versions v USING (version)
                WHERE e.arm = 'rocket' AND v.model = '{model}' ORDER BY e.net DESC""", env["DATABASE_URL"])
    if not found:
        raise Failed("rocket nightly made no version")
    for net, auc, loss, rows, clicks, first, last, judged in found:
        if judged != JUDGED_DAY or not FIRST_DAY <= first <= last < judged:
            raise Failed(f"trained on {first} … {last} and judged on {judged}, expected {JUDGED_DAY} and days before it")
        since = "" if first == FIRST_DAY else f", trained from {first} on"
        yield {
            "method": f"rocket, {net}", "auc": float(auc), "log_loss": float(loss), "seconds": drafting + night,
            "memory": max(memory, drafting_memory), "note": f"init {drafting:.0f} s, nightly {night:.0f} s{since}",
            "rows": int(rows), "clicks": int(clicks),
        }


def peer(method, name):
    output, seconds, memory = measured([sys.executable, os.path.join(HERE, PEERS[method]), name])
    try:
        found = json.loads(output.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise Failed(f"it printed no result: {error}") from error
    return {"method": method, "seconds": seconds, "memory": memory} | found


def contest(wanted, name, folder):
    for method in wanted:
        try:
            yield from rocket(name, folder) if method == "rocket" else [peer(method, name)]
        except Failed as failure:
            print(f"jobs/peers: {method} failed: {failure}", file=sys.stderr)
            yield {"method": method, "failure": str(failure)}


def text(line):
    if "failure" in line:
        return f"| {line['method']} | failed | | | | {line['failure']} |"
    return (
        f"| {line['method']} | {line['auc']:.4f} | {line['log_loss']:.4f} | {line['seconds']:.0f} "
        f"| {line['memory']:,.0f} | {line['note']} |")


def main():
    options = parse()
    wanted = [name for name in options.only.split(",") if name] or ["rocket", *PEERS]
    unknown = set(wanted) - {"rocket", *PEERS}
    if unknown:
        raise SystemExit(f"--only: {', '.join(sorted(unknown))} is none of rocket, {', '.join(PEERS)}")
    name = f"peers_{options.impressions}"
    try:
        measured([ROCKET, "migrate"])
        if sql(f"SELECT to_regclass('ad_log.{name}_impressions') IS NULL") == [["t"]]:
            measured([
                ROCKET, "sample-logs", "--quiet", "--into", name, "--days", "8", "--impressions",
                str(options.impressions), "--first-day", FIRST_DAY])
    except Failed as failure:
        raise SystemExit(f"jobs/peers: no logs to compare on: {failure}") from failure
    # So that the first to read finds the tables as the others do.
    for table in (f"ad_log.{name}_impressions", f"ad_log.{name}_clicks"):
        sql(f"VACUUM ANALYZE {table}")
        sql(f"SELECT count(t) FROM {table} t")
    lines = list(contest(wanted, name, options.folder))
    judged = {(line["rows"], line["clicks"]) for line in lines if "rows" in line}
    print(f"{options.impressions:,} impressions of eight days, judged on the last, which nobody trains on\n")
    print("| method | AUC | log loss | seconds | peak memory, MiB | |")
    print("|---|---|---|---|---|---|")
    for line in lines:
        print(text(line))
    for rows, clicks in sorted(judged):
        print(f"\njudged on {rows:,} impressions with {clicks:,} clicks")
    if len(judged) > 1:
        raise SystemExit("jobs/peers: not all were judged on the same rows and labels; do not compare them")
    if any("failure" in line for line in lines):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
