"""Qiskit Aer, double precision, with the gate fusion it chooses itself."""

import os

import qiskit
import qiskit_aer.library  # noqa: F401 (save_expectation_value)
from common import Unsupported, angle_of, letters_of, matrix_of, versions_of
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error

NAMES = {"h": "h", "x": "x", "rx": "rx", "ry": "ry", "rz": "rz", "cnot": "cx", "swap": "swap", "cphase": "cp", "zz": "rzz"}


def write(circuit, theta):
    out = qiskit.QuantumCircuit(circuit["qubits"])
    for gate in circuit["gates"]:
        targets = gate["targets"]
        if gate["gate"] == "unitary":
            # Its first qubit is the least significant.
            out.unitary(matrix_of(gate), targets[::-1])
        else:
            angle = angle_of(gate, theta)
            getattr(out, NAMES[gate["gate"]])(*(() if angle is None else (angle,)), *targets)
    return out


def noise_model(probability):
    # Its parameter mixes with the fully mixed state; ours is the probability of X, Y or Z, three quarters of that.
    one = depolarizing_error(probability * 4 / 3, 1)
    model = NoiseModel()
    model.add_all_qubit_quantum_error(one, ["h", "x", "rx", "ry", "rz"])
    model.add_all_qubit_quantum_error(one.tensor(one), ["cx", "swap", "cp", "rzz", "unitary"])
    return model


class Rival:
    versions = versions_of("qiskit-aer", "qiskit")

    def prepare(self, load):
        circuit, work = load["circuit"], load["work"]
        qubits = circuit["qubits"]
        strings = [("".join(p for p, _ in letters_of(text)), [q for _, q in letters_of(text)], c) for c, text in load["observable"]]
        energy = SparsePauliOp.from_sparse_list(strings, num_qubits=qubits)
        threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
        method = "density_matrix" if work == "noisy" else "statevector"
        noise = {"noise_model": noise_model(load["noise"])} if work == "noisy" else {}
        simulator = AerSimulator(method=method, precision="double", max_parallel_threads=threads, **noise)

        def valued(theta):
            program = write(circuit, theta)
            program.save_expectation_value(energy, list(range(qubits)), label="mean")
            return program

        if work in ("forward", "pauli", "noisy"):
            program = valued(circuit["theta"])
            return lambda: [simulator.run(program).result().data()["mean"]]
        if work == "batch":
            programs = [valued(theta) for theta in load["thetas"]]

            def batch():
                result = simulator.run(programs).result()
                return [result.data(i)["mean"] for i in range(len(programs))]

            return batch
        if work == "sample":
            program, shots = write(circuit, circuit["theta"]), load["shots"]
            program.measure_all()

            def sample():
                counts = simulator.run(program, shots=shots).result().get_counts()
                return [sum(n * (qubits - 2 * bits.count("1")) for bits, n in counts.items()) / shots]

            return sample
        raise Unsupported(f"Aer has no {work}")
