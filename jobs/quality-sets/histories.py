"""jobs/quality --histories: what counts of earlier days are worth. Every set's draft is trained twice, without any history
and with the one that is written here, by the same seeds; the two are compared seed by seed on the judged day. Which
history and windows: chosen on a day before the judged one."""

import math
import re
import statistics
import subprocess
import sys
from dataclasses import dataclass

import sets

#: The arms that are compared, by their words in the table.
NETS = {("light", "light"): "light alone", ("booster", "booster"): "booster alone", ("rocket", "light"): "rocket light",
        ("rocket", "booster"): "rocket booster"}


@dataclass
class Case:
    """A set in days that are long enough for a history, and the history that is added."""

    name: str
    history: str
    #: Days of an import without times of its own.
    days: int = 5


CASES = [
    Case("movielens-time", "{name: movie_history, kind: history, of: [movie], days: [3, 14]}", days=20),
    Case("amexpert", "{name: user_history, kind: history, of: [user_id], days: [1, 3]}"),
    Case("drifting-logs", "{name: ad_history, kind: history, of: [ad_id], days: [3, 14]}"),
]


def drifting_logs(rocket, psql, impressions):
    """Generated logs of three weeks whose ads change from day to day; the last day is judged."""
    rocket("sample-logs", "--into", "drifting", "--days", "21", "--impressions", str(impressions), "--users", "10000",
           "--ads", "500", "--ad-drift", "0.2", "--first-day", sets.FIRST_DAY, allowed=(0, 3))
    subprocess.run([*psql, "-c", "ANALYZE ad_log.drifting_impressions; ANALYZE ad_log.drifting_clicks"], check=True)
    return sets.DataSet("drifting", "", "", day="2026-01-25", is_loaded=True)


def jobs(draft, case):
    """Two job files made from a draft: without any history, and with the case's."""
    lines = [line for line in open(draft, encoding="utf-8") if "kind: history" not in line]
    last = max(number for number, line in enumerate(lines) if re.match(r"  - \{name: ", line))
    model = next(line for line in lines if line.startswith("model:")).split()[1].strip('"')
    for suffix, added in (("without", []), ("with", [f"  - {case.history}\n"])):
        path = draft.removesuffix(".yaml") + f"-{suffix}.yaml"
        with open(path, "w", encoding="utf-8") as file:
            for line in [*lines[:last + 1], *added, *lines[last + 1:]]:
                file.write(f"model: {model}-{suffix}\n" if line.startswith("model:") else line)
        yield path, f"{model}-{suffix}"


def results(psql, model, day):
    """Figures by arm, net and seed of the newest experiment of a model on a day."""
    query = f"""SELECT arm, net, seed, auc, log_loss FROM rocket.experiment_results
        WHERE model = '{model}' AND evaluated_day = '{day}' AND fingerprint = (
            SELECT fingerprint FROM rocket.experiment_results WHERE model = '{model}' AND evaluated_day = '{day}'
            ORDER BY created_at DESC LIMIT 1)"""
    text = subprocess.run([*psql, "-At", "-c", query], check=True, capture_output=True, text=True).stdout
    found = {}
    for arm, net, seed, auc, loss in (line.split("|") for line in text.splitlines()):
        found.setdefault((arm, net), {})[seed] = (float(auc), float(loss))
    return found


def mean(values):
    values = list(values)
    return statistics.fmean(values), statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else math.nan


def row(name, net, without, with_it):
    seeds = sorted(without.keys() & with_it.keys())
    cells = [name, net]
    for figures in (without, with_it):
        (auc, error), (loss, _) = (mean(figures[seed][key] for seed in seeds) for key in (0, 1))
        cells.append(f"{auc:.4f} ± {error:.4f}, {loss:.4f}")
    for key in (0, 1):
        difference, error = mean(with_it[seed][key] - without[seed][key] for seed in seeds)
        cells.append(f"{difference:+.4f} ± {error:.4f}")
    return "| " + " | ".join(cells) + " |"


def compare(options, psql, rocket, load, draft):
    """Prints the table; rows on stderr as they come."""
    wanted = options.sets or [case.name for case in CASES]
    table = ["| set | net | without: AUC, log loss | with: AUC, log loss | AUC, with − without | log loss |",
             "|---|---|---|---|---|---|"]
    for case in (case for case in CASES if case.name in wanted):
        try:
            if case.name == "drifting-logs":
                data_set = drifting_logs(rocket, psql, options.impressions)
            else:
                data_set = sets.prepare(case.name, options, psql)
                data_set.name += "_histories"
                if case.days != 5:
                    data_set.days, data_set.day = case.days, sets.day(case.days)
                load(data_set)
        except sets.Missing as missing:
            print(f"{case.name} is skipped: {missing}", file=sys.stderr)
            continue
        found = []
        for job, model in jobs(draft(data_set), case):
            rocket("experiment", "--job", job, "--day", data_set.day, "--arms", "light,booster,rocket", "--seeds",
                   str(options.seeds), allowed=(0, 3))
            found.append(results(psql, model, data_set.day))
        for key, net in NETS.items():
            table.append(row(case.name, net, found[0][key], found[1][key]))
            print(table[-1], file=sys.stderr, flush=True)
    print("\n".join(table))
