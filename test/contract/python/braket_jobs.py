"""Drives hybrid jobs of the local Braket with the Braket SDK for Python and prints what the SDK made of them, as one JSON document.

Run by test/contract/braket-jobs-python.test.ts; AWS_ENDPOINT_URL and credentials come from the environment. The SDK waits five seconds
between its looks at a job: that pause, and nothing else of it, is made shorter here.
"""

import contextlib
import io
import json
import os
import tempfile
import time
import warnings
from pathlib import Path

import boto3
from braket.aws import AwsQuantumJob, AwsSession
from braket.jobs import hybrid_job
from braket.jobs.config import CheckpointConfig, InstanceConfig, OutputDataConfig, StoppingCondition
from braket.jobs.metrics_data.definitions import MetricType
from botocore.exceptions import ClientError

warnings.filterwarnings("ignore")
pause = time.sleep
time.sleep = lambda seconds: pause(min(seconds, 0.1))

SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
ROLE = "arn:aws:iam::000000000000:role/service-role/AmazonBraketJobsExecutionRole"

# The SDK within the job, as a user would write it: helper functions, a task on the job's device, a checkpoint, a result.
ALGORITHM = '''
import os
from braket.aws import AwsDevice
from braket.circuits import Circuit
from braket.jobs.metrics import log_metric
from braket.jobs import (get_checkpoint_dir, get_hyperparameters, get_input_data_dir, get_job_device_arn, get_job_name,
                         load_job_checkpoint, save_job_checkpoint, save_job_result)


def start(shots: int):
    with open(os.path.join(get_input_data_dir(), "angle.txt")) as file:
        angle = float(file.read())
    task = AwsDevice(get_job_device_arn()).run(Circuit().rx(0, angle), shots=shots, poll_interval_seconds=0.1)
    print("counts", dict(task.result().measurement_counts))
    for iteration in range(3):
        log_metric(metric_name="loss", value=1 / (1 + iteration), iteration_number=iteration)
    save_job_checkpoint({"angle": angle})
    save_job_result({"counts": dict(task.result().measurement_counts), "hyperparameters": get_hyperparameters(), "name": get_job_name(),
                     "folder": task.metadata()["outputS3Directory"], "checkpoint": load_job_checkpoint()})
'''
CONTINUE = '''
import os, pathlib, sys, time
print("continues with", sorted(os.listdir(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"])))
print("an error stream", file=sys.stderr)
'''
FOREVER = "import time\nwhile True: time.sleep(0.05)\n"

session = AwsSession(boto_session=boto3.Session(region_name="us-east-1"))
found: dict = {}
# result() leaves its archive in the working directory.
os.chdir(tempfile.mkdtemp())
for name, body in {"algorithm.py": ALGORITHM, "continues.py": CONTINUE, "forever.py": FOREVER, "angle.txt": "3.141592653589793"}.items():
    Path(name).write_text(body)

created = AwsQuantumJob.create(
    device=SV1,
    source_module="algorithm.py",
    entry_point="algorithm:start",
    job_name="first",
    role_arn=ROLE,
    hyperparameters={"shots": 20},
    input_data="angle.txt",
    instance_config=InstanceConfig(instanceType="ml.m5.xlarge"),
    stopping_condition=StoppingCondition(maxRuntimeInSeconds=100),
    output_data_config=OutputDataConfig(s3Path=f"s3://{session.default_bucket()}/outputs/first"),
    checkpoint_config=CheckpointConfig(s3Uri=f"s3://{session.default_bucket()}/checkpoints/first"),
    tags={"project": "x"},
    aws_session=session,
)


@hybrid_job(device=None, aws_session=session)
def power(base: int, exponent: int = 2):
    print("raised in a job")
    return {"power": base**exponent}


# A function of this file as a job: the SDK asks for the role and for the Python of the image, and pickles the function.
decorated = power(3, exponent=4)
job = AwsQuantumJob(created.arn, aws_session=session)
metadata = job.metadata()
found["created"] = {key: metadata[key] for key in ("jobName", "status", "tags", "hyperParameters", "instanceConfig", "deviceConfig")}
found["result"] = job.result()
found["state"] = job.state()
found["decorated"] = [decorated.result(), decorated.metadata()["roleArn"], decorated.metadata()["hyperParameters"]]
found["tasks"] = [task.state() for task in job.get_tasks()]
metrics = job.metrics(metric_type=MetricType.ITERATION_NUMBER)
found["metrics"] = {key: metrics[key] for key in ("iteration_number", "loss")}
found["position"] = job.queue_position().message
found["missing"] = [key for key in ("startedAt", "endedAt", "billableDuration") if key not in job.metadata()]

# A second job that waits, with the default output and the first one's checkpoints.
output = io.StringIO()
with contextlib.redirect_stdout(output):
    second = AwsQuantumJob.create(
        device="local:none/none",
        source_module="continues.py",
        job_name="second",
        role_arn=ROLE,
        copy_checkpoints_from_job=job.arn,
        wait_until_complete=True,
        aws_session=session,
    )
found["waited"] = {"state": second.state(), "result": second.result(), "printed": output.getvalue()}

third = AwsQuantumJob.create(device=SV1, source_module="forever.py", role_arn=ROLE, aws_session=session)
while third.state() == "QUEUED":
    time.sleep(0.1)
found["cancelled"] = [third.cancel()]
while third.state() not in AwsQuantumJob.TERMINAL_STATES:
    time.sleep(0.1)
found["cancelled"].append(third.state())
try:
    AwsQuantumJob(job.arn, aws_session=session).cancel()
except ClientError as error:
    found["ended"] = error.response["Error"]["Code"]
try:
    AwsQuantumJob.create(
        device=SV1,
        source_module="forever.py",
        role_arn=ROLE,
        image_uri="123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:latest",
        aws_session=session,
    )
except ClientError as error:
    found["image"] = error.response["Error"]["Message"]

print(json.dumps(found))
