"""Kubernetes, with KEDA."""

import re
import shutil

import yaml

from checks.common import HERE, ROOT, check_node, check_roles, expect, finding, option, run

# What Kubernetes the manifests are for: the oldest that is still looked after.
KUBERNETES = "1.34"


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
