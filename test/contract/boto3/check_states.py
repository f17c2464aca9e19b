"""boto3 against the local Step Functions, with nothing set but AWS_ENDPOINT_URL, keys and region.

Prints one JSON line for each check, as check_services.py does. Exit code 0 when all hold.
The cloud has the Batch queue `main` and the job definition `node`, whose EXIT_CODE says how it ends.
"""

import io
import json
import sys
import time

import boto3
import check_services
from botocore.config import Config
from check_services import archive, check, expect, expect_equal

check_services.CHECKS.clear()

ROLE = "arn:aws:iam::000000000000:role/machines"
BUCKET = "states-from-python"
INVOKE = "arn:aws:states:::lambda:invoke"
WORK = """export const handler = async (event) => {
  if (event.fail) { const error = new Error('no ' + event.fail); error.name = 'BudgetExceeded'; throw error; }
  return { twice: 2 * event.n };
};"""

sfn = boto3.client("stepfunctions", config=Config(retries={"max_attempts": 1}))


def refused(wanted, call):
    """The error is an instance of the class that boto3 made of the service's model."""
    try:
        call()
    except wanted as error:
        return error
    raise AssertionError(f"wanted {wanted.__name__}, found no error")


def text(definition):
    return json.dumps({"QueryLanguage": "JSONata", **definition})


def single(state):
    return {"StartAt": "Only", "States": {"Only": {"End": True, **state}}}


def create(name, definition):
    return sfn.create_state_machine(name=name, roleArn=ROLE, definition=text(definition))["stateMachineArn"]


def start(machine, value=None, **options):
    return sfn.start_execution(stateMachineArn=machine, input=json.dumps({} if value is None else value), **options)["executionArn"]


def ended(execution):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        told = sfn.describe_execution(executionArn=execution)
        if told["status"] != "RUNNING":
            return told
        time.sleep(0.02)
    raise AssertionError(f"{execution} still runs after 20 s")


def run(name, definition, value=None):
    return ended(start(create(name, definition), value))


def output(told):
    expect_equal((told["status"], told.get("error"), told.get("cause")), ("SUCCEEDED", None, None))
    return json.loads(told["output"])


def history(execution):
    pages = sfn.get_paginator("get_execution_history").paginate(executionArn=execution, PaginationConfig={"PageSize": 3})
    return [event for page in pages for event in page["events"]]


def token_of(execution):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        for event in history(execution):
            if event["type"] == "TaskScheduled":
                return json.loads(event["taskScheduledEventDetails"]["parameters"])["Payload"]["token"]
        time.sleep(0.02)
    raise AssertionError("no task was scheduled")


@check
def machines_live_and_are_listed():
    machine = create("Life", single({"Type": "Pass"}))
    expect_equal(create("Life", single({"Type": "Pass"})), machine)
    refused(sfn.exceptions.StateMachineAlreadyExists, lambda: create("Life", single({"Type": "Pass", "Comment": "other"})))
    sfn.update_state_machine(stateMachineArn=machine, definition=text(single({"Type": "Wait", "Seconds": 1})))
    told = sfn.describe_state_machine(stateMachineArn=machine)
    expect_equal((told["name"], told["type"], told["status"], told["roleArn"]), ("Life", "STANDARD", "ACTIVE", ROLE))
    expect_equal(json.loads(told["definition"])["States"]["Only"]["Type"], "Wait")
    refused(sfn.exceptions.MissingRequiredParameter, lambda: sfn.update_state_machine(stateMachineArn=machine))
    for number in range(4):
        create(f"Listed{number}", single({"Type": "Pass"}))
    pages = sfn.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2})
    names = [found["name"] for page in pages for found in page["stateMachines"]]
    expect_equal(names, ["Life", "Listed0", "Listed1", "Listed2", "Listed3"])
    sfn.tag_resource(resourceArn=machine, tags=[{"key": "who", "value": "boto"}])
    expect_equal(sfn.list_tags_for_resource(resourceArn=machine)["tags"], [{"key": "who", "value": "boto"}])
    for name in names:
        sfn.delete_state_machine(stateMachineArn=machine.replace("Life", name))
    refused(sfn.exceptions.StateMachineDoesNotExist, lambda: sfn.describe_state_machine(stateMachineArn=machine))
    expect_equal(sfn.list_state_machines()["stateMachines"], [])


