#!/usr/bin/env python3
"""Checks what stands in this folder, offline, in less than two minutes.

    python3 -m pip install -r deploy/requirements.txt
    python3 deploy/check.py [dockerfile|compose|kubernetes|cloudformation …]

Each file is read by a checker of its own language; after that it is asked what no
checker knows: whether the parts fit each other and the program. CloudFormation's
template is made and deleted again on a server of the tests' own, at a free port of this
machine. Ends with 1 where anything is found.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

# What Kubernetes the manifests are for: the oldest that is still looked after.
KUBERNETES = "1.34"

# A template in the request itself may have so many bytes.
TEMPLATE_BYTES = 51_200

# Kinds that the server of the tests cannot make from a template. The linter has read
# them; policies are put by hand below.
NOT_BY_MOTO = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
}

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


# What the program itself says.


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


def check_nats(where, text, env):
    server = tool("nats-server")
    if server is None:
        return
    file = Path(env["TMPDIR"]) / "nats.conf"
    file.write_text(text)
    run(where, server, "-t", "-c", str(file), env={"NATS_PASSWORD": "xsecret", **env})
    expect(re.search(r"^\s*sync_interval: always$", text, re.M), where, "jobs may be lost: sync_interval")


# The image.


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


# One machine.


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


# Kubernetes.


def load(folder):
    """What `kubectl apply -k` would apply, as far as we need it."""
    main = yaml.safe_load((folder / "kustomization.yaml").read_text())
    listed = set(main["resources"])
    there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    expect(listed == there, "kustomization.yaml", f"lists {listed}, and there are {there}")
    documents = []
    for name in sorted(listed & there):
        documents += [d for d in yaml.safe_load_all((folder / name).read_text()) if d]
    images = {image["name"] for image in main["images"]}
    return main["namespace"], images, documents


def selects(selector, labels):
    return all(labels.get(name) == value for name, value in selector.items())


def check_pod(where, spec, kinds, goes_on=True):
    expect(spec.get("automountServiceAccountToken") is False, where, "has a token of the cluster")
    account = spec.get("serviceAccountName")
    expect(account in kinds["ServiceAccount"], where, f"there is no account {account}")
    whole = spec["securityContext"]
    expect(whole["runAsNonRoot"] and whole["runAsUser"] >= 1000, where, "may be root")
    expect(whole["seccompProfile"] == {"type": "RuntimeDefault"}, where, "no seccomp profile")
    volumes = {volume["name"]: volume for volume in spec["volumes"]}
    for volume in volumes.values():
        if "configMap" in volume:
            name = volume["configMap"]["name"]
            expect(name in kinds["ConfigMap"], where, f"there is no settings {name}")
        if "persistentVolumeClaim" in volume:
            name = volume["persistentVolumeClaim"]["claimName"]
            expect(name in kinds["PersistentVolumeClaim"], where, f"there is no claim {name}")
        if "emptyDir" in volume:
            expect("sizeLimit" in volume["emptyDir"], where, f"{volume['name']} has no limit")
    for container in spec.get("initContainers", []) + spec["containers"]:
        own = container["securityContext"]
        expect(own["readOnlyRootFilesystem"] is True, where, "its files can be written")
        expect(own["allowPrivilegeEscalation"] is False, where, "may gain rights")
        expect(own["capabilities"] == {"drop": ["ALL"]}, where, "keeps capabilities")
        for kind in ("requests", "limits"):
            asked = set(container["resources"][kind])
            expect({"cpu", "memory"} <= asked, where, f"{kind} are {asked}")
        ports = {port["name"] for port in container.get("ports", [])}
        # Who goes on is asked how it is; who comes to an end says it then.
        probes = ("startupProbe", "readinessProbe", "livenessProbe") if goes_on else ()
        for probe in probes:
            expect(container[probe]["httpGet"]["port"] in ports, where, f"{probe} asks nowhere")
        for mount in container["volumeMounts"]:
            is_there = mount["name"] in volumes or where.endswith("nats")
            expect(is_there, where, f"there is no volume {mount['name']}")


def check_ours(where, spec, kinds):
    """A pod with one container of ours; says its roles."""
    container = spec["containers"][0]
    env = {item["name"]: item.get("value", "") for item in container["env"]}
    for reference in container["envFrom"]:
        if "configMapRef" in reference:
            env.update(kinds["ConfigMap"][reference["configMapRef"]["name"]]["data"])
    for item in container["args"] + list(env.values()):
        for name in re.findall(r"\$\((\w+)\)", item):
            expect(name in env, where, f"$({name}) is not set")
    paths = {probe: container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")}
    expect(paths == {"livenessProbe": "/healthz", "readinessProbe": "/readyz"}, where, f"asks {paths}")
    port = str(container["ports"][0]["containerPort"])
    expect(option(container["args"], "--listen").endswith(":" + port), where, f"port {port}")
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    expect({"/var/lib/roadloop", env["TMPDIR"]} <= mounts, where, "workspace or TMPDIR on no volume")
    servers = re.findall(r"(nats-\d)\.nats:4222", env["ROADLOOP_QUEUE_ADDRESS"])
    replicas = kinds["StatefulSet"]["nats"]["spec"]["replicas"]
    expect(len(set(servers)) == replicas, where, f"{replicas} servers, and it knows {servers}")
    return check_node(where, container["args"], env, spec["terminationGracePeriodSeconds"])


def check_scaling(namespace, kinds, roles):
    limit = int(kinds["ConfigMap"]["roadloop-settings"]["data"]["ROADLOOP_QUEUE_MOST_WAITING"])
    address = next(
        item["value"]
        for item in kinds["Deployment"]["roadloop-watch"]["spec"]["template"]["spec"]["containers"][0]["env"]
        if item["name"] == "ROADLOOP_QUEUE_ADDRESS"
    )
    stream = address.rsplit("/", 1)[1] + "-jobs"
    monitor = next(p for p in kinds["Service"]["nats"]["spec"]["ports"] if p["name"] == "monitor")["port"]
    for name, scaled in kinds["ScaledObject"].items():
        spec, where = scaled["spec"], f"scaling.yaml, {name}"
        target = spec["scaleTargetRef"]["name"]
        expect(target in roles, where, f"there is no {target}")
        lanes = [lane for role in roles.get(target, []) for lane in (role, f"{role}-high")]
        asked = [trigger["metadata"]["consumer"] for trigger in spec["triggers"]]
        expect(sorted(asked) == sorted(lanes), where, f"asks for {asked}, and its lanes are {lanes}")
        for trigger in spec["triggers"]:
            known = trigger["metadata"]
            expect(trigger["type"] == "nats-jetstream", where, trigger["type"])
            expect(known["stream"] == stream, where, f"the stream is {stream}")
            server = f"nats.{namespace}.svc:{monitor}"
            expect(known["natsServerMonitoringEndpoint"] == server, where, f"NATS is at {server}")
            most = int(known["lagThreshold"]) * spec["maxReplicaCount"]
            expect(most <= limit, where, f"{most} jobs are never there: {limit} may wait")
    scaled = {item["spec"]["scaleTargetRef"]["name"] for item in kinds["ScaledObject"].values()}
    workers = {name for name, some in roles.items() if some}
    expect(scaled == workers, "scaling.yaml", f"scales {scaled}, and workers are {workers}")
    for name in workers:
        is_free = "replicas" not in kinds["Deployment"][name]["spec"]
        expect(is_free, f"workers.yaml, {name}", "says how many, and undoes the scaling")


def check_policies(kinds, pods):
    policies = kinds["NetworkPolicy"]
    nothing = [p for p in policies.values() if p["spec"]["podSelector"] == {} and "ingress" not in p["spec"]]
    kind = {"Ingress", "Egress"}
    closed = any(set(p["spec"]["policyTypes"]) == kind and "egress" not in p["spec"] for p in nothing)
    expect(closed, "network.yaml", "nothing forbids what is not allowed")
    for name, policy in policies.items():
        where = f"network.yaml, {name}"
        subjects = [pod for pod in pods if selects(policy["spec"]["podSelector"].get("matchLabels", {}), pod["labels"])]
        expect(subjects, where, "is about no pod")
        for direction in ("ingress", "egress"):
            for rule in policy["spec"].get(direction, []):
                expect(rule.get("ports"), where, "a rule for all ports")
                peers = rule.get("from", []) + rule.get("to", [])
                expect(peers, where, "a rule for everybody")
                targets = subjects if direction == "ingress" else []
                for peer in peers:
                    if "podSelector" in peer:
                        wanted = peer["podSelector"]["matchLabels"]
                        others = [pod for pod in pods if selects(wanted, pod["labels"])]
                        expect(others, where, f"no pod is {wanted}")
                        targets = others if direction == "egress" else targets
                for port in rule["ports"]:
                    if isinstance(port["port"], str) and targets:
                        named = all(port["port"] in pod["ports"] for pod in targets)
                        expect(named, where, f"no port is called {port['port']}")


def kubernetes():
    import kubernetes_validate

    folder = HERE / "kubernetes"
    namespace, images, documents = load(folder)
    kinds = {}
    for document in documents:
        kind, name = document["kind"], document["metadata"]["name"]
        where = f"{kind} {name}"
        expect(name not in kinds.setdefault(kind, {}), where, "is there twice")
        kinds[kind][name] = document
        if kind == "ScaledObject":
            continue  # no part of Kubernetes; asked about below
        try:
            kubernetes_validate.validate(document, KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            finding(where, f"{'.'.join(map(str, error.path))}: {error.message}")
    expect(namespace in kinds["Namespace"], "namespace.yaml", f"{namespace} is not made")
    pods, roles = [], {}
    for kind in ("Deployment", "StatefulSet"):
        for name, made in kinds[kind].items():
            where, template = f"{kind} {name}", made["spec"]["template"]
            labels, spec = template["metadata"]["labels"], template["spec"]
            is_own = selects(made["spec"]["selector"]["matchLabels"], labels)
            expect(is_own, where, "does not select its own pods")
            check_pod(where, spec, kinds)
            ports = {port["name"] for c in spec["containers"] for port in c["ports"]}
            pods.append({"labels": labels, "ports": ports, "name": name})
            if spec["containers"][0]["image"] in images:
                roles[name] = check_ours(where, spec, kinds)
    for name, made in kinds["CronJob"].items():
        template = made["spec"]["jobTemplate"]["spec"]["template"]
        check_pod(f"CronJob {name}", template["spec"], kinds, goes_on=False)
        for container in template["spec"]["initContainers"] + template["spec"]["containers"]:
            expect(container["image"] in images, f"CronJob {name}", f"image {container['image']}")
            expect(container["args"][0] == "catalog", f"CronJob {name}", container["args"])
        pods.append({"labels": template["metadata"]["labels"], "ports": {"http"}, "name": name})
    selectors = [made["spec"]["selector"]["matchLabels"] for k in ("Deployment", "StatefulSet") for made in kinds[k].values()]
    for selector in selectors:
        count = sum(selects(selector, pod["labels"]) for pod in pods)
        expect(count == 1, "selectors", f"{selector} is {count} kinds of pods")
    for name, service in kinds["Service"].items():
        chosen = [pod for pod in pods if selects(service["spec"]["selector"], pod["labels"])]
        expect(len(chosen) == 1, f"Service {name}", f"leads to {len(chosen)} kinds of pods")
        for port in service["spec"]["ports"]:
            expect(all(port["targetPort"] in pod["ports"] for pod in chosen), f"Service {name}", port)
    nats = kinds["StatefulSet"]["nats"]["spec"]
    expect(nats["serviceName"] in kinds["Service"], "StatefulSet nats", "has no service")
    anti = nats["template"]["spec"]["affinity"]["podAntiAffinity"]
    expect("requiredDuringSchedulingIgnoredDuringExecution" in anti, "StatefulSet nats", "may share a machine")
    budget = kinds["PodDisruptionBudget"]["nats"]["spec"]
    expect(selects(budget["selector"]["matchLabels"], nats["template"]["metadata"]["labels"]), "budget", "is about nobody")
    expect(nats["replicas"] - budget["maxUnavailable"] > nats["replicas"] / 2, "budget", "no majority is left")
    check_roles("workers.yaml", roles.values())
    check_scaling(namespace, kinds, roles)
    check_policies(kinds, pods)
    engine = ROOT / "crates/roadloop-queue/src/nats/ask.rs"
    if engine.is_file():
        expect('format!("{name}-jobs")' in engine.read_text(), "scaling.yaml", "streams have other names")
    for path in (folder / "optional").glob("*.yaml"):
        for document in yaml.safe_load_all(path.read_text()):
            expect(document["metadata"]["namespace"] == namespace, path.name, "another namespace")
    if shutil.which("kubectl"):
        run("kustomization.yaml", "kubectl", "kustomize", str(folder))


# Amazon.


def template():
    from cfnlint.decode import cfn_yaml

    return json.loads(json.dumps(cfn_yaml.load(str(HERE / "cloudformation.yaml"))))


def as_list(value):
    return value if isinstance(value, list) else [value]


def statements(value, path=""):
    """Every statement of every policy, wherever it stands."""
    if isinstance(value, dict):
        for statement in as_list(value.get("Statement", [])):
            yield path, statement
        for name, inner in value.items():
            yield from statements(inner, f"{path}.{name}".strip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from statements(inner, path)


def check_policy(where, statement):
    if statement["Effect"] == "Deny":
        return
    actions, resources = as_list(statement["Action"]), as_list(statement.get("Resource", []))
    for action in actions:
        is_wide = action == "*" or action.endswith(":*")
        expect(not is_wide, where, f"allows {action}")
        # The one thing that cannot be narrowed.
        is_known = action == "ecr:GetAuthorizationToken"
        expect("*" not in resources or is_known, where, f"allows {action} on everything")
    expect(statement.get("Principal") != "*", where, "lets everybody in")


def text_of(value):
    """A value with its references as they are written: `!Sub` as it is, others by name."""
    if isinstance(value, dict) and len(value) == 1:
        return str(next(iter(value.values())))
    return str(value)


def check_buckets(resources):
    buckets = {name: r for name, r in resources.items() if r["Type"] == "AWS::S3::Bucket"}
    expect(len(buckets) == 2, "cloudformation.yaml", f"buckets are {list(buckets)}")
    for name, bucket in buckets.items():
        where, has = f"cloudformation.yaml, {name}", bucket["Properties"]
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            expect(bucket.get(policy) == "Retain", where, f"{policy} is not Retain")
        blocks = has.get("PublicAccessBlockConfiguration", {})
        expect(len(blocks) == 4 and all(v is True for v in blocks.values()), where, "may be public")
        expect("BucketEncryption" in has, where, "is not encrypted")
        expect(has["VersioningConfiguration"]["Status"] == "Enabled", where, "has no versions")
        rules = has["LifecycleConfiguration"]["Rules"]
        expect(any("AbortIncompleteMultipartUpload" in r for r in rules), where, "keeps broken uploads")
        policy = resources[f"{name}Policy"]["Properties"]
        expect(text_of(policy["Bucket"]) == name, where, "has another's policy")
        denies = [s for s in policy["PolicyDocument"]["Statement"] if s["Effect"] == "Deny"]
        plain = {"Bool": {"aws:SecureTransport": "false"}}
        expect(any(s["Condition"] == plain for s in denies), where, "can be asked without TLS")


# Which stages are given jobs by whom, but for those that do them.
FOLLOW = {
    "Watch": ["extract", "tables", "video"],
    "Read": ["detect", "anonymize", "attach"],
    "Detect": ["anonymize"],
}


def lanes_of(names):
    return {stage.capitalize() + high + "Queue" for stage in names for high in ("", "High")}


def may(role, action):
    """The queues that a role may do something with."""
    return {
        re.search(r"\w+Queue", json.dumps(resource))[0]
        for _, statement in statements(role)
        if action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def check_queues(resources, tasks):
    queues = {name: r["Properties"] for name, r in resources.items() if r["Type"] == "AWS::SQS::Queue"}
    names = {text_of(queue["QueueName"]) for queue in queues.values()}
    lanes = {f"${{Prefix}}-{stage}{high}" for stage in stages() for high in ("", "-high")}
    others = {"${Prefix}-events", "${Prefix}-events-dead", "${Prefix}-jobs-dead"}
    expect(names == lanes | others, "cloudformation.yaml", f"queues: {names ^ (lanes | others)}")
    for name, queue in queues.items():
        where = f"cloudformation.yaml, {name}"
        expect(queue.get("SqsManagedSseEnabled") is True, where, "is not encrypted")
        if not text_of(queue["QueueName"]).endswith("-dead"):
            expect("RedrivePolicy" in queue, where, "has nowhere for dead letters")
    policy = resources["EventsQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"][0]
    narrow = json.dumps(policy["Condition"])
    expect("aws:SourceArn" in narrow and "aws:SourceAccount" in narrow, "EventsQueuePolicy", "too wide")
    expect(policy["Principal"] == {"Service": "s3.amazonaws.com"}, "EventsQueuePolicy", "others than S3")
    for name, (roles, role, alarm) in tasks.items():
        where = f"cloudformation.yaml, {name}"
        own = lanes_of(roles)
        receives, sends = may(role, "sqs:ReceiveMessage"), may(role, "sqs:SendMessage")
        expect(receives == (own or {"EventsQueue"}), where, f"takes jobs of {receives}, does {own}")
        # A job is handed back as a new one.
        gives = own | lanes_of(FOLLOW.get(name, []))
        expect(sends == gives, where, f"gives jobs to {sends}, has to {gives}")
        if alarm:
            counted = set(re.findall(r"(\w+Queue)", json.dumps(alarm)))
            expect(counted == own, where, f"scaled by {counted}, does {own}")
            expect(len(alarm["Properties"]["Metrics"]) <= 11, where, "more than ten metrics in one alarm")


def check_tasks(resources):
    tasks, roles = {}, []
    for name, resource in resources.items():
        if resource["Type"] != "AWS::ECS::TaskDefinition":
            continue
        where, has = f"cloudformation.yaml, {name}", resource["Properties"]
        container = has["ContainerDefinitions"][0]
        expect(container["ReadonlyRootFilesystem"] is True, where, "its files can be written")
        expect(container["User"].startswith("10001"), where, "runs as somebody else")
        expect(container["LinuxParameters"]["Capabilities"] == {"Drop": ["ALL"]}, where, "capabilities")
        env = {item["Name"]: text_of(item["Value"]) for item in container["Environment"]}
        args = [text_of(item) for item in container["Command"]]
        does = check_node(where, args, env, container["StopTimeout"])
        roles.append(does)
        port = container["PortMappings"][0]["ContainerPort"]
        expect(option(args, "--listen").endswith(f":{port}"), where, f"port {port}")
        expect(f"/{port};" in container["HealthCheck"]["Command"][-1], where, "asked at another port")
        kind = name.removesuffix("Task")
        role = text_of(has["TaskRoleArn"])
        expect(f"{kind}Role" in role, where, f"has the rights of {role}")
        tasks[kind] = (does, resources[f"{kind}Role"], resources.get(f"{kind}Jobs"))
        expect(text_of(resources[f"{kind}Service"]["Properties"]["TaskDefinition"]) == name, where, "not run")
    check_roles("cloudformation.yaml", roles)
    return tasks


def cloudformation():
    path = HERE / "cloudformation.yaml"
    linter = tool("cfn-lint")
    if linter:
        run("cloudformation.yaml", linter, "--non-zero-exit-code", "informational", str(path))
    size = path.stat().st_size
    expect(size <= TEMPLATE_BYTES, "cloudformation.yaml", f"{size} bytes: it would need a bucket")
    made = template()
    resources = made["Resources"]
    for where, statement in statements(resources):
        check_policy(f"cloudformation.yaml, {where}", statement)
    check_buckets(resources)
    check_queues(resources, check_tasks(resources))
    for name, resource in resources.items():
        if resource["Type"] == "AWS::Logs::LogGroup":
            expect("RetentionInDays" in resource["Properties"], name, "keeps logs for ever")
    on_a_server(path.read_text(), resources)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def on_a_server(text, resources):
    """Makes the stack, looks at it, and deletes it."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        make_and_delete(f"http://127.0.0.1:{port}", text, resources)
    finally:
        server.terminate()
        server.wait(20)


