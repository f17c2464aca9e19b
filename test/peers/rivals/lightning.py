"""PennyLane Lightning: its device on a tape, without the QNode around it. Adjoint gradients are its own."""

import numpy as np
import pennylane as qml
from common import Unsupported, angle_of, is_parametric, letters_of, matrix_of, to_parameters, versions_of

PAULIS = {"X": qml.PauliX, "Y": qml.PauliY, "Z": qml.PauliZ}
FIXED = {"h": qml.Hadamard, "x": qml.PauliX, "cnot": qml.CNOT, "swap": qml.SWAP}
ROTATIONS = {"rx": qml.RX, "ry": qml.RY, "rz": qml.RZ, "cphase": qml.ControlledPhaseShift, "zz": qml.IsingZZ}


def operations(circuit, theta):
    for gate in circuit["gates"]:
        name, wires = gate["gate"], gate["targets"]
        if name == "unitary":
            yield qml.QubitUnitary(matrix_of(gate), wires=wires)
        elif name in ROTATIONS:
            yield ROTATIONS[name](angle_of(gate, theta), wires=wires)
        else:
            yield FIXED[name](wires=wires)


def hamiltonian(observable):
    strings = []
    for _, text in observable:
        letters = [PAULIS[letter](qubit) for letter, qubit in letters_of(text)]
        strings.append(letters[0] if len(letters) == 1 else qml.prod(*letters))
    return qml.Hamiltonian([coefficient for coefficient, _ in observable], strings)


class Rival:
    versions = versions_of("pennylane-lightning", "pennylane")

    def prepare(self, load):
        circuit, work = load["circuit"], load["work"]
        device = qml.device("lightning.qubit", wires=circuit["qubits"])
        energy = qml.expval(hamiltonian(load["observable"]))
        tape = qml.tape.QuantumScript(list(operations(circuit, circuit["theta"])), [energy])
        if work in ("forward", "pauli"):
            return lambda: [device.execute([tape])[0]]
        if work == "batch":
            tapes = [qml.tape.QuantumScript(list(operations(circuit, theta)), [energy]) for theta in load["thetas"]]
            return lambda: device.execute(tapes)
        if work == "gradient":
            trainable, index = [], 0
            for gate, operation in zip(circuit["gates"], tape.operations, strict=True):
                if is_parametric(gate):
                    trainable.append(index)
                index += len(operation.data)
            tape.trainable_params = trainable
            return lambda: to_parameters(circuit, np.ravel(device.compute_derivatives([tape])[0]))
        if work == "sample":
            qubits = circuit["qubits"]
            shots = qml.tape.QuantumScript(tape.operations, [qml.sample(wires=range(qubits))], shots=load["shots"])
            return lambda: [qubits - 2 * np.asarray(device.execute([shots])[0]).sum() / load["shots"]]
        raise Unsupported(f"lightning.qubit has no {work}")