@check
def definitions_are_refused_with_their_faults():
    task = {"Type": "Task", "Resource": INVOKE, "Arguments": {"FunctionName": "F"}}
    for definition, words in [
        (json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}), "JSONPath"),
        (text(single({"Type": "Pass", "Colour": "red"})), "Colour"),
        (text(single({**task, "Resource": "arn:aws:states:::glue:startJobRun"})), "glue"),
        (text(single({"Type": "Pass", "Output": "{% $frobnicate(1) %}"})), "frobnicate"),
        ("{", "INVALID_JSON_DESCRIPTION"),
    ]:
        call = lambda: sfn.create_state_machine(name="Bad", roleArn=ROLE, definition=definition)
        error = refused(sfn.exceptions.InvalidDefinition, call)
        expect(words in str(error), f"{words!r} is not in {error}")
        told = sfn.validate_state_machine_definition(definition=definition)
        expect_equal(told["result"], "FAIL")
        expect(all(set(found) == {"severity", "code", "message", "location"} for found in told["diagnostics"]), str(told["diagnostics"]))
    good = sfn.validate_state_machine_definition(definition=text(single({"Type": "Pass"})))
    expect_equal((good["result"], good["diagnostics"]), ("OK", []))
    refused(sfn.exceptions.InvalidName, lambda: create("a b", single({"Type": "Pass"})))
    wrong_role = lambda: sfn.create_state_machine(name="Bad", roleArn="arn:aws:s3:::x", definition=text(single({"Type": "Pass"})))
    refused(sfn.exceptions.InvalidArn, wrong_role)
    express = lambda: sfn.create_state_machine(name="Bad", roleArn=ROLE, definition=text(single({"Type": "Pass"})), type="EXPRESS")
    refused(sfn.exceptions.StateMachineTypeNotSupported, express)


@check
def executions_start_once_and_stop():
    machine = create("Once", single({"Type": "Wait", "Seconds": 3600}))
    execution = start(machine, {"n": 1}, name="same")
    expect_equal(start(machine, {"n": 1}, name="same"), execution)
    refused(sfn.exceptions.ExecutionAlreadyExists, lambda: start(machine, {"n": 2}, name="same"))
    sfn.stop_execution(executionArn=execution, error="Enough", cause="seen it")
    told = ended(execution)
    expect_equal((told["status"], told["error"], told["cause"]), ("ABORTED", "Enough", "seen it"))
    refused(sfn.exceptions.ExecutionAlreadyExists, lambda: start(machine, {"n": 1}, name="same"))
    refused(sfn.exceptions.InvalidExecutionInput, lambda: sfn.start_execution(stateMachineArn=machine, input="{"))
    refused(sfn.exceptions.InvalidExecutionInput, lambda: start(machine, "x" * 262_143))
    refused(sfn.exceptions.ExecutionDoesNotExist, lambda: sfn.describe_execution(executionArn=execution + "x"))
    refused(sfn.exceptions.InvalidArn, lambda: sfn.describe_execution(executionArn="nothing"))


