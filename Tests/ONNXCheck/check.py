"""Holds a pulled model's light.onnx, run by onnxruntime on ids made here from the file's own metadata, and the C
interface, from Python and from the example programs, against `rocket predict` on the same raw rows: 10,000 impressions,
many with missing values and values never seen. Then the folder's examples are tested as another program would.

    check.py ROCKET FOLDER ROWS.jsonl SCORE…    the programs score as the examples do, in C and other languages
"""

import datetime
import json
import math
import pathlib
import random
import subprocess
import sys
import zoneinfo

import numpy
import onnxruntime
import safetensors.numpy
import xxhash

from differences import agree, largest_difference

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "Sources/Serving/CRocketServing/examples"))

import rocket_serving  # noqa: E402


def spoiled(row, chance):
    """A row with some values missing and some that no log has."""
    row = dict(row)
    for column in list(row):
        dice = chance.random()
        if dice < 0.06:
            row[column] = None
        elif dice < 0.12:
            del row[column]
        elif dice < 0.22:
            if column == "interests":
                row[column] = chance.choice([[], ["never seen", None, "ünïcödé"], [None]])
            elif column == "price":
                row[column] = chance.choice([-3.5, 0, 1e9, "17.25", 123456])
            elif column == "impressed_at":
                row[column] = chance.choice([1767600000, 1767600000.75, "2026-01-07T23:59:59+05:30"])
            else:
                row[column] = chance.choice([f"new {chance.random()}", "", "日本", 42, True])
    return row


class Features:
    """Raw values to ids, by the rules in the file's metadata and by nothing else."""

    def __init__(self, metadata):
        served = json.loads(metadata["features"])
        self.features = served["features"]
        self.time = served["timeColumn"]
        self.zone = zoneinfo.ZoneInfo(served["timeZone"])

    def text(self, value):
        return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)

    def local(self, row):
        value = row.get(self.time)
        if value is None:
            return None
        if isinstance(value, str):
            return datetime.datetime.fromisoformat(value).astimezone(self.zone)
        return datetime.datetime.fromtimestamp(value, self.zone)

    def seed(self, feature):
        return xxhash.xxh64_intdigest(feature.get("table", feature["name"]).encode(), 0)

    def hash(self, feature, text):
        return xxhash.xxh64_intdigest(text.encode(), self.seed(feature))

    def id(self, feature, hash):
        return 1 + hash % (2 ** feature["hashBits"] - 1)

    def value(self, feature, row):
        """The feature's id and the hash that crosses use, None where it is missing."""
        kind = feature["kind"]
        if kind in ("hour_of_day", "day_of_week"):
            local = self.local(row)
            if local is None:
                return 0, None
            id = 1 + local.hour if kind == "hour_of_day" else local.isoweekday()
            return id, self.hash(feature, str(id))
        value = row.get(feature["column"])
        if value is None:
            return 0, None
        if kind == "bucketed":
            id = 1 + sum(boundary < float(value) for boundary in feature["boundaries"])
            return id, self.hash(feature, str(id))
        hash = self.hash(feature, self.text(value))
        return self.id(feature, hash), hash

    def cross(self, feature, row):
        byname = {other["name"]: other for other in self.features}
        hashes = [self.value(byname[name], row)[1] for name in feature["crossed"]]
        if None in hashes:
            return 0
        joined = b"".join(max(1, hash).to_bytes(8, "little") for hash in hashes)
        return self.id(feature, xxhash.xxh64_intdigest(joined, self.seed(feature)))

    def number(self, feature, row):
        value = row.get(feature["column"])
        if value is None:
            return math.nan
        value = float(value)
        return math.copysign(math.log1p(abs(value)), value) if feature["transform"] == "log1p" else value

    def inputs(self, rows):
        inputs = {}
        for feature in self.features:
            name, kind = feature["name"], feature["kind"]
            if kind == "numeric":
                inputs[name] = numpy.array([self.number(feature, row) for row in rows], numpy.float32)
            elif kind == "multi_valued":
                lists = []
                for row in rows:
                    values = [value for value in row.get(feature["column"]) or [] if value is not None]
                    lists.append([self.id(feature, self.hash(feature, self.text(value))) for value in values] or [0])
                width = max(map(len, lists))
                inputs[name] = numpy.array([ids + [-1] * (width - len(ids)) for ids in lists], numpy.int64)
            elif kind == "cross":
                inputs[name] = numpy.array([self.cross(feature, row) for row in rows], numpy.int64)
            else:
                inputs[name] = numpy.array([self.value(feature, row)[0] for row in rows], numpy.int64)
        return inputs


def predicted(rocket, folder, rows):
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    done = subprocess.run(
        [rocket, "predict", "--folder", folder], input=text.encode(), stdout=subprocess.PIPE, check=True
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["row"] for line in lines] == list(range(1, len(rows) + 1))
    return numpy.array([line["probability"] for line in lines])


