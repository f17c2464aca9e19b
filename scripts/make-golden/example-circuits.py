"""Runs the circuits of example-circuits.ts on the local simulator of Amazon Braket and records the answers.

usage  python -m venv venv && venv/bin/pip install amazon-braket-default-simulator==1.41.2
       node scripts/make-golden/example-circuits.ts RUN_FOLDER > circuits.json
       venv/bin/python scripts/make-golden/example-circuits.py circuits.json > test/golden/examples/bace-tiny-circuits.json

The simulator has no adjoint gradients (the service's SV1 has): of those programs the derivative by an angle t is recorded as
(F(t + pi/2) - F(t - pi/2)) / 2, exact for rotations, of the weighted sum of the Pauli words that the program names.
"""

import json
import math
import re
import sys
import warnings
from importlib.metadata import version

from braket.default_simulator import StateVectorSimulator
from braket.ir.openqasm import Program

warnings.simplefilter("ignore")
simulator = StateVectorSimulator()
PRAGMA = re.compile(r"^#pragma braket result adjoint_gradient expectation\((.*)\)(.*)$", re.MULTILINE)


def values(source, inputs):
    result = simulator.run(Program(source=source, inputs=inputs), shots=0)
    return [float(entry.value) for entry in result.resultTypes]


def gradient(source, inputs):
    words, names = PRAGMA.search(source).groups()
    weights, pragmas = [], []
    for term in words.replace(" - ", " + -").split(" + "):
        weight, observable = re.fullmatch(r"([-+0-9.eE]+) \* ([a-z0-9()\[\]@ ]+)", term).groups()
        weights.append(float(weight))
        pragmas.append(f"#pragma braket result expectation {observable}")
    plain = PRAGMA.sub("\n".join(pragmas), source)
    parameters = [name.strip() for name in re.split(r"[, ]+", names) if name.strip()]

    def weighted(changed):
        return sum(weight * value for weight, value in zip(weights, values(plain, changed)))

    shifted = lambda name, by: weighted({**inputs, name: inputs[name] + by})
    return {
        "expectation": weighted(inputs),
        "gradient": {name: (shifted(name, math.pi / 2) - shifted(name, -math.pi / 2)) / 2 for name in parameters},
    }


with open(sys.argv[1], encoding="utf-8") as file:
    batches = json.load(file)["batches"]
for batch in batches:
    batch["answers"] = []
    for program in batch.pop("programs"):
        answer = gradient if PRAGMA.search(program["source"]) else values
        batch["answers"].append(answer(program["source"], program["inputs"]))
header = {
    "tool": "amazon-braket-default-simulator",
    "version": version("amazon-braket-default-simulator"),
    "python": sys.version.split()[0],
    "command": "scripts/make-golden/example-circuits.py (see its first lines)",
    "source": "circuits of the refinement of examples/bace-tiny",
}
json.dump({"header": header, "batches": batches}, sys.stdout, separators=(",", ":"))
sys.stdout.write("\n")