def make_and_delete(endpoint, text, resources):
    import boto3

    def client(service):
        return boto3.client(
            service,
            endpoint_url=endpoint,
            region_name="eu-central-1",
            aws_access_key_id="someone",
            aws_secret_access_key="secret",
        )

    ec2, stacks, s3, sqs = map(client, ("ec2", "cloudformation", "s3", "sqs"))
    where = "cloudformation.yaml on a server"
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    values = {"VpcId": vpc, "SubnetIds": subnet, "ApiCidr": "10.0.0.0/16"}
    parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    stacks.create_stack(
        StackName="roadloop",
        TemplateBody=text,
        Parameters=parameters,
        Capabilities=["CAPABILITY_IAM"],
    )
    stack = stacks.describe_stacks(StackName="roadloop")["Stacks"][0]
    expect(stack["StackStatus"] == "CREATE_COMPLETE", where, stack["StackStatus"])
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    listed = stacks.get_paginator("list_stack_resources").paginate(StackName="roadloop")
    there = {r["LogicalResourceId"] for page in listed for r in page["StackResourceSummaries"]}
    for name, resource in resources.items():
        if resource["Type"] not in NOT_BY_MOTO:
            expect(name in there, where, f"{name} was not made")
    buckets = [outputs["IngestBucket"], outputs["LakeBucket"]]
    for bucket in buckets:
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        algorithm = rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
        expect(algorithm in ("AES256", "aws:kms"), where, f"{bucket} is encrypted by {algorithm}")
    events = sqs.get_queue_url(QueueName="roadloop-events")["QueueUrl"]
    for stage in stages():
        for high in ("", "-high"):
            url = sqs.get_queue_url(QueueName=f"roadloop-{stage}{high}")["QueueUrl"]
            has = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            expect(has["VisibilityTimeout"] == "60", where, f"{url} holds for {has['VisibilityTimeout']}")
            expect("RedrivePolicy" in has, where, f"{url} has nowhere for dead letters")
    # What is in buckets stays.
    s3.put_object(Bucket=buckets[1], Key="main/tables/one", Body=b"row")
    put_what_is_left(s3, sqs, buckets, events, resources)
    stacks.delete_stack(StackName="roadloop")
    left = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    expect(set(buckets) <= left, where, f"deleted with what was in them: {set(buckets) - left}")
    queues = sqs.list_queues().get("QueueUrls", [])
    expect(not queues, where, f"left behind: {queues}")
    # Clusters and their services this server makes, and never deletes.
    roles = [role["RoleName"] for role in client("iam").list_roles()["Roles"]]
    expect(not roles, where, f"left behind: {roles}")
    logs = client("logs").describe_log_groups()["logGroups"]
    expect(not logs, where, f"left behind: {logs}")


