#!/usr/bin/env python3
"""Checks what stands in this folder, offline, in less than two minutes.

    python3 -m pip install -r deploy/requirements.txt
    python3 deploy/check.py [dockerfile|compose|kubernetes|cloudformation …]

Each file is read by a checker of its own language; after that it is asked what no
checker knows: whether the parts fit each other and the program. CloudFormation's
template is made and deleted again on a server of the tests' own, at a free port of this
machine. A file in checks/ for each. Ends with 1 where anything is found.
"""

import sys
import time

from checks.cloudformation import cloudformation
from checks.common import found
from checks.compose import compose
from checks.dockerfile import dockerfile
from checks.kubernetes import kubernetes
from checks.nats import nats

CHECKS = {check.__name__: check for check in (dockerfile, compose, nats, kubernetes, cloudformation)}


def main():
    names = sys.argv[1:] or list(CHECKS)
    for name in names:
        if name not in CHECKS:
            sys.exit(f"there is no check {name}; there are {', '.join(CHECKS)}")
        before, started = len(found), time.monotonic()
        CHECKS[name]()
        count = len(found) - before
        print(f"{name:<15} {count or 'no'} findings  {time.monotonic() - started:5.1f} s")
    for line in found:
        print(f"FOUND  {line}")
    print(f"{len(names)} checks, {len(found)} findings")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
