"""Drives the local Braket with the Braket SDK for Python and prints what the SDK made of the answers, as one JSON document.

Run by test/contract/braket-python.test.ts; AWS_ENDPOINT_URL, credentials and QEFM_BUCKET come from the environment.
"""

import json
import math
import os
import urllib.request
import warnings

import boto3
from braket.aws import AwsDevice, AwsQuantumTask, AwsSession
from braket.circuits import Circuit, FreeParameter, Observable
from braket.program_sets import CircuitBinding, ProgramSet
from braket.task_result import ProgramSetExecutableFailure
from braket.tracking import Tracker
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError

warnings.filterwarnings("ignore")

SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
DM1 = "arn:aws:braket:::device/quantum-simulator/amazon/dm1"
GARNET = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
EMERALD = "arn:aws:braket:eu-north-1::device/qpu/iqm/Emerald"
DEVICES = [
    SV1,
    DM1,
    GARNET,
    EMERALD,
    "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1",
    "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-Enterprise-1",
    "arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q",
    "arn:aws:braket:eu-north-1::device/qpu/aqt/Ibex-Q1",
    "arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1",
]

session = AwsSession(boto_session=boto3.Session(region_name="us-east-1"))
folder = (os.environ["QEFM_BUCKET"], "python-sdk")
found: dict = {}


def run(arn: str, task, **options):
    return AwsDevice(arn, aws_session=session).run(task, s3_destination_folder=folder, poll_interval_seconds=0.1, **options)


def put_faults(faults: dict) -> None:
    """The control endpoint, signed as any request of the service."""
    request = AWSRequest("PUT", f"{os.environ['AWS_ENDPOINT_URL']}/local-sim/faults", data=json.dumps(faults))
    SigV4Auth(session.boto_session.get_credentials(), "braket", "us-east-1").add_auth(request)
    prepared = request.prepare()
    urllib.request.urlopen(
        urllib.request.Request(prepared.url, prepared.body.encode(), dict(prepared.headers), method="PUT")
    ).read()


# Devices: every capability document goes through its schema in the SDK.
found["devices"] = {}
for arn in DEVICES:
    device = AwsDevice(arn, aws_session=session)
    found["devices"][arn] = {
        "name": device.name,
        "provider": device.provider_name,
        "status": device.status,
        "qubits": device.properties.paradigm.qubitCount,
        "schema": type(device.properties).__name__,
        "actions": sorted(str(getattr(key, "value", key)) for key in device.properties.action),
        "edges": device.topology_graph.number_of_edges() if device.topology_graph is not None else None,
        "queue": {str(getattr(key, "value", key)): size for key, size in device.queue_depth().quantum_tasks.items()},
    }

# Devices found by search, in all regions; retired ones only where they are asked for.
found["search"] = {
    "all": [device.name for device in AwsDevice.get_devices(aws_session=session)],
    "retired": [device.name for device in AwsDevice.get_devices(statuses=["RETIRED"], aws_session=session)],
    "aqt": [device.name for device in AwsDevice.get_devices(provider_names=["AQT"], aws_session=session)],
    "simulators": [device.name for device in AwsDevice.get_devices(types=["SIMULATOR"], aws_session=session)],
}

# Calibration: the properties as the SDK reads them, and the SDK's own emulator of the device, which builds its noise from them.
garnet = AwsDevice(GARNET, aws_session=session)
standardized = garnet.properties.standardized
window = garnet.properties.service.executionWindows[0]
found["calibration"] = {
    "qubits": len(standardized.oneQubitProperties),
    "pairs": len(standardized.twoQubitProperties),
    "readout": standardized.oneQubitProperties["1"].oneQubitFidelity[1].fidelity,
    "gate": standardized.twoQubitProperties["1-2"].twoQubitGateFidelity[0].gateName,
    "window": [str(getattr(window.executionDay, "value", window.executionDay)), str(window.windowStartHour), str(window.windowEndHour)],
    "available": garnet.is_available,
}
native = Circuit().add_verbatim_box(Circuit().prx(1, math.pi / 2, 0).prx(2, math.pi / 2, 0).cz(1, 2).prx(2, math.pi / 2, 0))
counts = garnet.emulator().run(native, shots=1000).result().measurement_counts
found["emulated"] = sum(counts.values())
# One of each schema; Rigetti's is IQM's.
found["emulators"] = [
    type(AwsDevice(arn, aws_session=session).emulator()).__name__
    for arn in ("arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1", "arn:aws:braket:eu-north-1::device/qpu/aqt/Ibex-Q1")
]

# A verbatim box on the device: run as it stands, or refused with the reason.
result = run(GARNET, native, shots=100).result()
found["verbatim"] = {"shots": sum(result.measurement_counts.values()), "qubits": result.measured_qubits}
try:
    run(GARNET, Circuit().add_verbatim_box(Circuit().h(1)), shots=100, disable_qubit_rewiring=True)
except ClientError as error:
    found["verbatimRefused"] = error.response["Error"]["Message"]
result = run(GARNET, Circuit().h(0).cnot(0, 1), shots=100).result()
found["compiled"] = result.get_compiled_circuit()