@check
def histories_and_lists_are_paged():
    machine = create("Listed", single({"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}}))
    executions = []
    for number in range(5):
        executions.append(start(machine, {"n": number}))
        expect_equal(output(ended(executions[-1])), {"n": number + 1})
    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machine, statusFilter="SUCCEEDED", PaginationConfig={"PageSize": 2})
    expect_equal([found["executionArn"] for page in pages for found in page["executions"]], executions[::-1])
    expect_equal(sfn.list_executions(stateMachineArn=machine, statusFilter="FAILED")["executions"], [])
    refused(sfn.exceptions.InvalidToken, lambda: sfn.list_executions(stateMachineArn=machine, nextToken="made-up"))
    events = history(executions[0])
    wanted = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"]
    expect_equal([event["type"] for event in events], wanted)
    expect_equal(events[2]["stateExitedEventDetails"]["output"], '{"n":1}')
    expect_equal(sfn.get_execution_history(executionArn=executions[0], reverseOrder=True)["events"], events[::-1])


@check
def functions_answer_and_fail_by_name():
    client = boto3.client("lambda")
    client.create_function(FunctionName="Work", Runtime="nodejs24.x", Role=ROLE, Handler="index.handler", Code={"ZipFile": archive(WORK)}, Timeout=10)
    task = {"Type": "Task", "Resource": INVOKE, "Arguments": {"FunctionName": "Work", "Payload": "{% $states.input %}"}}
    machine = create("Invokes", single({**task, "Output": "{% $states.result.Payload %}"}))
    expect_equal(output(ended(start(machine, {"n": 21}))), {"twice": 42})
    failed = ended(start(machine, {"fail": "money"}))
    expect_equal((failed["status"], failed["error"]), ("FAILED", "BudgetExceeded"))
    expect_equal(json.loads(failed["cause"])["errorMessage"], "no money")


@check
def tokens_are_answered_and_refused_by_class():
    task = {
        "Type": "Task",
        "Resource": INVOKE + ".waitForTaskToken",
        "HeartbeatSeconds": 60,
        "Arguments": {"FunctionName": "Work", "Payload": {"token": "{% $states.context.Task.Token %}", "n": 1}},
    }
    machine = create("Waits", single(task))
    execution = start(machine)
    token = token_of(execution)
    sfn.send_task_heartbeat(taskToken=token)
    refused(sfn.exceptions.InvalidOutput, lambda: sfn.send_task_success(taskToken=token, output="{"))
    sfn.send_task_success(taskToken=token, output='{"score": 0.5}')
    expect_equal(output(ended(execution)), {"score": 0.5})
    refused(sfn.exceptions.TaskTimedOut, lambda: sfn.send_task_success(taskToken=token, output="1"))
    refused(sfn.exceptions.InvalidToken, lambda: sfn.send_task_heartbeat(taskToken="made-up"))
    execution = start(machine)
    sfn.send_task_failure(taskToken=token_of(execution), error="DeviceRetired", cause="gone")
    told = ended(execution)
    expect_equal((told["status"], told["error"], told["cause"]), ("FAILED", "DeviceRetired", "gone"))
    silent = start(create("Silent", single({**task, "HeartbeatSeconds": 1})))
    expect_equal(ended(silent)["error"], "States.Timeout")
    refused(sfn.exceptions.TaskTimedOut, lambda: sfn.send_task_heartbeat(taskToken=token_of(silent)))


@check
def children_are_followed():
    child = create("Child", single({"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}}))
    nested = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": child, "Input": "{% $states.input %}"},
        "Output": "{% $states.result.Output %}",
    }
    expect_equal(output(run("Parent", single(nested), {"n": 1})), {"n": 2})
    job = {
        "Type": "Task",
        "Resource": "arn:aws:states:::batch:submitJob.sync",
        "Arguments": {
            "JobName": "work",
            "JobQueue": "main",
            "JobDefinition": "node",
            "ContainerOverrides": {"Environment": [{"Name": "EXIT_CODE", "Value": "{% $states.input %}"}]},
        },
        "Output": "{% $states.result.Status %}",
    }
    machine = create("Job", single(job))
    expect_equal(output(ended(start(machine, "0"))), "SUCCEEDED")
    bad = ended(start(machine, "7"))
    expect_equal((bad["error"], json.loads(bad["cause"])["Container"]["ExitCode"]), ("States.TaskFailed", 7))


@check
def maps_read_and_write_objects():
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.upload_fileobj(io.BytesIO("name,n\nä,1\n\"b, c\",2\nbad,x\n".encode()), BUCKET, "in.csv")
    mapped = {
        "Type": "Map",
        "Label": "rows",
        "ToleratedFailureCount": 1,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Arguments": {"Bucket": BUCKET, "Key": "in.csv"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Number",
            "States": {"Number": {"Type": "Pass", "Output": "{% $number($states.input.n) %}", "End": True}},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Arguments": {"Bucket": BUCKET, "Prefix": "out"},
            "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"},
        },
    }
    told = run("Rows", single(mapped))
    written = output(told)
    read = lambda key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode()
    manifest = json.loads(read(written["ResultWriterDetails"]["Key"]))
    expect_equal(read(manifest["ResultFiles"]["SUCCEEDED"][0]["Key"]), "1\n2\n")
    failed = json.loads(read(manifest["ResultFiles"]["FAILED"][0]["Key"]))
    expect_equal([(found["Status"], json.loads(found["Input"])) for found in failed], [("FAILED", {"name": "bad", "n": "x"})])
    found = sfn.list_map_runs(executionArn=told["executionArn"])["mapRuns"]
    expect_equal([one["mapRunArn"] for one in found], [written["MapRunArn"]])
    described = sfn.describe_map_run(mapRunArn=written["MapRunArn"])
    counts = {name: described["itemCounts"][name] for name in ("total", "succeeded", "failed")}
    expect_equal((described["status"], described["toleratedFailureCount"], counts), ("SUCCEEDED", 1, {"total": 3, "succeeded": 2, "failed": 1}))
    children = sfn.list_executions(mapRunArn=written["MapRunArn"])["executions"]
    expect_equal([(one["status"], one["itemCount"]) for one in children], [("FAILED", 1), ("SUCCEEDED", 1), ("SUCCEEDED", 1)])
    refused(sfn.exceptions.ResourceNotFound, lambda: sfn.describe_map_run(mapRunArn=written["MapRunArn"] + "0"))


@check
def other_services_are_called():
    s3 = boto3.client("s3")
    put = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:putObject", "Arguments": {"Bucket": BUCKET, "Key": "sdk.json", "Body": {"n": 3}}}
    output(run("Puts", single(put)))
    expect_equal(json.loads(s3.get_object(Bucket=BUCKET, Key="sdk.json")["Body"].read()), {"n": 3})
    get = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:getObject", "Arguments": {"Bucket": BUCKET, "Key": "absent"}}
    expect_equal(run("Misses", single(get))["error"], "S3.NoSuchKeyException")
    listener = create("Listener", single({"Type": "Pass", "Output": "{% $states.input.detail %}"}))
    events = boto3.client("events")
    events.put_rule(Name="machines", EventPattern=json.dumps({"source": ["qefm.python"]}))
    events.put_targets(Rule="machines", Targets=[{"Id": "1", "Arn": listener}])
    entry = {"Source": "qefm.python", "DetailType": "Ranked", "Detail": {"best": "C1"}}
    sent = output(run("Sends", single({"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Arguments": {"Entries": [entry]}})))
    expect_equal(sent["FailedEntryCount"], 0)
    deadline = time.monotonic() + 10
    while not (begun := sfn.list_executions(stateMachineArn=listener)["executions"]) and time.monotonic() < deadline:
        time.sleep(0.02)
    expect_equal([output(ended(one["executionArn"])) for one in begun], [{"best": "C1"}])


if __name__ == "__main__":
    sys.exit(check_services.main())
