/**
 * Benchmarks of the quantum package: run with `node test/bench/quantum.ts`; prints one line per case and fails on a missed goal.
 * Wall time, median of several rounds, one thread. Goals are for a quiet machine of 2 vCPU; a busy one may miss them.
 *
 * rival  the figures of PennyLane Lightning, Qulacs and Qiskit Aer for the same ansatz stand in docs/benchmarks.md
 */

import {
  adjointGradient,
  amplitudeEncoding,
  buildCircuit,
  type Circuit,
  compileModel,
  composeCircuits,
  emitOpenQasm,
  encodingAngles,
  hardwareEfficientAnsatz,
  parameter,
  parseOpenQasm,
  pauliTerm,
  runAction,
  seeded,
  simulate,
  zAndNeighbourZz,
} from '../../quantum/index.ts';

interface Bench {
  readonly name: string;
  readonly goalMs: number;
  /** Calls per round. */
  readonly calls: number;
  readonly call: () => void;
}

const random = seeded('bench', 'quantum');

/** Four layers of RY and RZ on each qubit and a ring of CNOT: the workload of the recorded rivals. */
function ring(qubits: number): Circuit {
  return buildCircuit(qubits, (builder) => {
    let next = 0;
    for (let layer = 0; layer < 4; layer++) {
      for (let q = 0; q < qubits; q++) {
        builder.gate('ry', [q], [parameter(`t${next++}`)]);
        builder.gate('rz', [q], [parameter(`t${next++}`)]);
      }
      for (let q = 0; q < qubits; q++) builder.gate('cnot', [q, (q + 1) % qubits]);
    }
  });
}

function valueAndVjp(qubits: number, goalMs: number): Bench {
  const circuit = hardwareEfficientAnsatz({ qubits, layers: 4 });
  const strings = zAndNeighbourZz(qubits);
  const model = compileModel(circuit, strings);
  model.setTheta(random.fillNormal(new Float64Array(circuit.parameters.length)));
  const psi = random.fillNormal(new Float64Array(2 ** qubits));
  const means = new Float64Array(strings.length);
  const [gradTheta, gradPsi] = [new Float64Array(circuit.parameters.length), new Float64Array(psi.length)];
  const call = (): void => {
    model.expectations(psi, means);
    model.vjp(means, gradTheta, gradPsi);
  };
  return { name: `value and VJP of one encoded sample, n=${qubits}, L=4`, goalMs, calls: 200, call };
}

function forward(qubits: number, goalMs: number, calls: number): Bench {
  const circuit = ring(qubits);
  const theta = random.fillNormal(new Float64Array(circuit.parameters.length));
  return { name: `forward, n=${qubits}`, goalMs, calls, call: () => simulate(circuit, theta) };
}

function gradient(qubits: number, goalMs: number, calls: number): Bench {
  const circuit = ring(qubits);
  const theta = random.fillNormal(new Float64Array(circuit.parameters.length));
  const H = Array.from({ length: qubits }, (_, q) => pauliTerm(`Z${q}`));
  return {
    name: `adjoint gradient of ${8 * qubits} angles, n=${qubits}`,
    goalMs,
    calls,
    call: () => adjointGradient(circuit, theta, H),
  };
}

const program = composeCircuits(amplitudeEncoding(6), hardwareEfficientAnsatz({ qubits: 6, layers: 4 }));
const source = emitOpenQasm(program, { measureAll: true });

function noisySet(executables: number, goalMs: number): Bench {
  const rows = Array.from({ length: executables }, () => [
    ...encodingAngles(random.fillNormal(new Float64Array(64))),
    ...random.fillNormal(new Float64Array(54)),
  ]);
  const inputs = Object.fromEntries(program.parameters.map((name, i) => [name, rows.map((row) => row[i]!)]));
  const action = {
    braketSchemaHeader: { name: 'braket.ir.openqasm.program_set', version: '1' },
    programs: [{ braketSchemaHeader: { name: 'braket.ir.openqasm.program', version: '1' }, source, inputs }],
  };
  const options = {
    device: 'qpu',
    shots: 1000 * executables,
    seed: 1,
    taskId: 'bench',
    deviceArn: 'bench',
    createdAt: '',
    endedAt: '',
    noise: { oneQubit: 0.001, twoQubit: 0.01, readout: 0.01 },
  } as const;
  return {
    name: `noisy program set of ${executables} encoded samples, n=6`,
    goalMs,
    calls: 1,
    call: () => runAction(action, options),
  };
}

const BENCHES: readonly Bench[] = [
  valueAndVjp(6, 0.1),
  valueAndVjp(8, 0.4),
  forward(8, 0.5, 20),
  forward(16, 40, 1),
  forward(20, 600, 1),
  gradient(8, 2, 10),
  gradient(16, 160, 1),
  { name: 'parse of an encoded sample program, n=6', goalMs: 10, calls: 5, call: () => parseOpenQasm(source) },
  noisySet(20, 400),
];

const ROUNDS = 5;
let missed = 0;
for (const { name, goalMs, calls, call } of BENCHES) {
  call();
  const rounds = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) call();
    return (performance.now() - start) / calls;
  }).sort((a, b) => a - b);
  const medianMs = rounds[Math.floor(ROUNDS / 2)]!;
  if (medianMs > goalMs) missed++;
  console.log(
    `${medianMs <= goalMs ? 'ok  ' : 'MISS'} ${name}: ${medianMs.toPrecision(3)} ms (best ${rounds[0]!.toPrecision(3)}; goal ${goalMs})`,
  );
}
process.exitCode = missed > 0 ? 1 : 0;
