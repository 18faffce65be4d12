"""Holds a pulled model's light.onnx, run by onnxruntime on ids made here from the file's own metadata, and the C
interface, from Python and from C, against `rocket predict` on the same raw rows: 10,000 impressions, many with missing
values and values never seen. Then the folder's examples are tested as another program would.

    check.py ROCKET FOLDER ROWS.jsonl SCORE
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

LARGEST_DIFFERENCE = 1e-6
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


def by_c(folder, rows, score):
    """The largest difference that the C interface has from Python to that from C, and the probabilities."""
    with rocket_serving.Model(folder) as model:
        found = numpy.array(model.score(None, rows))
        try:
            model.score(None, [{**rows[0], "SLOT": 1}])
            sys.exit("check.py: a column SLOT was scored")
        except rocket_serving.ServingError as error:
            assert "did you mean slot?" in str(error), error
        about = model.about
    text = json.dumps({"candidates": rows}) + "\n"
    done = subprocess.run([score, folder], input=text.encode(), stdout=subprocess.PIPE, check=True)
    from_c = numpy.array([float(word) for word in done.stdout.split()], numpy.float32)
    assert numpy.array_equal(from_c, found.astype(numpy.float32))
    return found, about


def examples(folder, session, features):
    """The largest difference on the examples of the folder, whose ids must be those made here."""
    with open(f"{folder}/examples.jsonl", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    assert len(lines) == 20 and [line["row"] for line in lines] == list(range(1, 21))
    worst = 0.0
    for line in lines:
        inputs = features.inputs([line["values"]])
        for name, id in line["ids"].items():
            assert inputs[name].reshape(-1).tolist() == (id if isinstance(id, list) else [id]), (name, line)
        for name, number in line["numbers"].items():
            found = float(inputs[name][0])
            assert math.isnan(found) if number is None else math.isclose(found, number, rel_tol=1e-6), (name, line)
        (probability,) = session.run(["probability"], inputs)
        worst = max(worst, abs(float(probability[0]) - line["probability"]))
    return worst


def main():
    rocket, folder, path, score = sys.argv[1:]
    chance = random.Random(7)
    with open(path, encoding="utf-8") as file:
        rows = [spoiled(json.loads(line), chance) for line in file]
    session = onnxruntime.InferenceSession(f"{folder}/light.onnx")
    meta = session.get_modelmeta()
    features = Features(meta.custom_metadata_map)
    inputs = features.inputs(rows)
    (found,) = session.run(["probability"], inputs)
    expected = predicted(rocket, folder, rows)
    worst = float(numpy.abs(found - expected).max())
    # One row at a time is another shape, and another path through the kernels.
    (single,) = session.run(["probability"], {name: value[:1] for name, value in inputs.items()})
    worst = max(worst, float(abs(single[0] - expected[0])))
    called, about = by_c(folder, rows, score)
    of_c = float(numpy.abs(called - expected).max())
    of_examples = examples(folder, session, features)
    assert about["version"] == meta.version == int(meta.custom_metadata_map["version"])
    assert folder.endswith(f"/{about['model']}-{about['version']}")
    missing = sum(int((values == 0).sum()) for values in inputs.values() if values.dtype == numpy.int64)
    tensors = safetensors.numpy.load_file(f"{folder}/light.safetensors")
    print(
        f"{folder.rsplit('/', 1)[-1]}: {len(rows)} rows, {missing} missing ids, probabilities {expected.min():.4f} to "
        f"{expected.max():.4f}, largest difference of ONNX {worst:.1e}, of C {of_c:.1e}, of 20 examples {of_examples:.1e}; {len(tensors)} tensors "
        "in light.safetensors"
    )
    if len(rows) < 10_000 or missing == 0 or len(set(expected)) < 1_000 or not tensors:
        sys.exit("check.py: the rows do not test what they should")
    if not max(worst, of_c, of_examples) <= LARGEST_DIFFERENCE:
        sys.exit(f"check.py: expected differences of at most {LARGEST_DIFFERENCE}")


main()
