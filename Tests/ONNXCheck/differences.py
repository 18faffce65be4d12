"""How far two lists of probabilities are apart. NaN is as far as can be: every comparison with it is false, so that `max`
passes over it and `difference > limit` never finds it.

    differences.py    tests itself
"""

import math

LARGEST = 1e-6


def largest_difference(found, expected):
    """Infinite where there is no probability, or the lists have different lengths or nothing in them."""
    found, expected = [float(value) for value in found], [float(value) for value in expected]
    if len(found) != len(expected) or not found:
        return math.inf
    apart = [abs(one - other) for one, other in zip(found, expected)]
    return max(apart) if all(math.isfinite(difference) for difference in apart) else math.inf


def agree(differences):
    """Whether there are differences, and none is too large."""
    differences = list(differences)
    return bool(differences) and all(difference <= LARGEST for difference in differences)


def test():
    nan, inf = math.nan, math.inf
    assert largest_difference([0.5, 0.25], [0.5, 0.5]) == 0.25
    for found, expected in [
        ([0.5, nan], [0.5, 0.5]),
        ([nan, 0.5], [0.5, 0.5]),
        ([0.5, 0.5], [0.5, nan]),
        ([nan], [nan]),
        ([inf], [inf]),
        ([0.5], [0.5, 0.5]),
        ([], []),
    ]:
        assert not agree([largest_difference(found, expected)]), (found, expected)
    assert agree([0.0, 1e-7]) and not agree([0.0, 2e-6]) and not agree([])
    assert not agree([0.0, nan]) and not agree([nan, 0.0]) and not agree([0.0, inf])


if __name__ == "__main__":
    test()