def by_python(folder, rows):
    """The C interface's probabilities from Python, and what it says of the model."""
    with rocket_serving.Model(folder) as model:
        found = model.score(None, rows)
        assert found.problems == {}, found.problems
        # Candidates with a problem have NaN and their own reason, and cost the others nothing.
        odd = model.score(None, [rows[0], {**rows[1], "SLOT": 1}, {**rows[2], "price": math.inf}, rows[3]])
        assert largest_difference([odd[0], odd[3]], [found[0], found[3]]) < 1e-6, odd
        assert math.isnan(odd[1]) and math.isnan(odd[2]) and sorted(odd.problems) == [1, 2], odd
        assert "row 1" in odd.problems[1] and "did you mean slot?" in odd.problems[1], odd.problems
        assert "row 2" in odd.problems[2] and "finite number" in odd.problems[2], odd.problems
        missing = model.score(None, [{**rows[0], "price": math.nan}, {**rows[0], "price": None}])
        assert missing[0] == missing[1] and not missing.problems, missing
        for wrong in (lambda: model.score({"slot": 1}, rows[:1]), lambda: model.score_json("{", 1)):
            refuses(wrong)
        about = model.about
        model.close()
        refuses(lambda: model.score(None, rows[:1]))
    return numpy.array(found), about


def refuses(body):
    try:
        body()
    except rocket_serving.ServingError:
        return
    sys.exit("check.py: a wrong call was answered")


def by_program(score, folder, rows):
    """An example program's probabilities of one request, which must be those of two smaller ones."""
    half = len(rows) // 2
    requests = "".join(json.dumps({"candidates": some}) + "\n" for some in (rows, rows[:half], rows[half:]))
    done = subprocess.run([score, folder], input=requests.encode(), stdout=subprocess.PIPE, check=True)
    whole, *halves = [[float(word) for word in line.split()] for line in done.stdout.splitlines()]
    assert len(halves) == 2 and largest_difference(halves[0] + halves[1], whole) < 1e-6
    # A candidate that cannot be scored, a request that cannot be read, and one that can: nan, nothing, a probability.
    lines = [json.dumps({"candidates": [{"SLOT": 1}, rows[0]]}), "{", json.dumps({"candidates": [rows[0]]})]
    done = subprocess.run([score, folder], input="\n".join(lines).encode(), capture_output=True)
    words = [float(word) for word in done.stdout.split()]
    assert done.returncode == 1 and len(words) == 3 and math.isnan(words[0]), done
    assert largest_difference(words[1:], whole[:1] * 2) < 1e-6, words
    assert b"did you mean slot?" in done.stderr, done.stderr
    return numpy.array(whole)


def examples(folder, session, features):
    """The largest difference on the examples of the folder, whose ids must be those made here."""
    with open(f"{folder}/examples.jsonl", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert len(lines) == 20 and [line["row"] for line in lines] == list(range(1, 21))
    found = []
    for line in lines:
        inputs = features.inputs([line["values"]])
        for name, id in line["ids"].items():
            assert inputs[name].reshape(-1).tolist() == (id if isinstance(id, list) else [id]), (name, line)
        for name, number in line["numbers"].items():
            value = float(inputs[name][0])
            assert math.isnan(value) if number is None else math.isclose(value, number, rel_tol=1e-6), (name, line)
        found.append(float(session.run(["probability"], inputs)[0][0]))
    return largest_difference(found, [line["probability"] for line in lines])


def main():
    rocket, folder, path, *programs = sys.argv[1:]
    chance = random.Random(7)
    with open(path, encoding="utf-8") as file:
        rows = [spoiled(json.loads(line), chance) for line in file]
    session = onnxruntime.InferenceSession(f"{folder}/light.onnx")
    meta = session.get_modelmeta()
    features = Features(meta.custom_metadata_map)
    inputs = features.inputs(rows)
    (found,) = session.run(["probability"], inputs)
    expected = predicted(rocket, folder, rows)
    # One row at a time is another shape, and another path through the kernels.
    (single,) = session.run(["probability"], {name: value[:1] for name, value in inputs.items()})
    called, about = by_python(folder, rows)
    differences = {
        "ONNX": largest_difference(found, expected),
        "ONNX on one row": largest_difference(single, expected[:1]),
        "C from Python": largest_difference(called, expected),
        "20 examples": examples(folder, session, features),
    }
    for program in programs:
        name = pathlib.Path(program).name
        differences[name] = largest_difference(by_program(program, folder, rows), expected)
    assert about["version"] == meta.version == int(meta.custom_metadata_map["version"])
    assert folder.endswith(f"/{about['model']}-{about['version']}")
    missing = sum(int((values == 0).sum()) for values in inputs.values() if values.dtype == numpy.int64)
    tensors = safetensors.numpy.load_file(f"{folder}/light.safetensors")
    print(
        f"{folder.rsplit('/', 1)[-1]}: {len(rows)} rows, {missing} missing ids, probabilities {expected.min():.4f} to "
        f"{expected.max():.4f}; largest differences "
        + ", ".join(f"{name} {difference:.1e}" for name, difference in differences.items())
        + f"; {len(tensors)} tensors in light.safetensors"
    )
    if len(rows) < 10_000 or missing == 0 or len(set(expected)) < 1_000 or not tensors or not programs:
        sys.exit("check.py: the rows do not test what they should")
    if not agree(differences.values()):
        sys.exit("check.py: the probabilities differ")


main()