def put_what_is_left(s3, sqs, buckets, events, resources):
    """What the server does not take from a template, by its own doors."""
    arn = sqs.get_queue_attributes(QueueUrl=events, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def resolved(value):
        if isinstance(value, list):
            return [resolved(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "Ref" in value:
            return "123456789012"
        if "Fn::GetAtt" in value:
            return arn if "EventsQueue" in json.dumps(value) else f"arn:aws:s3:::{bucket}"
        if "Fn::Sub" in value:
            return f"arn:aws:s3:::{bucket}/*"
        return {key: resolved(item) for key, item in value.items()}

    for bucket, name in zip(buckets, ("IngestBucket", "LakeBucket")):
        has = resolved(resources[name]["Properties"])
        blocks = has["PublicAccessBlockConfiguration"]
        s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocks)
        versions = has["VersioningConfiguration"]
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration=versions)
        ownership = has["OwnershipControls"]
        s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=ownership)
        words = has.get("NotificationConfiguration", {"QueueConfigurations": []})["QueueConfigurations"]
        words = [{"Events": [word["Event"]], "QueueArn": word["Queue"]} for word in words]
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"QueueConfigurations": words}
        )
    policy = resolved(resources["EventsQueuePolicy"]["Properties"]["PolicyDocument"])
    sqs.set_queue_attributes(QueueUrl=events, Attributes={"Policy": json.dumps(policy)})
    # A recording that comes is told of.
    s3.put_object(Bucket=buckets[0], Key="drive 1.mcap", Body=b"recording")
    texts = []
    for _ in range(10):
        answer = sqs.receive_message(QueueUrl=events, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        texts += [message["Body"] for message in answer.get("Messages", [])]
        if any("drive" in text for text in texts):
            break
    else:
        finding("cloudformation.yaml on a server", f"an upload is not told of: {texts}")
    # Last: the server is asked without TLS.
    for bucket, name in zip(buckets, ("IngestBucketPolicy", "LakeBucketPolicy")):
        policy = resolved(resources[name]["Properties"]["PolicyDocument"])
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))


def nats():
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        env = {"TMPDIR": folder, "POD_NAME": "nats-0", "CLIENT_ADVERTISE": "nats-0.nats.roadloop.svc:4222"}
        check_nats("compose/nats.conf", (HERE / "compose" / "nats.conf").read_text(), env)
        for document in yaml.safe_load_all((HERE / "kubernetes" / "nats.yaml").read_text()):
            if document["kind"] == "ConfigMap":
                check_nats("kubernetes/nats.yaml", document["data"]["nats.conf"], env)


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
