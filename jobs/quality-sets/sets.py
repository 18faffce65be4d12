"""The data sets of jobs/quality: where each comes from, and how it becomes a csv file in judged order."""

import csv
import datetime
import glob
import gzip
import io
import os
import random
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field

FIRST_DAY = "2026-01-05"
LAST_DAY = "2026-01-09"


def day(number):
    """The n-th day of generated times, from 1."""
    return str(datetime.date.fromisoformat(FIRST_DAY) + datetime.timedelta(days=number - 1))


class Missing(Exception):
    """The set's raw file is not here; the text says how to get it."""


@dataclass
class DataSet:
    """A set as a csv file, in the order in which its rows are trained on and judged."""

    name: str
    path: str
    label: str
    #: The day that is judged: the last.
    day: str = LAST_DAY
    #: Days that rows without a time are spread over.
    days: int = 5
    label_at_least: float | None = None
    lists: list[str] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)
    drop: list[str] = field(default_factory=list)
    #: Further options of rocket import.
    options: list[str] = field(default_factory=list)
    #: Columns that only the import needs, such as the time.
    unused: list[str] = field(default_factory=list)
    #: Rows at the end that are judged.
    judged: int = 0
    #: Generated logs are in the database already.
    is_loaded: bool = False


def write(path, header, rows):
    with open(path + ".tmp", "w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(header)
        out.writerows(rows)
    os.rename(path + ".tmp", path)


def read(path, delimiter=","):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def raw(data, *names):
    path = os.path.join(data, *names)
    if not os.path.exists(path):
        raise Missing(f"{path} is not here; --data names the folder of the samples")
    return path


def fifth(rows):
    return len(rows) - len(rows) * 4 // 5


def movielens(folder, name, is_random):
    """MovieLens-100k; research use, fetched from the package recbole. A rating of 4 or more is the click."""
    if not glob.glob(f"{folder}/recbole-*.whl"):
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "recbole"], check=True)
    wheel = zipfile.ZipFile(glob.glob(f"{folder}/recbole-*.whl")[0])

    def table(kind):
        text = wheel.read(f"recbole/dataset_example/ml-100k/ml-100k.{kind}").decode("utf-8")
        rows = csv.reader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
        names = [column.split(":")[0] for column in next(rows)]
        return [dict(zip(names, row)) for row in rows]

    users = {row["user_id"]: row for row in table("user")}
    items = {row["item_id"]: row for row in table("item")}
    ratings = sorted(table("inter"), key=lambda row: float(row["timestamp"]))
    if is_random:
        random.Random(1).shuffle(ratings)
    rows = []
    for row in ratings:
        user, item = users[row["user_id"]], items[row["item_id"]]
        rows.append([row["user_id"], row["item_id"], row["rating"], user["age"], user["gender"], user["occupation"],
                     item["release_year"], item["class"]])
    path = f"{folder}/{name}.csv"
    header = ["user_id", "movie", "rating", "age", "gender", "occupation", "release_year", "genres"]
    write(path, header, rows)
    return DataSet(name, path, "rating", label_at_least=4, lists=["genres"], numbers=["age"],
                   options=["--user", "user_id"], judged=fifth(rows))


def amexpert(folder, data):
    """AmExpert 2018 display ads by their own time stamps; the last day is judged."""
    header, *rows = read(raw(data, "amexpert", "impressions.csv.gz"))
    time = header.index("DateTime")
    rows.sort(key=lambda row: row[time])
    day = rows[-1][time][:10]
    path = f"{folder}/amexpert.csv"
    write(path, header, rows)
    return DataSet("amexpert", path, "is_click", day=day, unused=["session_id", "DateTime"],
                   options=["--id", "session_id", "--time", "DateTime", "--user", "user_id"],
                   judged=sum(row[time].startswith(day) for row in rows))


def criteo(folder, data):
    """A sample of Criteo's display ads, in random order."""
    rows = read(raw(data, "criteo", "train-7k.tsv.gz"), "\t")
    random.Random(1).shuffle(rows)
    numbers = [f"i{n}" for n in range(1, 14)]
    path = f"{folder}/criteo.csv"
    write(path, ["label", *numbers, *(f"c{n}" for n in range(1, 27))], rows)
    return DataSet("criteo", path, "label", numbers=numbers, judged=fifth(rows))


