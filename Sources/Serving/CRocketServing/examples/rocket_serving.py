"""RocketServing's C interface in Python, by ctypes alone.

    with Model("models/current", request_columns=["user_id"]) as model:
        model.score({"user_id": "u11"}, [{"ad_id": "ad1", "price": 3.5}, {"ad_id": "ad2"}])

As a program it scores JSON lines, an object of values by column each, and prints a probability per line:

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
    return (ctypes.c_char_p * len(values))(*[None if value is None else value.encode() for value in values])


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
        self._check(self._library.rocket_serving_close(self._number))

    def score(self, request, candidates):
        """Returns each candidate's probability: values by column, as JSON would have them."""
        text = json.dumps({"request": request, "candidates": candidates} if request else {"candidates": candidates})
        data = text.encode()
        probabilities = (ctypes.c_float * len(candidates))()
        self._check(
            self._library.rocket_serving_score_json(
                self._number, data, len(data), probabilities, len(candidates), None
            )
        )
        return list(probabilities)

    def score_texts(self, request, columns):
        """Returns each candidate's probability: texts per column, in the order of `candidate_columns`."""
        count = len(columns[0]) if columns else 0
        flat = _texts([text for column in columns for text in column])
        probabilities = (ctypes.c_float * count)()
        self._check(
            self._library.rocket_serving_score_texts(
                self._number, _texts(request), len(request), flat, len(flat), probabilities, count
            )
        )
        return list(probabilities)

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
        for line in sys.stdin:
            try:
                print(model.score(None, [json.loads(line)])[0])
            except ServingError as error:
                print(math.nan, error)


if __name__ == "__main__":
    main()
