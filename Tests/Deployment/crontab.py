"""Checks a crontab: variables, five fields within their ranges or @reboot, and commands that exist in the project."""
import os
import re
import sys

RANGES = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
found = []
jobs = 0
for number, line in enumerate(open(sys.argv[1]), 1):
    line = line.rstrip("\n")
    if not line or line.startswith("#") or re.fullmatch(r"[A-Z_]+=.*", line):
        continue
    jobs += 1
    if line.startswith("@reboot "):
        command = line.removeprefix("@reboot ")
    else:
        *fields, command = line.split(None, 5)
        for field, (low, high) in zip(fields, RANGES, strict=True):
            if field != "*" and not (field.isdigit() and low <= int(field) <= high):
                found.append(f"line {number}: {field} is not from {low} to {high}")
    if re.search(r"(?<!\\)%", command):
        found.append(f"line {number}: cron makes a new line of %")
    for path in re.findall(r"/srv/rocket/(\S+)", command):
        if not os.access(path, os.X_OK):
            found.append(f"line {number}: {path} is no program of the project")
if jobs == 0:
    found.append("no job at all")
print("\n".join(found))
sys.exit(bool(found))
