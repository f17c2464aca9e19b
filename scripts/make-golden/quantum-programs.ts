/**
 * Writes the programs whose answers are recorded in test/golden/quantum/braket-simulator.json.
 * usage  node scripts/make-golden/quantum-programs.ts > programs.json, then quantum.py (see there)
 */

import {
  amplitudeEncoding,
  composeCircuits,
  emitOpenQasm,
  encodingAngles,
  GATES,
  hardwareEfficientAnsatz,
  observableOf,
  type ResultRequest,
  seeded,
  zAndNeighbourZz,
} from '../../quantum/index.ts';

interface Case {
  readonly name: string;
  readonly device: 'sv' | 'dm';
  readonly shots: number;
  readonly program: number;
  readonly inputs?: Readonly<Record<string, number>>;
}

const random = seeded('golden', 'quantum');
const programs: string[] = [];
const cases: Case[] = [];

function add(name: string, source: string, more: Partial<Omit<Case, 'name' | 'program'>> = {}): void {
  let program = programs.indexOf(source);
  if (program < 0) program = programs.push(source) - 1;
  cases.push({ name, device: 'sv', shots: 0, program, ...more });
}

function lines(...text: string[]): string {
  return `${['OPENQASM 3.0;', ...text].join('\n')}\n`;
}

function angle(): string {
  return String(Math.round(2000 * (2 * random.uniform() - 1) * Math.PI) / 2000);
}

/** A product state without symmetry, then one entangling gate. */
function prepared(qubits: number): string[] {
  const rotations = Array.from({ length: qubits }, (_, q) => `rx(${angle()}) q[${q}];\nrz(${angle()}) q[${q}];`);
  return [`qubit[${qubits}] q;`, ...rotations, ...(qubits > 1 ? ['cnot q[0], q[1];'] : [])];
}

const STATE = '#pragma braket result state_vector';
const DENSITY = '#pragma braket result density_matrix';

for (const spec of GATES.values()) {
  const qubits = Math.max(1, spec.qubits);
  const angles = spec.parameters.length === 0 ? '' : `(${spec.parameters.map(angle).join(', ')})`;
  const call = (order: readonly number[]) =>
    `${spec.openQasm}${angles}${spec.qubits === 0 ? '' : ` ${order.map((q) => `q[${q}]`).join(', ')}`};`;
  const forward = Array.from({ length: spec.qubits }, (_, q) => q);
  add(`gate ${spec.name}`, lines(...prepared(qubits), call(forward), STATE));
  if (spec.qubits > 1)
    add(`gate ${spec.name}, targets reversed`, lines(...prepared(qubits + 1), call([...forward].reverse()), STATE));
}

