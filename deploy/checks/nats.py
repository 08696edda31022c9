"""Servers of NATS."""

import re
import tempfile
from pathlib import Path

import yaml

from checks.common import HERE, expect, run, tool


def check_nats(where, text, env):
    server = tool("nats-server")
    if server is None:
        return
    file = Path(env["TMPDIR"]) / "nats.conf"
    file.write_text(text)
    run(where, server, "-t", "-c", str(file), env={"NATS_PASSWORD": "xsecret", **env})
    expect(re.search(r"^\s*sync_interval: always$", text, re.M), where, "jobs may be lost: sync_interval")


def nats():
    with tempfile.TemporaryDirectory() as folder:
        env = {"TMPDIR": folder, "POD_NAME": "nats-0", "CLIENT_ADVERTISE": "nats-0.nats.roadloop.svc:4222"}
        check_nats("compose/nats.conf", (HERE / "compose" / "nats.conf").read_text(), env)
        for document in yaml.safe_load_all((HERE / "kubernetes" / "nats.yaml").read_text()):
            if document["kind"] == "ConfigMap":
                check_nats("kubernetes/nats.yaml", document["data"]["nats.conf"], env)
