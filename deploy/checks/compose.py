"""One machine: Docker Compose."""

import json
import re

import yaml

from checks.common import HERE, check_node, check_roles, expect, finding, run


def interpolated(text, variables):
    """What Compose makes of ${…}."""

    def value(match):
        if match[0] == "$$":
            return "$"
        name, default = re.fullmatch(r"\$\{(\w+)(?::[-?](.*))?\}", match[0]).groups()
        if name in variables:
            return variables[name]
        if ":-" in match[0]:
            return default
        finding("compose.yaml", f"{name} is not in example.env")
        return "x"

    return re.sub(r"\$\$|\$\{[^}]*\}", value, text)


def compose():
    import compose_spec

    lines = (HERE / "compose" / "example.env").read_text().splitlines()
    variables = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    secrets = [name for name, value in variables.items() if not value]
    expect(len(secrets) == 3, "example.env", f"secrets without a value are {secrets}")
    variables.update({name: "xsecret" for name in secrets})
    text = (HERE / "compose.yaml").read_text()
    for name in secrets:
        expect("${" + name + ":?" in text, "compose.yaml", f"starts without {name}")
    file = yaml.safe_load(interpolated(text, variables))
    try:
        compose_spec.PyCompose.from_json(json.dumps(file))
    except ValueError as error:
        finding("compose.yaml", error)
    services, roles = file["services"], []
    for name, service in services.items():
        where = f"compose.yaml, {name}"
        expect(service.get("read_only") is True, where, "its files can be written")
        expect(service.get("cap_drop") == ["ALL"], where, "keeps capabilities")
        expect("no-new-privileges:true" in service.get("security_opt", []), where, "may gain rights")
        limits = service.get("deploy", {}).get("resources", {}).get("limits", {})
        expect({"cpus", "memory", "pids"} <= set(limits), where, f"limits are {limits}")
        once = service["restart"].startswith("on-failure")
        expect(once or "healthcheck" in service, where, "nobody asks how it is")
        for port in service.get("ports", []):
            expect(port.startswith("127.0.0.1:"), where, f"{port} is open to everybody")
        for network in service.get("networks", []):
            expect(network in file["networks"], where, f"there is no network {network}")
        for other, when in service.get("depends_on", {}).items():
            expect(other in services, where, f"there is no service {other}")
            if when["condition"] == "service_healthy":
                expect("healthcheck" in services[other], where, f"{other} is never healthy")
        for volume in service.get("volumes", []):
            what, _, rest = volume.partition(":")
            if what.startswith("."):
                expect((HERE / what).is_file(), where, f"{what} is not there")
                expect(rest.endswith(":ro"), where, f"{what} can be written")
            else:
                expect(what in file["volumes"], where, f"there is no volume {what}")
        if service["image"].startswith("roadloop"):
            expect(service["user"].startswith("10001"), where, "runs as somebody else")
            grace = int(service["stop_grace_period"].removesuffix("s"))
            roles.append(check_node(where, service["command"], service["environment"], grace))
    check_roles("compose.yaml", roles)
    for server in re.findall(r"@([\w.-]+):4222", json.dumps(file)):
        expect(server in services, "compose.yaml", f"there is no server {server}")
    run("setup-bucket.sh", "sh", "-n", str(HERE / "compose" / "setup-bucket.sh"))
