"""Density matrices of circuits with noise by qiskit-aer: a JSON line in, a JSON line out, in order.

in   {"circuit": {"qubits", "operations": [...]}}; an operation is {"kind": "gate", "gate", "targets", "angles"} or
     {"kind": "noise", "channel", "targets", "probabilities", "kraus"?}; matrices are flat (re, im), first target most significant
out  {"values": [rho row by row, (re, im), qubit 0 most significant]} or {"error": "..."}

Aer's own constructors are used where it has one, so their conventions are tested too. Braket on the left, Aer on the right:

  bit_flip(p), phase_flip(p)              pauli_error of X or Z with p
  pauli_channel(x, y, z)                  pauli_error of X, Y, Z with x, y, z
  depolarizing(p)                         depolarizing_error(4/3 p, 1): Braket's p is the probability of X, Y or Z, at most 3/4;
                                          Aer's weight is that of the fully mixed state, which has the identity in it once more
  two_qubit_depolarizing(p)               depolarizing_error(16/15 p, 2): the same with 15 Pauli pairs out of 16
  two_qubit_dephasing(p)                  pauli_error of IZ, ZI and ZZ with p/3 each: Aer has no such channel
  amplitude_damping(g)                    amplitude_damping_error(g): both decay to |0>
  generalized_amplitude_damping(g, q)     amplitude_damping_error(g, excited_state_population=1 - q): Braket's q is the weight of
                                          the decay to |0>, Aer's number that of the state |1>
  phase_damping(g)                        phase_damping_error(g): both multiply the coherence by sqrt(1 - g)
  kraus(K, ...)                           Kraus(K, ...) on the targets in reverse: Braket's first target is the most significant,
                                          Qiskit's the least; so rho is reversed too

Aer 0.18 leaves out Paulis of a probability below 1e-10 and Kraus operators of a weight below 1e-8. Its default for damping, canonical
Kraus operators, are eigenvectors of the Choi matrix, where that cost 3e-9 at g = 3e-4: hence canonical_kraus=False. Cases keep above.
"""

import os
import sys

import numpy as np
import qiskit_aer.library  # noqa: F401 (save_density_matrix)
from qiskit import QuantumCircuit
from qiskit.quantum_info import DensityMatrix, Kraus
from qiskit_aer import AerSimulator
from qiskit_aer.noise import amplitude_damping_error, depolarizing_error, pauli_error, phase_damping_error

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "rivals"))
from common import versions_of
from json_lines import serve

NAMES = {
    "h": "h",
    "x": "x",
    "s": "s",
    "v": "sx",
    "rx": "rx",
    "ry": "ry",
    "rz": "rz",
    "phaseshift": "p",
    "u": "u",
    "cnot": "cx",
    "cz": "cz",
    "swap": "swap",
    "xx": "rxx",
    "yy": "ryy",
    "zz": "rzz",
    "cphaseshift": "cp",
}
simulator = AerSimulator(method="density_matrix", precision="double", max_parallel_threads=1)
# Not by way of the Choi matrix, whose eigenvalues below 1e-8 are left out.
AS_GIVEN = {"canonical_kraus": False}


def paulis(weights):
    """Weights of Pauli strings; the identity has what is left."""
    text = next(iter(weights))
    return pauli_error([("I" * len(text), max(0.0, 1 - sum(weights.values()))), *weights.items()])


CHANNELS = {
    "bit_flip": lambda p: paulis({"X": p}),
    "phase_flip": lambda p: paulis({"Z": p}),
    "pauli_channel": lambda x, y, z: paulis({"X": x, "Y": y, "Z": z}),
    "depolarizing": lambda p: depolarizing_error(p * 4 / 3, 1),
    "two_qubit_depolarizing": lambda p: depolarizing_error(p * 16 / 15, 2),
    "two_qubit_dephasing": lambda p: paulis({"IZ": p / 3, "ZI": p / 3, "ZZ": p / 3}),
    "amplitude_damping": lambda g: amplitude_damping_error(g, **AS_GIVEN),
    "generalized_amplitude_damping": lambda g, q: amplitude_damping_error(g, excited_state_population=1 - q, **AS_GIVEN),
    "phase_damping": lambda g: phase_damping_error(g, **AS_GIVEN),
}


def kraus_of(operators, qubits):
    dimension = 2**qubits
    flat = [np.array(operator) for operator in operators]
    return Kraus([(one[0::2] + 1j * one[1::2]).reshape(dimension, dimension) for one in flat])


def answer(case):
    qubits = case["circuit"]["qubits"]
    circuit = QuantumCircuit(qubits)
    for operation in case["circuit"]["operations"]:
        targets = operation["targets"]
        if operation["kind"] == "gate":
            getattr(circuit, NAMES[operation["gate"]])(*operation["angles"], *targets)
        elif operation["channel"] == "kraus":
            circuit.append(kraus_of(operation["kraus"], len(targets)), targets[::-1])
        else:
            circuit.append(CHANNELS[operation["channel"]](*operation["probabilities"]), targets)
    circuit.save_density_matrix(label="rho")
    rho = DensityMatrix(simulator.run(circuit).result().data()["rho"]).reverse_qargs().data
    return {"values": np.ascontiguousarray(rho).view(float).ravel().tolist()}


serve(answer, versions_of("qiskit-aer", "qiskit"))