def avazu(folder, data):
    """A sample of Avazu's mobile ads, in random order."""
    header, *rows = read(raw(data, "avazu", "train-8k.csv.gz"))
    random.Random(1).shuffle(rows)
    path = f"{folder}/avazu.csv"
    write(path, header, rows)
    return DataSet("avazu", path, "click", drop=["id"], judged=fifth(rows))


def frappe(folder, archive):
    """Frappe: apps used in context; research use. Each use is joined by two apps that its user never used."""
    if not archive or not os.path.exists(archive):
        raise Missing("Mobile_Frappe.zip of the public repository irecsys/CARSKit; --frappe names it")
    text = zipfile.ZipFile(archive).read("Mobile_Frappe/frappe/frappe.csv").decode("utf-8")
    lines = text.splitlines()
    header, uses = lines[0].split("\t"), [line.split("\t") for line in lines[1:]]
    known = {(row[0], row[1]) for row in uses}
    items = sorted({row[1] for row in uses}, key=int)
    draw = random.Random(7)
    rows = []
    for row in uses:
        rows.append([*row, "1"])
        for _ in range(2):
            item = draw.choice(items)
            while (row[0], item) in known:
                item = draw.choice(items)
            rows.append([row[0], item, *row[2:], "0"])
    draw.shuffle(rows)
    path = f"{folder}/frappe.csv"
    write(path, [*header, "used"], rows)
    return DataSet("frappe", path, "used", drop=["cnt"], options=["--user", "user"], judged=fifth(rows))


def sample_logs(folder, rocket, psql, impressions):
    """Generated logs of a week, whose true click probabilities are known."""
    done = subprocess.run([rocket, "sample-logs", "--into", "sample_logs", "--days", "7", "--impressions",
                           str(impressions), "--first-day", FIRST_DAY])
    if done.returncode not in (0, 3):
        raise Missing("rocket sample-logs failed")
    path = f"{folder}/sample-logs.csv"
    columns = ("user_id, gender, age_group, city, device_os, member_level, array_to_string(interests, ' ') AS interests,"
               " ad_id, advertiser, category, format, creative, price, site, slot, hour_of_day, day_of_week")
    query = f"""COPY (SELECT {columns}, (c.impression_id IS NOT NULL)::int AS clicked
        FROM ad_log.sample_logs_impressions i LEFT JOIN (SELECT DISTINCT impression_id FROM ad_log.sample_logs_clicks) c
        USING (impression_id) ORDER BY i.impressed_at) TO STDOUT WITH (FORMAT csv, HEADER)"""
    with open(path + ".tmp", "w", encoding="utf-8") as file:
        subprocess.run([*psql, "-c", query], stdout=file, check=True)
    os.rename(path + ".tmp", path)
    judged = subprocess.run([*psql, "-At", "-c", "SELECT count(*) FROM ad_log.sample_logs_impressions "
                             "WHERE impressed_at >= '2026-01-11 00:00:00Z'"], capture_output=True, text=True, check=True)
    return DataSet("sample_logs", path, "clicked", day="2026-01-11", lists=["interests"], numbers=["price"],
                   judged=int(judged.stdout), is_loaded=True)


NAMES = ["movielens-time", "movielens-random", "amexpert", "criteo", "avazu", "sample-logs", "frappe"]


def prepare(name, options, psql):
    """Makes a set's csv file. Raises `Missing` where its raw file is not here."""
    match name:
        case "movielens-time": return movielens(options.folder, "movielens_time", False)
        case "movielens-random": return movielens(options.folder, "movielens_random", True)
        case "amexpert": return amexpert(options.folder, options.data)
        case "criteo": return criteo(options.folder, options.data)
        case "avazu": return avazu(options.folder, options.data)
        case "frappe": return frappe(options.folder, options.frappe)
        case _: return sample_logs(options.folder, options.rocket, psql, options.impressions)
