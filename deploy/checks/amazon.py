"""Amazon: the template made and deleted on a server of the tests' own."""

import json
import socket
import subprocess
import sys
import time

from checks.common import expect, finding, stages

# Kinds that the server of the tests cannot make from a template. The linter has read
# them; policies are put by hand below.
NOT_BY_MOTO = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::CloudWatch::Alarm",
    "AWS::S3::BucketPolicy",
    "AWS::SQS::QueuePolicy",
}


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
