"""Qulacs. Its rotations turn the other way round than everybody else's: RZ(t) = exp(+i t Z / 2)."""

import numpy as np
import qulacs
from common import Unsupported, angle_of, is_parametric, letters_of, matrix_of, to_parameters, versions_of


def write(circuit, theta, parametric=False, noise=None):
    out = qulacs.ParametricQuantumCircuit(circuit["qubits"]) if parametric else qulacs.QuantumCircuit(circuit["qubits"])
    for gate in circuit["gates"]:
        add(out, gate, angle_of(gate, theta), parametric and is_parametric(gate))
        if noise is not None:
            for target in gate["targets"]:
                out.add_gate(qulacs.gate.DepolarizingNoise(target, noise))
    return out


def add(out, gate, angle, parametric):
    name, targets = gate["gate"], gate["targets"]
    if name in ("rx", "ry", "rz"):
        method = f"add_parametric_{name.upper()}_gate" if parametric else f"add_{name.upper()}_gate"
        getattr(out, method)(targets[0], -angle)
    elif name == "zz":
        method = out.add_parametric_multi_Pauli_rotation_gate if parametric else out.add_multi_Pauli_rotation_gate
        method(targets, [3, 3], -angle)
    elif name == "cphase":
        phase = qulacs.gate.to_matrix_gate(qulacs.gate.U1(targets[1], angle))
        phase.add_control_qubit(targets[0], 1)
        out.add_gate(phase)
    elif name == "unitary":
        # Its first target is the least significant.
        out.add_dense_matrix_gate(targets[::-1], matrix_of(gate))
    else:
        getattr(out, {"h": "add_H_gate", "x": "add_X_gate", "cnot": "add_CNOT_gate", "swap": "add_SWAP_gate"}[name])(*targets)


def observable_of(load):
    out = qulacs.Observable(load["circuit"]["qubits"])
    for coefficient, text in load["observable"]:
        out.add_operator(coefficient, " ".join(f"{letter} {qubit}" for letter, qubit in letters_of(text)))
    return out


class Rival:
    versions = versions_of("qulacs")
    fused = False

    def prepare(self, load):
        circuit, work = load["circuit"], load["work"]
        qubits, theta, energy = circuit["qubits"], circuit["theta"], observable_of(load)

        def mean(program, state):
            program.update_quantum_state(state)
            return energy.get_expectation_value(state).real

        def written(angles):
            program = write(circuit, angles)
            if self.fused:
                qulacs.circuit.QuantumCircuitOptimizer().optimize_light(program)
            return program

        if work in ("forward", "pauli"):
            program = written(theta)
            return lambda: [mean(program, qulacs.QuantumState(qubits))]
        if work == "batch":
            programs = [written(angles) for angles in load["thetas"]]
            return lambda: [mean(program, qulacs.QuantumState(qubits)) for program in programs]
        if self.fused:
            raise Unsupported("the same as qulacs without its optimiser")
        if work == "gradient":
            program = write(circuit, theta, parametric=True)
            return lambda: to_parameters(circuit, [-slope for slope in program.backprop(energy)])
        if work == "noisy":
            program = write(circuit, theta, noise=load["noise"])
            return lambda: [mean(program, qulacs.DensityMatrix(qubits))]
        if work == "sample":
            program, shots = write(circuit, theta), load["shots"]

            def sample():
                state = qulacs.QuantumState(qubits)
                program.update_quantum_state(state)
                drawn = np.array(state.sampling(shots))
                ones = sum(((drawn >> qubit) & 1).sum() for qubit in range(qubits))
                return [qubits - 2 * ones / shots]

            return sample
        raise Unsupported(f"qulacs has no {work}")
