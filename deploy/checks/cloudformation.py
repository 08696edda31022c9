"""Amazon: the template as it is written."""

import json
import re

from checks.amazon import on_a_server
from checks.common import HERE, check_node, check_roles, expect, option, run, stages, tool

# A template in the request itself may have so many bytes.
TEMPLATE_BYTES = 51_200


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