add('modifier ctrl on ry', lines(...prepared(3), 'ctrl @ ry(0.7) q[2], q[0];', STATE));
add('modifier negctrl and ctrl on rz', lines(...prepared(3), 'negctrl @ ctrl @ rz(0.7) q[2], q[0], q[1];', STATE));
add('modifier ctrl(2) on h', lines(...prepared(3), 'ctrl(2) @ h q[1], q[2], q[0];', STATE));
add('modifier inv on u', lines(...prepared(2), 'inv @ U(0.1, 0.2, 0.3) q[1];', STATE));
add(
  'modifier inv on iswap, cv and pswap',
  lines(...prepared(3), 'inv @ iswap q[0], q[1];', 'inv @ cv q[1], q[2];', 'inv @ pswap(0.4) q[0], q[2];', STATE),
);
add(
  'modifier pow with whole numbers',
  lines(...prepared(2), 'pow(3) @ t q[0];', 'pow(-2) @ rx(0.3) q[1];', 'pow(0) @ h q[0];', STATE),
);
add(
  'modifier pow with fractions',
  lines(...prepared(2), 'pow(0.5) @ x q[0];', 'pow(1.0/3) @ h q[1];', 'pow(0.25) @ v q[0];', 'pow(-0.5) @ ry(0.8) q[0];', STATE),
);
add('modifier ctrl on gphase', lines(...prepared(2), 'ctrl @ gphase(0.6) q[1];', STATE));
add(
  'gate definition with angles',
  lines(
    'gate pair(a, b) x1, x2 { rx(a) x1; cnot x1, x2; rz(2 * b - a / 3) x2; }',
    ...prepared(2),
    'pair(0.3, 0.4) q[1], q[0];',
    STATE,
  ),
);
add(
  'gate definition under modifiers',
  lines('gate bell x1, x2 { h x1; cnot x1, x2; ry(0.2) x2; }', ...prepared(3), 'ctrl @ inv @ bell q[2], q[0], q[1];', STATE),
);
add(
  'gate definition inside a definition',
  lines(
    'gate one(t) a1 { ry(t) a1; t a1; }',
    'gate two(t) a1, a2 { one(t) a1; one(-t / 2) a2; cz a1, a2; }',
    ...prepared(2),
    'two(pi / 3) q[0], q[1];',
    STATE,
  ),
);
add('broadcast over registers', lines('qubit[3] q;', 'qubit[3] r;', 'h q;', 'ry(0.4) r;', 'cnot q, r;', 'cz q[0], r;', STATE));
add(
  'slices and negative indices',
  lines('qubit[4] q;', 'ry(0.3) q[0:2];', 'rx(0.5) q[-1];', 'h q[{1, 3}];', 'cnot q[0:1], q[2:3];', STATE),
);
add(
  'constants and functions',
  lines(
    'const float a = pi / 7;',
    'const int k = 2;',
    'qubit[2] q;',
    'rx(sin(a) + cos(k * a) ** 2) q[0];',
    'ry(sqrt(2) * exp(-a)) q[k - 1];',
    'rz(arctan(a) - log(3)) q[0];',
    STATE,
  ),
);
add(
  'expressions of inputs',
  lines(
    'input float a;',
    'input float c;',
    'qubit[2] q;',
    'rx(2 * a - c / 3) q[0];',
    'ry(sin(a) * c) q[1];',
    'cnot q[0], q[1];',
    STATE,
  ),
  { inputs: { a: 0.41, c: -1.3 } },
);
add(
  'division of integers',
  lines(
    'const int k = 3;',
    'qubit[2] q;',
    'rx(7/2) q[0];',
    'ry(-k/2 + 2.5) q[1];',
    'rz(k/2*pi) q[0];',
    'cnot q[0], q[1];',
    'ry(k/2.0) q[0];',
    STATE,
  ),
);
add(
  'loop over a range',
  lines(
    'qubit[3] q;',
    'for int i in [0:2] {',
    'ry(0.2 * (i + 1)) q[i];',
    '}',
    'for int i in [0:1] { cnot q[i], q[i + 1]; }',
    STATE,
  ),
);
add('physical qubits with gaps', lines('h $7;', 'cnot $7, $2;', 'rx(0.3) $4;', STATE));
add('virtual qubits with gaps', lines('qubit[6] q;', 'h q[5];', 'cnot q[5], q[2];', 'ry(0.8) q[2];', STATE));
add(
  'unitary pragma on one qubit',
  lines(
    ...prepared(2),
    '#pragma braket unitary([[0.7071067811865476, 0.7071067811865476im], [0.7071067811865476im, 0.7071067811865476]]) q[1]',
    STATE,
  ),
);
add(
  'unitary pragma on two qubits',
  lines(
    ...prepared(3),
    '#pragma braket unitary([[0, 0, 1, 0], [0, 0, 0, 1im], [1, 0, 0, 0], [0, -1im, 0, 0]]) q[2], q[0]',
    STATE,
  ),
);
add('verbatim box', lines('#pragma braket verbatim', 'box{', 'rx(0.3) $0;', 'cz $0, $1;', 'ry(0.4) $1;', '}', STATE));

const results = [
  '#pragma braket result expectation z(q[0])',
  '#pragma braket result expectation x(q[0]) @ y(q[2])',
  '#pragma braket result expectation h(q[1]) @ i(q[0]) @ z(q[2])',
  '#pragma braket result variance x(q[1]) @ z(q[2])',
  '#pragma braket result expectation z all',
  '#pragma braket result variance y(q)',
  '#pragma braket result expectation hermitian([[1, 0.5-1im], [0.5+1im, -2]]) q[2]',
  '#pragma braket result variance hermitian([[0, 0, 0, 1], [0, 2, 1im, 0], [0, -1im, 0, 0], [1, 0, 0, -1]]) q[2], q[0]',
  '#pragma braket result expectation hermitian([[1, 0], [0, 3]]) q[0] @ x(q[1])',
  '#pragma braket result probability',
  '#pragma braket result probability q[2], q[0]',
  '#pragma braket result density_matrix q[1]',
  '#pragma braket result density_matrix q[2], q[0]',
];
const entangled = (): string[] => [...prepared(3), `yy(${angle()}) q[1], q[2];`, `cphaseshift(${angle()}) q[2], q[0];`];
add('result types on a pure state', lines(...entangled(), ...results, '#pragma braket result amplitude "000", "101", "111"'));
add('result types on a mixed state', lines(...entangled(), '#pragma braket noise amplitude_damping(0.2) q[1]', ...results), {
  device: 'dm',
});

