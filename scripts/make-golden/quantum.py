"""Runs the programs of quantum-programs.ts through the local simulators of Amazon Braket and records their answers.

usage  python -m venv venv && venv/bin/pip install amazon-braket-default-simulator==1.41.2
       node scripts/make-golden/quantum-programs.ts > programs.json
       venv/bin/python scripts/make-golden/quantum.py programs.json > test/golden/quantum/braket-simulator.json
"""

import json
import sys
import warnings
from importlib.metadata import version

import numpy as np
from braket.default_simulator import DensityMatrixSimulator, StateVectorSimulator
from braket.ir.openqasm import Program

warnings.simplefilter("ignore")
DEVICES = {"sv": StateVectorSimulator(), "dm": DensityMatrixSimulator()}


def plain(value):
    """JSON of a result value: complex numbers become [re, im]."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, (complex, np.complexfloating)):
        return [value.real, value.imag]
    return float(value) if isinstance(value, np.floating) else value


def echo(result_type):
    return {key: entry for key, entry in json.loads(result_type.json()).items() if entry is not None}


def answer(case, source):
    program = Program(source=source, inputs=case.get("inputs"))
    result = DEVICES[case["device"]].run(program, shots=case["shots"])
    return {
        "measuredQubits": [int(qubit) for qubit in result.measuredQubits],
        "measurements": [[int(bit) for bit in row] for row in result.measurements],
        "resultTypes": [{"type": echo(entry.type), "value": plain(entry.value)} for entry in result.resultTypes],
    }


with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
recorded = [{**case, "answer": answer(case, document["programs"][case["program"]])} for case in document["cases"]]
header = {
    "tool": "amazon-braket-default-simulator",
    "version": version("amazon-braket-default-simulator"),
    "python": sys.version.split()[0],
    "numpy": version("numpy"),
    "command": "scripts/make-golden/quantum.py (see its first lines)",
}
json.dump({"header": header, "programs": document["programs"], "cases": recorded}, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
