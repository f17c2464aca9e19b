"""Amazon's own local simulators through OpenQASM, as a user of LocalSimulator runs them: parse, simulate, result."""

import numpy as np
from braket.default_simulator import DensityMatrixSimulator, StateVectorSimulator
from braket.ir.openqasm import Program
from common import Unsupported, versions_of


class Rival:
    versions = versions_of("amazon-braket-default-simulator")

    def prepare(self, load):
        circuit, work = load["circuit"], load["work"]
        if "openQasm" not in load:
            raise Unsupported(f"Braket's simulator is not asked for {load['id']}")
        qubits = circuit["qubits"]
        simulator = DensityMatrixSimulator() if work == "noisy" else StateVectorSimulator()
        asks = [f"#pragma braket result expectation z(q[{q}])" for q in range(qubits)]
        source = "\n".join([load["openQasm"], *([] if work == "sample" else asks)])

        def program(theta):
            return Program(source=source, inputs={f"p{i}": angle for i, angle in enumerate(theta)})

        def mean(text):
            return sum(result.value for result in simulator.run_openqasm(text, shots=0).resultTypes)

        if work == "sample":
            text = program(circuit["theta"])

            def sample():
                measured = np.array(simulator.run_openqasm(text, shots=load["shots"]).measurements, dtype=int)
                return [qubits - 2 * measured.sum() / load["shots"]]

            return sample
        texts = [program(theta) for theta in load.get("thetas", [circuit["theta"]])]
        return lambda: [mean(text) for text in texts]