const channels = [
  'bit_flip(0.1)',
  'phase_flip(0.2)',
  'pauli_channel(0.1, 0.05, 0.2)',
  'depolarizing(0.3)',
  'two_qubit_depolarizing(0.4)',
  'two_qubit_dephasing(0.3)',
  'amplitude_damping(0.35)',
  'generalized_amplitude_damping(0.3, 0.8)',
  'phase_damping(0.25)',
  'kraus([[0.8944271909999159, 0], [0, 0.8944271909999159]], [[0, 0.4472135954999579im], [0.4472135954999579im, 0]])',
];
for (const channel of channels) {
  const targets = channel.startsWith('two') ? 'q[1], q[0]' : 'q[1]';
  add(
    `noise ${channel.replace(/\(.*/, '')}`,
    lines(...prepared(2), `#pragma braket noise ${channel} ${targets}`, 'h q[1];', DENSITY),
    { device: 'dm' },
  );
}
add(
  'noise after every gate',
  lines(
    ...prepared(3),
    ...channels.map(
      (channel, i) =>
        `#pragma braket noise ${channel} ${channel.startsWith('two') ? `q[${i % 3}], q[${(i + 1) % 3}]` : `q[${i % 3}]`}\nry(0.${i + 1}) q[${i % 3}];`,
    ),
    DENSITY,
  ),
  { device: 'dm' },
);

const measured = ['bit[3] b;', 'qubit[4] q;', 'x q[0];', 'x q[3];', 'cnot q[3], q[2];'];
add('measurement in another order', lines(...measured, 'b[2] = measure q[0];', 'b[0] = measure q[3];', 'b[1] = measure q[1];'), {
  shots: 5,
});
add('measurement of a register', lines('bit[2] b;', 'qubit[2] q;', 'x q[1];', 'b = measure q;'), { shots: 3 });
add('measurement without bits', lines('qubit[3] q;', 'x q;', 'measure q[2];', 'measure q[0];'), { shots: 3 });
add('measurement of physical qubits', lines('bit[2] b;', 'x $5;', 'cnot $5, $1;', 'b[0] = measure $5;', 'b[1] = measure $1;'), {
  shots: 3,
});
add('no measurement at all', lines('qubit[3] q;', 'x q[0];', 'i q[1];', 'x q[2];'), { shots: 4 });

const QUBITS = 6;
const meansOfAll: ResultRequest[] = zAndNeighbourZz(QUBITS).map((term) => ({
  type: 'expectation',
  factors: observableOf([term])[0]!.factors,
  everyQubit: false,
}));
for (let i = 0; i < 24; i++) {
  const layers = 1 + (i % 4);
  const entangler = (['ring', 'line', 'none'] as const)[i % 3]!;
  const ansatz = hardwareEfficientAnsatz({ qubits: QUBITS, layers, entangler, finalRotation: i % 2 === 0 });
  const circuit = composeCircuits(amplitudeEncoding(QUBITS), ansatz);
  const vector = random.fillNormal(new Float64Array(2 ** QUBITS));
  // Every third sample is sparse, as contact states are.
  if (i % 3 === 2) for (let x = 0; x < vector.length; x++) if (random.uniform() < 0.8) vector[x] = 0;
  vector[0] = 1;
  const values = [...encodingAngles(vector), ...random.fillNormal(new Float64Array(ansatz.parameters.length), 0.3 * Math.PI)];
  const inputs = Object.fromEntries(circuit.parameters.map((name, k) => [name, values[k]!]));
  add(`encoded sample ${i}: ${layers} layers, ${entangler}`, emitOpenQasm(circuit, { results: meansOfAll }), { inputs });
}

console.log(JSON.stringify({ programs, cases }));
