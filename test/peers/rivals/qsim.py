"""qsim, single precision only: the fastest vector code for values. Fusion of up to four qubits, its best at 20 and 22."""

import os

import cirq
import numpy as np
import qsimcirq
from common import Unsupported, angle_of, letters_of, matrix_of, versions_of

PAULIS = {"X": cirq.X, "Y": cirq.Y, "Z": cirq.Z}


def operation(gate, theta, line):
    name, qubits, angle = gate["gate"], [line[q] for q in gate["targets"]], angle_of(gate, theta)
    if name == "unitary":
        return cirq.MatrixGate(matrix_of(gate))(*qubits)
    if name == "cphase":
        return cirq.CZPowGate(exponent=angle / np.pi)(*qubits)
    if name == "zz":
        half = np.exp(-0.5j * angle)
        return cirq.MatrixGate(np.diag([half, half.conjugate(), half.conjugate(), half]))(*qubits)
    if angle is not None:
        return {"rx": cirq.rx, "ry": cirq.ry, "rz": cirq.rz}[name](angle)(*qubits)
    return {"h": cirq.H, "x": cirq.X, "cnot": cirq.CNOT, "swap": cirq.SWAP}[name](*qubits)


class Rival:
    versions = versions_of("qsimcirq", "cirq-core")

    def prepare(self, load):
        circuit, work = load["circuit"], load["work"]
        line = cirq.LineQubit.range(circuit["qubits"])
        threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
        options = qsimcirq.QSimOptions(cpu_threads=threads, max_fused_gate_size=4)
        simulator = qsimcirq.QSimSimulator(qsim_options=options)
        energy = cirq.PauliSum()
        for coefficient, text in load["observable"]:
            energy += cirq.PauliString(coefficient, *(PAULIS[letter](line[q]) for letter, q in letters_of(text)))

        def written(theta):
            # Every qubit is named, or an idle one would be left out of the state.
            return cirq.Circuit([operation(gate, theta, line) for gate in circuit["gates"]], cirq.IdentityGate(len(line))(*line))

        def mean(program):
            return simulator.simulate_expectation_values(program, observables=energy)[0].real

        if work in ("forward", "pauli", "single"):
            program = written(circuit["theta"])
            return lambda: [mean(program)]
        if work == "batch":
            programs = [written(theta) for theta in load["thetas"]]
            return lambda: [mean(program) for program in programs]
        if work == "sample":
            program = written(circuit["theta"]) + cirq.measure(*line, key="m")

            def sample():
                bits = simulator.run(program, repetitions=load["shots"]).measurements["m"]
                return [len(line) - 2 * bits.sum() / load["shots"]]

            return sample
        raise Unsupported(f"qsim has no {work}")
