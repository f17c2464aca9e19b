"""Answers programs with amazon-braket-default-simulator: a JSON line in, a JSON line out, in order.

in   {"device": "local-sv" | "local-dm", "shots": n, "source": "...", "inputs": {...}}
out  {"values": [...], "measurements": [[0, 1], ...], "measuredQubits": [...]} or {"error": "..."}
"""

import json
import logging
import sys
import warnings

import numpy as np
from braket.default_simulator import DensityMatrixSimulator, StateVectorSimulator
from braket.ir.openqasm import Program

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
SIMULATORS = {"local-sv": StateVectorSimulator, "local-dm": DensityMatrixSimulator}


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


def answer(case):
    np.random.seed(case.get("seed", 0))
    simulator = SIMULATORS[case["device"]]()
    result = simulator.run(Program(source=case["source"], inputs=case.get("inputs") or None), shots=case["shots"])
    return {
        "values": [plain(getattr(entry, "value", None)) for entry in result.resultTypes],
        "measurements": [[int(bit) for bit in row] for row in result.measurements] if case["shots"] else [],
        "measuredQubits": [int(qubit) for qubit in result.measuredQubits],
    }


for line in sys.stdin:
    try:
        reply = answer(json.loads(line))
    except Exception as error:  # noqa: BLE001 - a refusal is an answer
        reply = {"error": f"{type(error).__name__}: {error}"}
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()
