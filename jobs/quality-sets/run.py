"""Runs the sets of jobs/quality and prints two tables: every method's figures, and what the hint is worth per set, with
standard errors over seeds, seed by seed. Every figure is also a JSON line in FOLDER/quality.jsonl."""

import argparse
import json
import os
import subprocess
import sys
import time

import histories
import sets
import yardsticks


def arguments():
    parser = argparse.ArgumentParser(prog="jobs/quality", description=__doc__)
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"some of {', '.join(sets.NAMES)}; default: all")
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each arm (default 5)")
    parser.add_argument("--search", metavar="BUDGET", help="also rocket experiment --search, such as 10m")
    parser.add_argument("--data", default="../shared/data", help="folder with amexpert/, avazu/ and criteo/")
    parser.add_argument("--frappe", metavar="ZIP", help="Mobile_Frappe.zip of irecsys/CARSKit")
    parser.add_argument("--impressions", type=int,
                        help="of generated logs (default 5,000,000; of those with histories 1,050,000)")
    parser.add_argument("--histories", action="store_true",
                        help="instead: the sets that have days, with and without counts of earlier days as features")
    parser.add_argument("--threads", type=int, default=2, help="of LightGBM (default 2)")
    parser.add_argument("--no-yardsticks", action="store_true", help="rocket only")
    parser.add_argument("--folder", default=".rocket/quality", help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.rocket = os.environ.get("ROCKET_BIN", ".build/release/rocket")
    options.impressions = options.impressions or (1_050_000 if options.histories else 5_000_000)
    names = [case.name for case in histories.CASES] if options.histories else sets.NAMES
    unknown = [name for name in options.sets if name not in names]
    if unknown:
        parser.error(f"no set is called {unknown[0]}; expected some of {', '.join(names)}")
    return options


def rocket(options, *words, allowed=(0,), capture=False):
    done = subprocess.run([options.rocket, *words], stdout=subprocess.PIPE if capture else sys.stderr, text=True)
    if done.returncode not in allowed:
        sys.exit(f"jobs/quality: rocket {' '.join(words)} ended with code {done.returncode}")
    return done.stdout


def load(options, data_set):
    """The set's rows as log tables."""
    if data_set.is_loaded:
        return
    words = ["import", "csv", data_set.path, "--into", data_set.name, "--label", data_set.label, *data_set.options]
    if data_set.label_at_least is not None:
        words += ["--label-at-least", str(data_set.label_at_least)]
    for option, columns in [("--lists", data_set.lists), ("--numbers", data_set.numbers), ("--drop", data_set.drop)]:
        if columns:
            words += [option, ",".join(columns)]
    if "--time" not in words:
        words += ["--days", str(data_set.days), "--first-day", sets.FIRST_DAY]
    rocket(options, *words, allowed=(0, 3))


def draft(options, data_set):
    """The job file that init drafts, as it is."""
    job = f"{options.folder}/{data_set.name}.yaml"
    if os.path.exists(job):
        os.remove(job)
    begun = time.time()
    rocket(options, "init", "--impressions", f"ad_log.{data_set.name}_impressions", "--clicks",
           f"ad_log.{data_set.name}_clicks", "--model", data_set.name.replace("_", "-"), "--output", job)
    print(f"{data_set.name}: init took {time.time() - begun:.1f} s", file=sys.stderr)
    return job


def experiment(options, data_set, job, kind):
    """Light alone, booster alone and the two in the rocket, on the judged day."""
    text = rocket(options, "experiment", "--job", job, "--day", data_set.day, "--arms", "light,booster,rocket",
                  "--seeds", str(options.seeds), "--json", allowed=(0, 3), capture=True)
    names = {("light", "light"): "light alone", ("booster", "booster"): "booster alone",
             ("rocket", "light"): "rocket light", ("rocket", "booster"): "rocket booster"}
    for line in json.loads(text):
        name = names.get((line["arm"], line["net"]))
        if name:
            yield {"method": f"{kind}: {name}", "auc": line["auc"], "auc_error": line.get("auc_standard_error"),
                   "log_loss": line["log_loss"], "pcoc": line.get("pcoc"), "seconds": line["seconds"], "kind": kind,
                   "gain": line.get("gain") if name == "rocket light" else None}


def search(options, data_set, job):
    best = f"{options.folder}/{data_set.name}-best.yaml"
    if os.path.exists(best):
        os.remove(best)
    rocket(options, "experiment", "--search", "--job", job, "--day", data_set.day, "--budget", options.search,
           "--output", best, allowed=(0, 3))
    return best


def row(name, figures):
    def number(key, digits):
        value, error = figures.get(key), figures.get(f"{key}_error")
        if value is None:
            return ""
        return f"{value:.{digits}f}" + (f" ± {error:.{digits}f}" if error is not None else "")

    return (f"| {name} | {figures['method']} | {number('auc', 4)} | {number('log_loss', 4)} | {number('pcoc', 3)} "
            f"| {figures['seconds']:.1f} |")


def gain_row(name, kind, gain):
    """What the hint is worth: rocket light minus light alone, seed by seed, and whether two standard errors tell."""
    def difference(key):
        value, error = gain[key], gain.get(f"{key}_standard_error")
        # Log loss is better where it is lower.
        sign = -1 if key == "log_loss" else 1
        clear = 0 if error is None or abs(value) <= 2 * error else (1 if sign * value > 0 else -1)
        return f"{value:+.4f}" + (f" ± {error:.4f}" if error is not None else ""), clear

    (auc, auc_clear), (loss, loss_clear) = difference("auc"), difference("log_loss")
    verdict = ("worse" if min(auc_clear, loss_clear) < 0 else "better" if max(auc_clear, loss_clear) > 0
               else "no clear difference")
    return f"| {name} | {kind} | {auc} | {loss} | {verdict} |"


def main():
    options = arguments()
    psql = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", os.environ["DATABASE_URL"]]
    rocket(options, "migrate")
    if options.histories:
        histories.compare(
            options, psql, rocket=lambda *words, **keys: rocket(options, *words, **keys),
            load=lambda data_set: load(options, data_set), draft=lambda data_set: draft(options, data_set))
        return
    table = ["| set | method | AUC | log loss | PCOC | s |", "|---|---|---|---|---|---|"]
    gains = ["| set | job file | rocket light − light alone: AUC | log loss | by two standard errors |",
             "|---|---|---|---|---|"]
    with open(f"{options.folder}/quality.jsonl", "a", encoding="utf-8") as record:

        def say(name, figures):
            table.append(row(name, figures))
            if figures.get("gain"):
                gains.append(gain_row(name, figures["kind"], figures["gain"]))
            record.write(json.dumps({"set": name, **figures}) + "\n")
            record.flush()
            print(table[-1], file=sys.stderr, flush=True)

        for name in options.sets or sets.NAMES:
            try:
                data_set = sets.prepare(name, options, psql)
            except sets.Missing as missing:
                print(f"{name} is skipped: {missing}", file=sys.stderr)
                continue
            load(options, data_set)
            job = draft(options, data_set)
            for figures in experiment(options, data_set, job, "init"):
                say(name, figures)
            if options.search:
                for figures in experiment(options, data_set, search(options, data_set, job), "init + search"):
                    say(name, figures)
            if not options.no_yardsticks:
                for yardstick in (yardsticks.logistic_regression, yardsticks.lightgbm):
                    say(name, yardstick(data_set, options.threads))
    print("\n".join(table + [""] + gains))


if __name__ == "__main__":
    main()
