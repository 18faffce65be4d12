#!/usr/bin/env python3
"""Prints the ids and hashes in FeatureHasherTests.swift. Needs PyPI's xxhash.

    python3 reference.py
"""
import struct

import xxhash

for name, bits, value in [("user", 16, "u42"), ("user", 16, ""), ("ad", 16, "u42"), ("city", 4, "Zürich"),
                          ("item", 28, "x" * 100), ("item", 1, "a")]:
    seed = xxhash.xxh64(name.encode(), seed=0).intdigest()
    print(f'("{name}", {bits}, "{value}", {1 + xxhash.xxh64(value.encode(), seed=seed).intdigest() % (2**bits - 1)}),')


def value_hash(name, value):
    return xxhash.xxh64(value.encode(), seed=xxhash.xxh64(name.encode(), seed=0).intdigest()).intdigest()


site, slot = value_hash("site", "s1"), value_hash("slot", "7")
print(f"{site:#x} {slot:#x}")
seed = xxhash.xxh64(b"site_slot", seed=0).intdigest()
for hashes, bits in [([site, slot], 16), ([slot, site], 16), ([site, slot, 1], 20)]:
    crossed = b"".join(struct.pack("<Q", one) for one in hashes)
    print(hashes, bits, 1 + xxhash.xxh64(crossed, seed=seed).intdigest() % (2**bits - 1))
