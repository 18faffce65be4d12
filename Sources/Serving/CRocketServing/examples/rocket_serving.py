"""RocketServing's C interface in Python, by ctypes alone.

    with Model("models/current", request_columns=["user_id"]) as model:
        scores = model.score({"user_id": "u11"}, [{"ad_id": "ad1", "price": 3.5}, {"ad_id": "ad2"}])
        scores, scores.problems

A candidate that cannot be scored has NaN there and its reason in `problems`; the others have their probabilities. A call
that fails as a whole raises `ServingError`.

As a program it scores JSON lines, an object of values by column each, and prints a probability per line, or nan and the
reason:

    python3 rocket_serving.py models/current < impressions.jsonl
"""

import ctypes
import json
import math
import os
import sys

OK, ARGUMENT, MODEL, REQUEST, CANDIDATES, ROOM = range(6)
ALLOW_UNKNOWN, BF16 = 1, 2


class ServingError(Exception):
    """What the library says of a call that failed."""


class Scores(list):
    """A probability per candidate, NaN where there is none; `problems` has the reasons by the candidate's number."""

    def __init__(self, probabilities):
        super().__init__(probabilities)
        self.problems = {}


def _library():
    library = ctypes.CDLL(os.environ.get("ROCKET_SERVING_LIBRARY", "librocket-serving.so"))
    texts = ctypes.POINTER(ctypes.c_char_p)
    floats = ctypes.POINTER(ctypes.c_float)
    sizes = ctypes.POINTER(ctypes.c_size_t)
    number = ctypes.c_uint64
    for name, result, arguments in [
        ("interface", ctypes.c_uint32, []),
        ("last_error", ctypes.c_char_p, []),
        ("open", ctypes.c_int32, [ctypes.c_char_p, texts, ctypes.c_size_t, ctypes.c_uint32, ctypes.POINTER(number)]),
        ("close", ctypes.c_int32, [number]),
        ("column_count", ctypes.c_int32, [number, ctypes.c_int32, sizes]),
        ("column", ctypes.c_char_p, [number, ctypes.c_int32, ctypes.c_size_t]),
        ("about", ctypes.c_char_p, [number]),
        ("score_json", ctypes.c_int32, [number, ctypes.c_char_p, ctypes.c_size_t, floats, ctypes.c_size_t, sizes]),
        (
            "score_texts",
            ctypes.c_int32,
            [number, texts, ctypes.c_size_t, texts, ctypes.c_size_t, floats, ctypes.c_size_t],
        ),
    ]:
        function = getattr(library, f"rocket_serving_{name}")
        function.restype, function.argtypes = result, arguments
    return library


def _texts(values):
    """An array of texts; None is missing."""
    if any(value is not None and "\0" in value for value in values):
        raise ValueError("a text holds NUL, at which C would end it")
    return (ctypes.c_char_p * len(values))(*[None if value is None else value.encode() for value in values])


def _json(value):
    """JSON of values; it has no NaN and no infinity, which are texts there."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {column: _json(value) for column, value in value.items()}
    return [_json(item) for item in value] if isinstance(value, (list, tuple)) else value


class Model:
    """A pulled folder; any number of threads may score with it."""

    _shared = None

    def __init__(self, folder, request_columns=(), flags=0):
        if Model._shared is None:
            Model._shared = _library()
        self._library = Model._shared
        self._number = ctypes.c_uint64()
        self._check(
            self._library.rocket_serving_open(
                os.fsencode(folder), _texts(list(request_columns)), len(request_columns), flags, self._number
            )
        )
        self.request_columns, self.candidate_columns = self._columns(0), self._columns(1)
        self.about = json.loads(self._library.rocket_serving_about(self._number))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the model; later calls raise an error, and closing again does nothing."""
        number, self._number = self._number, ctypes.c_uint64()
        if number:
            self._check(self._library.rocket_serving_close(number))

    def score(self, request, candidates):
        """Returns each candidate's probability: values by column, as JSON would have them; None is missing."""
        candidates = [_json(candidate) for candidate in candidates]
        whole = {"request": _json(request)} if request else {}
        scores = self.score_json(json.dumps({**whole, "candidates": candidates}), len(candidates))
        for number in scores.problems:
            # The library keeps one reason per call.
            alone = self.score_json(json.dumps({**whole, "candidates": [candidates[number]]}), 1)
            reason = alone.problems.get(0, scores.problems[number])
            scores.problems[number] = reason.replace("row 0", f"row {number}", 1)
        return scores

    def score_json(self, text, room):
        """Scores a request of JSON with at most `room` candidates. The reason in `problems` is the first one's."""
        data = text if isinstance(text, bytes) else text.encode()
        probabilities = (ctypes.c_float * room)()
        count = ctypes.c_size_t()
        status = self._library.rocket_serving_score_json(self._number, data, len(data), probabilities, room, count)
        return self._scores(status, probabilities[: count.value])

    def score_texts(self, request, columns):
        """Scores texts per column, in the order of `candidate_columns`. The reason in `problems` is the first one's."""
        count = len(columns[0]) if columns else 0
        if any(len(column) != count for column in columns):
            raise ValueError("the columns have different numbers of texts")
        flat = _texts([text for column in columns for text in column])
        probabilities = (ctypes.c_float * count)()
        status = self._library.rocket_serving_score_texts(
            self._number, _texts(request), len(request), flat, len(flat), probabilities, count
        )
        return self._scores(status, probabilities)

    def _scores(self, status, probabilities):
        if status != CANDIDATES:
            self._check(status)
        scores = Scores(probabilities)
        if status == CANDIDATES:
            reason = self._library.rocket_serving_last_error().decode()
            scores.problems = {number: reason for number, score in enumerate(scores) if math.isnan(score)}
        return scores

    def _columns(self, kind):
        count = ctypes.c_size_t()
        self._check(self._library.rocket_serving_column_count(self._number, kind, count))
        return [self._library.rocket_serving_column(self._number, kind, index).decode() for index in range(count.value)]

    def _check(self, status):
        if status != OK:
            raise ServingError(self._library.rocket_serving_last_error().decode())


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: rocket_serving.py FOLDER < impressions.jsonl")
    with Model(sys.argv[1]) as model:
        for line in sys.stdin.buffer:
            try:
                # The line as it is: decoding it would lose digits of its numbers.
                scores = model.score_json(b'{"candidates": [' + line + b"]}", 1)
                print(*scores or [math.nan, "the line is empty"], *scores.problems.values())
            except ServingError as error:
                print(math.nan, error)


if __name__ == "__main__":
    main()
