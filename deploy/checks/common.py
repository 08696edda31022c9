"""What all checks have in common: findings, programs that are run, and what roadloop
itself says of its stages and settings."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent

found = []


def finding(where, what):
    found.append(f"{where}: {what}")


def expect(condition, where, what):
    if not condition:
        finding(where, what)


def tool(name):
    """A program of the packages: beside this Python, or on the path."""
    beside = Path(sys.executable).parent / name
    path = str(beside) if beside.is_file() else shutil.which(name)
    if path is None:
        finding(name, "not here: python3 -m pip install -r deploy/requirements.txt")
    return path


def run(where, *command, env=None):
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False
    )
    said = (done.stdout + done.stderr).strip()
    expect(done.returncode == 0, where, f"{Path(command[0]).name} ended with {done.returncode}\n{said}")
    return done.stdout


def source(path):
    return (ROOT / "crates" / path).read_text()


def stages():
    """Names of the stages, as queues and --roles have them."""
    variants = re.search(r"enum StageName \{(.*?)\n\}", source("roadloop-app/src/cli/run.rs"), re.S)
    return [name.lower() for name in re.findall(r"^    ([A-Z]\w+),", variants[1], re.M)]


def settings():
    """Variables of the environment that are settings."""
    keys = re.findall(r'setting\(\s*"([a-z_.]+)"', source("roadloop-app/src/config.rs"))
    return {"ROADLOOP_" + key.replace(".", "_").upper() for key in keys} | {"ROADLOOP_WORKSPACE"}


def option(args, name):
    """The value of an option among arguments, none where it is not there."""
    return args[args.index(name) + 1] if name in args else None


def check_node(where, args, env, stops_after):
    """What holds for every process of ours, wherever it runs."""
    for name in env:
        if name.startswith("ROADLOOP_"):
            expect(name in settings(), where, f"{name} is no setting")
    for name in ("ROADLOOP_STORE", "ROADLOOP_QUEUE_ADDRESS"):
        expect(name in env, where, f"{name} is not set")
    expect(option(args, "--listen"), where, "nobody can ask how it is: no --listen")
    if args[0] == "worker":
        grace = int(option(args, "--grace") or 30)
        expect(grace + 20 <= stops_after, where, f"killed after {stops_after} s, and --grace is {grace}")
        return set(option(args, "--roles").split(","))
    # With a queue of others it does no job itself, unless it is told to.
    expect(args[0] == "watch" and "--roles" not in args, where, f"what is {args}?")
    return set()


def check_roles(where, roles):
    """Every stage is done by one kind of worker, no more and no less."""
    every = sorted(role for some in roles for role in some)
    expect(every == sorted(stages()), where, f"the stages are {sorted(stages())}, workers do {every}")
