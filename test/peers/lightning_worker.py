"""Values and adjoint gradients by pennylane-lightning: a JSON line in, a JSON line out, in order.

in   {"circuit": {"qubits", "parameters": [name], "operations": [...]}, "theta": [P], "observable": [[coefficient, "X0 Z3"]]}
     an operation is {"gate", "targets", "angles", "controls": [{"qubit", "value"}], "matrix"?}; an angle is a number or
     {"constant", "terms": [{"parameter", "coefficient"}]}, in radians; a matrix is flat (re, im), first target most significant
out  {"values": [mean, then its derivative in each entry of theta]} or {"error": "..."}

The gradient is PennyLane's own, of the angles in theta as well: autograd over a QNode with diff_method="adjoint", which is
Lightning's. Gates that PennyLane lacks are written as products of its rotations (prx, gpi, gpi2, ms); of the others it decomposes
those that Lightning does not take. Signs: PennyLane's GlobalPhase(t) is exp(-i t), Braket's gphase(t) exp(+i t).
"""

import os
import sys

import numpy as np
import pennylane as qml
from pennylane import numpy as pnp

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "rivals"))
from common import letters_of, versions_of
from json_lines import serve

HALF_TURN = np.pi / 2
FIXED = {
    "i": qml.Identity,
    "x": qml.PauliX,
    "y": qml.PauliY,
    "z": qml.PauliZ,
    "h": qml.Hadamard,
    "s": qml.S,
    "t": qml.T,
    "v": qml.SX,
    "cnot": qml.CNOT,
    "cy": qml.CY,
    "cz": qml.CZ,
    "swap": qml.SWAP,
    "iswap": qml.ISWAP,
    "ecr": qml.ECR,
    "ccnot": qml.Toffoli,
    "cswap": qml.CSWAP,
}
INVERSES = {"si": qml.S, "ti": qml.T, "vi": qml.SX}
ROTATIONS = {
    "rx": qml.RX,
    "ry": qml.RY,
    "rz": qml.RZ,
    "phaseshift": qml.PhaseShift,
    "u": qml.U3,
    "xx": qml.IsingXX,
    "yy": qml.IsingYY,
    "zz": qml.IsingZZ,
    "xy": qml.IsingXY,
    "pswap": qml.PSWAP,
    "cphaseshift": qml.ControlledPhaseShift,
    "cphaseshift00": qml.CPhaseShift00,
    "cphaseshift01": qml.CPhaseShift01,
    "cphaseshift10": qml.CPhaseShift10,
}
PAULIS = {"X": qml.PauliX, "Y": qml.PauliY, "Z": qml.PauliZ}
devices = {}


def turned(axes, inner, wires):
    """`inner` with its axis turned about Z, by one angle a wire; first operation first."""
    before = [qml.RZ(-axis, wires=wire) for axis, wire in zip(axes, wires, strict=True)]
    return [*before, inner, *(qml.RZ(axis, wires=wire) for axis, wire in zip(axes, wires, strict=True))]


def operations_of(gate, angles, wires):
    name = gate["gate"]
    if name == "unitary":
        flat, dimension = np.array(gate["matrix"]), 2 ** len(wires)
        return [qml.QubitUnitary((flat[0::2] + 1j * flat[1::2]).reshape(dimension, dimension), wires=wires)]
    if name in FIXED:
        return [FIXED[name](wires=wires)]
    if name in INVERSES:
        return [qml.adjoint(INVERSES[name](wires=wires))]
    if name == "u" and gate["controls"]:
        # Lightning 0.45 refuses the derivative of a controlled U3 of which only some angles vary.
        theta, phi, lam = angles
        return [qml.PhaseShift(lam, wires=wires), qml.RY(theta, wires=wires), qml.PhaseShift(phi, wires=wires)]
    if name in ROTATIONS:
        return [ROTATIONS[name](*angles, wires=wires)]
    if name == "gphase":
        return [qml.GlobalPhase(-angles[0])]
    if name == "cv":
        return [qml.ctrl(qml.SX(wires=wires[1]), control=wires[0])]
    if name == "gpi":
        return turned(angles, qml.PauliX(wires=wires[0]), wires)
    if name == "gpi2":
        return turned(angles, qml.RX(HALF_TURN, wires=wires[0]), wires)
    if name == "prx":
        return turned(angles[1:], qml.RX(angles[0], wires=wires[0]), wires)
    if name == "ms":
        return turned(angles[:2], qml.IsingXX(angles[2], wires=wires), wires)
    raise ValueError(f"no gate {name} here")


def apply(gate, theta, index):
    def value(angle):
        if not isinstance(angle, dict):
            return angle
        return angle["constant"] + sum(term["coefficient"] * theta[index[term["parameter"]]] for term in angle["terms"])

    # An operation is recorded where it is made, unless told otherwise; the order of the list is the one that counts.
    with qml.QueuingManager.stop_recording():
        operations = operations_of(gate, [value(angle) for angle in gate["angles"]], gate["targets"])
        controls = gate["controls"]
        if controls:
            wires, values = [one["qubit"] for one in controls], [one["value"] for one in controls]
            operations = [qml.ctrl(operation, control=wires, control_values=values) for operation in operations]
    for operation in operations:
        qml.apply(operation)


def string_of(text):
    letters = [PAULIS[letter](qubit) for letter, qubit in letters_of(text)]
    return qml.prod(*letters) if len(letters) > 1 else letters[0] if letters else qml.Identity(0)


def answer(case):
    circuit, qubits = case["circuit"], case["circuit"]["qubits"]
    index = {name: i for i, name in enumerate(circuit["parameters"])}
    if qubits not in devices:
        # One qubit more than wanted: Lightning 0.45 refuses a global phase that is controlled by all of them.
        devices[qubits] = qml.device("lightning.qubit", wires=qubits + 1)

    @qml.qnode(devices[qubits], diff_method="adjoint", interface="autograd")
    def mean(theta):
        for gate in circuit["operations"]:
            apply(gate, theta, index)
        return qml.expval(qml.dot([c for c, _ in case["observable"]], [string_of(text) for _, text in case["observable"]]))

    gradient = qml.grad(mean)
    derivatives = gradient(pnp.array(case["theta"], requires_grad=True))
    return {"values": [float(gradient.forward), *(float(value) for value in derivatives)]}


serve(answer, versions_of("pennylane-lightning", "pennylane"))