# Shots on SV1: a GateModelQuantumTaskResult.
bell = Circuit().h(0).cnot(0, 1)
task = run(SV1, bell, shots=200)
result = task.result()
found["bell"] = {
    "class": type(result).__name__,
    "state": task.state(),
    "counts": dict(result.measurement_counts),
    "qubits": result.measured_qubits,
    "shots": result.task_metadata.shots,
    "metadata": {key: task.metadata()[key] for key in ("status", "deviceArn", "numSuccessfulShots")},
    "position": task.queue_position().queue_position,
}

# Exact values of every kind.
angle = 0.37
exact = (
    Circuit()
    .rx(0, angle)
    .cnot(0, 1)
    .expectation(Observable.Z() @ Observable.Z(), target=[0, 1])
    .expectation(Observable.Z(), target=0)
    .variance(Observable.Z(), target=1)
    .probability(target=[0, 1])
)
result = run(SV1, exact, shots=0).result()
found["exact"] = {
    "values": [value.tolist() if hasattr(value, "tolist") else value for value in result.values],
    "wanted": [1.0, math.cos(angle), 1 - math.cos(angle) ** 2, [math.cos(angle / 2) ** 2, 0, 0, math.sin(angle / 2) ** 2]],
}

# Gradient on SV1: the SDK writes the pragma, the simulator differentiates.
theta = FreeParameter("theta")
gradient = Circuit().ry(0, theta).adjoint_gradient(observable=2 * Observable.Z(), target=[0], parameters=["theta"])
result = run(SV1, gradient, shots=0, inputs={"theta": angle}).result()
found["gradient"] = {
    "value": result.values[0],
    "wanted": {"expectation": 2 * math.cos(angle), "gradient": {"theta": -2 * math.sin(angle)}},
}

# Noise on DM1.
noisy = Circuit().x(0).bit_flip(0, 0.25).expectation(Observable.Z(), target=0)
found["noisy"] = float(run(DM1, noisy, shots=0).result().values[0])

# Samples and measured values at shots > 0.
sampled = Circuit().h(0).cnot(0, 1).sample(Observable.Z() @ Observable.Z(), target=[0, 1]).expectation(Observable.X() @ Observable.X(), target=[2, 3])
result = run(SV1, sampled, shots=50).result()
found["sampled"] = {"samples": sorted({float(value) for value in result.values[0]}), "count": len(result.values[0])}

# A program set on a QPU: a ProgramSetQuantumTaskResult.
rotation = Circuit().rx(0, theta).measure(0)
programs = ProgramSet([CircuitBinding(rotation, input_sets={"theta": [0.0, math.pi]}), bell])
task = run(GARNET, programs, shots=300)
result = task.result()
found["programSet"] = {
    "class": type(result).__name__,
    "state": task.state(),
    "programs": len(result),
    "executables": [len(entry) for entry in result],
    "ones": [entry.counts.get("1", 0) for entry in result[0]],
    "bellKeys": sorted(result[1][0].counts),
    "shots": [sum(entry.counts.values()) for program in result for entry in program],
    "successful": result.task_metadata.successfulShots,
}

# What the cost tracker makes of tasks on a QPU and on a simulator.
with Tracker() as tracker:
    run(GARNET, bell, shots=100).result()
    run(SV1, bell, shots=10).result()
    statistics = tracker.quantum_tasks_statistics()
    found["tracker"] = {
        "qpu": float(tracker.qpu_tasks_cost()),
        "simulator": float(tracker.simulator_tasks_cost()),
        "statistics": {arn: {"shots": entry["shots"], "tasks": entry["tasks"]} for arn, entry in statistics.items()},
        "billed": statistics[SV1]["billed_execution_duration"].total_seconds(),
    }

# A program set of which some executables fail: the task completes, and the SDK tells which.
put_faults({"failExecutables": 0.4, "failureReason": "atom lost"})
task = run(EMERALD, ProgramSet([CircuitBinding(rotation, input_sets={"theta": [0.1 * k for k in range(20)]})]), shots=200)
result = task.result()
put_faults({})
failed = [entry for entry in result[0] if isinstance(entry, ProgramSetExecutableFailure)]
found["partial"] = {
    "state": task.state(),
    "entries": len(result[0]),
    "failed": len(failed),
    "reasons": sorted({entry.failureMetadata.failureReason for entry in failed}),
    "successful": result.task_metadata.successfulShots,
    "totalFailed": result.task_metadata.totalFailedExecutables,
}

# A task looked up by its ARN, and a failure that the SDK understands.
again = AwsQuantumTask(arn=task.id, aws_session=AwsSession.copy_session(session, "eu-north-1"))
found["lookedUp"] = again.state()
try:
    run(SV1, bell, shots=1_000_000)
except session.braket_client.exceptions.ValidationException as error:
    found["refused"] = error.response["Error"]["Message"]
try:
    run("arn:aws:braket:us-east-1::device/qpu/ionq/Aria-1", bell, shots=100)
except session.braket_client.exceptions.DeviceRetiredException as error:
    found["retired"] = error.response["ResponseMetadata"]["HTTPStatusCode"]

print(json.dumps(found))
