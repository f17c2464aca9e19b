"""Drives the local Batch with boto3 and prints what it answered, as one JSON document.

Run by test/contract/batch-python.test.ts; AWS_ENDPOINT_URL and credentials come from the environment.
"""

import json
import time

import boto3
from botocore.exceptions import ClientError

batch = boto3.client("batch", region_name="us-east-1")
found: dict = {}


def finish(job_id: str) -> dict:
    for _ in range(600):
        job = batch.describe_jobs(jobs=[job_id])["jobs"][0]
        if job["status"] in ("SUCCEEDED", "FAILED"):
            return job
        time.sleep(0.05)
    raise TimeoutError(job_id)


registered = batch.register_job_definition(
    jobDefinitionName="boto-job",
    type="container",
    containerProperties={
        "image": "shell",
        "command": ["echo", "Ref::word"],
        "resourceRequirements": [{"type": "VCPU", "value": "1"}, {"type": "MEMORY", "value": "128"}],
    },
    parameters={"word": "hello"},
    retryStrategy={"attempts": 2},
    timeout={"attemptDurationSeconds": 60},
)
found["revision"] = registered["revision"]
definition = batch.describe_job_definitions(jobDefinitionName="boto-job")["jobDefinitions"][0]
found["definition"] = {key: definition[key] for key in ("status", "type", "parameters", "timeout")}

found["queue"] = batch.describe_job_queues(jobQueues=["main"])["jobQueues"][0]["state"]

job = batch.submit_job(jobName="boto", jobQueue="main", jobDefinition="boto-job", parameters={"word": "there"}, tags={"who": "boto"})
done = finish(job["jobId"])
found["job"] = {"status": done["status"], "exitCode": done["container"]["exitCode"], "created": done["createdAt"], "tags": done["tags"]}
found["tags"] = batch.list_tags_for_resource(resourceArn=job["jobArn"])["tags"]

failing = batch.submit_job(
    jobName="failing", jobQueue="main", jobDefinition="boto-job", containerOverrides={"command": ["sh", "-c", "exit 3"]}
)
found["failing"] = [attempt["container"]["exitCode"] for attempt in finish(failing["jobId"])["attempts"]]

array = batch.submit_job(jobName="array", jobQueue="main", jobDefinition="boto-job", arrayProperties={"size": 3})
summary = finish(array["jobId"])["arrayProperties"]
found["array"] = {"size": summary["size"], "succeeded": summary["statusSummary"]["SUCCEEDED"]}
pages = batch.get_paginator("list_jobs").paginate(arrayJobId=array["jobId"], jobStatus="SUCCEEDED", PaginationConfig={"PageSize": 2})
found["children"] = sorted(entry["jobId"].split(":")[1] for page in pages for entry in page["jobSummaryList"])

try:
    batch.submit_job(jobName="x", jobQueue="nowhere", jobDefinition="boto-job")
except ClientError as error:
    found["refused"] = [error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]]

print(json.dumps(found))
