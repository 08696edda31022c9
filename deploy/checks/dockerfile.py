"""The image."""

import os
import re

from checks.common import HERE, ROOT, expect, run, tool


def dockerfile():
    path = HERE / "Dockerfile"
    linter = tool("hadolint")
    if linter:
        run("Dockerfile", linter, "--failure-threshold", "style", str(path))
    text = path.read_text()
    last = text[text.rindex("\nFROM ") :]
    user = re.search(r"^USER (\d+):(\d+)$", last, re.M)
    expect(user and int(user[1]) >= 10_000, "Dockerfile", "the user is not a number, or a low one")
    expect("\nSTOPSIGNAL SIGTERM\n" in last, "Dockerfile", "no STOPSIGNAL SIGTERM")
    expect(not re.search(r"^ADD ", text, re.M), "Dockerfile", "ADD fetches and unpacks: use COPY")
    expect("LABEL org.opencontainers" in last, "Dockerfile", "no labels")
    rust = re.search(r"^ARG RUST_VERSION=(.*)$", text, re.M)
    needed = re.search(r'^rust-version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.M)
    expect(rust[1] == needed[1], "Dockerfile", f"Rust {rust[1]}, and Cargo.toml wants {needed[1]}")
    # The hash of ONNX Runtime is in one place.
    expect("doctor --fix" in text, "Dockerfile", "ONNX Runtime is not fetched by doctor --fix")
    expect(not re.search(r"[0-9a-f]{64}", text), "Dockerfile", "a second place with a hash")
    ignored = (HERE / "Dockerfile.dockerignore").read_text().splitlines()
    expect(ignored[[line[:1] == "#" for line in ignored].index(False)] == "*", "dockerignore", "no *")
    for line in ignored:
        if line.startswith("!"):
            expect((ROOT / line[1:]).exists(), "dockerignore", f"{line[1:]} is not there")
    # What the binary includes has to come along.
    allowed = [line[1:] for line in ignored if line.startswith("!")]
    for file in (ROOT / "crates" / "roadloop-app" / "src").rglob("*.rs"):
        for name in re.findall(r'"((?:\.\./)+[\w/.-]+\.\w+)"', file.read_text()):
            path = os.path.relpath((file.parent / name).resolve(), ROOT)
            is_in = any(path == some or path.startswith(some + "/") for some in allowed)
            expect(is_in, "dockerignore", f"{path} is built into the binary, and left out")
