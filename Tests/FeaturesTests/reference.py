#!/usr/bin/env python3
"""Prints the ids in FeatureHasherTests.swift. Needs PyPI's xxhash.

    python3 reference.py
"""
import xxhash

for name, bits, value in [("user", 16, "u42"), ("user", 16, ""), ("ad", 16, "u42"), ("city", 4, "Zürich"),
                          ("item", 28, "x" * 100), ("item", 1, "a")]:
    seed = xxhash.xxh64(name.encode(), seed=0).intdigest()
    print(f'("{name}", {bits}, "{value}", {1 + xxhash.xxh64(value.encode(), seed=seed).intdigest() % (2**bits - 1)}),')
