"""Runs the contestants one after another and prints the table; see jobs/peers."""
import argparse
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROCKET = os.environ["ROCKET_BIN"]
PEERS = {"lightgbm": "lightgbm_peer.py", "pytorch": "torch_peer.py", "vowpal-wabbit": "vw_peer.py"}


def parse():
    p = argparse.ArgumentParser(prog="jobs/peers", description=__doc__)
    p.add_argument("--impressions", type=int, default=1_000_000, help="of seven training days and the judged one")
    p.add_argument("--only", default="", help=f"names separated by commas, of rocket, {', '.join(PEERS)}")
    p.add_argument("--folder", required=True, help=argparse.SUPPRESS)
    return p.parse_args()


def measured(command):
    """Runs a program; its standard output, seconds, and the peak of its resident memory in MiB."""
    begun = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    code = os.waitstatus_to_exitcode(status)
    # 8: the version was made, and the gate holds it back.
    if code not in (0, 8):
        raise SystemExit(f"{' '.join(command)}: exit code {code}")
    return output, time.monotonic() - begun, usage.ru_maxrss / 1_024


def sql(query):
    answer = subprocess.run(
        ["psql", "-X", "-A", "-t", "-c", query, os.environ["DATABASE_URL"]], check=True, capture_output=True, text=True)
    return [line.split("|") for line in answer.stdout.splitlines()]


def rocket(name, folder):
    """The unedited draft of init, and its first night. What init takes is part of the time."""
    job = os.path.join(folder, f"{name}.yaml")
    if os.path.exists(job):
        os.remove(job)
    _, drafting, drafting_memory = measured(
        [ROCKET, "init", "--impressions", f"ad_log.{name}_impressions", "--clicks", f"ad_log.{name}_clicks", "--model",
         name, "--output", job])
    _, night, memory = measured([ROCKET, "nightly", "--job", job, "--as-of", "2026-01-13T03:00Z", "--quiet"])
    found = sql(
        f"""SELECT e.net, e.auc, e.log_loss FROM rocket.evaluation_reports e
            WHERE e.arm = 'rocket' AND e.version = (
                SELECT max(version) FROM rocket.model_versions WHERE model = '{name}')
            ORDER BY e.net DESC""")
    for net, auc, loss in found:
        yield {
            "method": f"rocket, {net}", "auc": float(auc), "log_loss": float(loss), "seconds": drafting + night,
            "memory": max(memory, drafting_memory), "note": f"init {drafting:.0f} s, nightly {night:.0f} s",
        }


def peer(method, name):
    output, seconds, memory = measured([sys.executable, os.path.join(HERE, PEERS[method]), name])
    found = json.loads(output.splitlines()[-1])
    return {"method": method, "seconds": seconds, "memory": memory} | found


def main():
    options = parse()
    wanted = [name for name in options.only.split(",") if name] or ["rocket", *PEERS]
    unknown = set(wanted) - {"rocket", *PEERS}
    if unknown:
        raise SystemExit(f"--only: {', '.join(sorted(unknown))} is none of rocket, {', '.join(PEERS)}")
    name = f"peers_{options.impressions}"
    measured([ROCKET, "migrate"])
    if sql(f"SELECT to_regclass('ad_log.{name}_impressions') IS NULL") == [["t"]]:
        measured([
            ROCKET, "sample-logs", "--quiet", "--into", name, "--days", "8", "--impressions", str(options.impressions),
            "--first-day", "2026-01-05"])
    sql(f"ANALYZE ad_log.{name}_impressions; ANALYZE ad_log.{name}_clicks")
    lines = []
    for method in wanted:
        lines += rocket(name, options.folder) if method == "rocket" else [peer(method, name)]
    print(f"{options.impressions:,} impressions of eight days, judged on the last\n")
    print("| method | AUC | log loss | seconds | peak memory, MiB | |")
    print("|---|---|---|---|---|---|")
    for line in lines:
        print(
            f"| {line['method']} | {line['auc']:.4f} | {line['log_loss']:.4f} | {line['seconds']:.0f} "
            f"| {line['memory']:,.0f} | {line['note']} |")


if __name__ == "__main__":
    main()
