/**
 * The families of circuits that the simulator is measured on, as plain data that our side and the rivals read alike.
 * A fast ansatz alone proves little: dense two-qubit gates, long-range phases, shared angles and long Pauli ladders cost different things.
 *
 * gates  h, x, rx, ry, rz, cnot, swap; cphase = diag(1, 1, 1, e^{it}); zz = exp(-i t ZZ / 2); unitary = a 4 x 4 matrix, row-major,
 *        interleaved, first target most significant
 */
import { encodingAngles, type Random, seeded } from '../../../quantum/index.ts';

/** An angle: a number, or factor · theta[parameter]. */
export type PlainAngle = number | { readonly parameter: number; readonly factor: number };

export interface PlainGate {
  readonly gate: 'h' | 'x' | 'rx' | 'ry' | 'rz' | 'cnot' | 'swap' | 'cphase' | 'zz' | 'unitary';
  readonly targets: readonly number[];
  readonly angle?: PlainAngle;
  readonly matrix?: readonly number[];
}

export interface PlainCircuit {
  readonly qubits: number;
  readonly gates: readonly PlainGate[];
  readonly theta: readonly number[];
}

export type Family = 'ansatz' | 'brickwork' | 'qft' | 'qaoa' | 'uccsd' | 'amplitude';

const uniformAngle = (random: Random) => (2 * random.uniform() - 1) * Math.PI;

/** Collects gates, and parameters as they come. */
class Draft {
  readonly gates: PlainGate[] = [];
  readonly theta: number[] = [];
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  add(gate: PlainGate['gate'], targets: readonly number[], angle?: PlainAngle): void {
    this.gates.push(angle === undefined ? { gate, targets } : { gate, targets, angle });
  }

  /** A new parameter with a random value, or with a given one. */
  parameter(value = uniformAngle(this.random)): { readonly parameter: number; readonly factor: number } {
    this.theta.push(value);
    return { parameter: this.theta.length - 1, factor: 1 };
  }
}

/** Four layers of RY and RZ on every qubit and a ring of CNOT: 8n angles. */
function ansatz(draft: Draft, qubits: number): void {
  for (let layer = 0; layer < 4; layer++) {
    for (let q = 0; q < qubits; q++) {
      draft.add('ry', [q], draft.parameter());
      draft.add('rz', [q], draft.parameter());
    }
    for (let q = 0; q < qubits; q++) draft.add('cnot', [q, (q + 1) % qubits]);
  }
}

/** A Haar-random 4 x 4 unitary: Gram-Schmidt on complex Gaussian rows. */
function randomUnitary(random: Random): number[] {
  const rows: number[][] = [];
  for (let r = 0; r < 4; r++) {
    const row = Array.from(random.fillNormal(new Float64Array(8)));
    for (const done of rows) {
      let [re, im] = [0, 0];
      for (let c = 0; c < 8; c += 2) {
        re += done[c]! * row[c]! + done[c + 1]! * row[c + 1]!;
        im += done[c]! * row[c + 1]! - done[c + 1]! * row[c]!;
      }
      for (let c = 0; c < 8; c += 2) {
        row[c] = row[c]! - (re * done[c]! - im * done[c + 1]!);
        row[c + 1] = row[c + 1]! - (re * done[c + 1]! + im * done[c]!);
      }
    }
    const norm = Math.hypot(...row);
    rows.push(row.map((value) => value / norm));
  }
  return rows.flat();
}

/** A layer of RY, then eight layers of random two-qubit gates on neighbours, in turn from qubit 0 and from qubit 1. */
function brickwork(draft: Draft, qubits: number): void {
  for (let q = 0; q < qubits; q++) draft.add('ry', [q], draft.parameter());
  for (let layer = 0; layer < 8; layer++) {
    for (let q = layer % 2; q + 1 < qubits; q += 2) {
      draft.gates.push({ gate: 'unitary', targets: [q, q + 1], matrix: randomUnitary(draft.random) });
    }
  }
}

/** The Fourier transform of a random product state. source  Nielsen and Chuang, section 5.1 */
function qft(draft: Draft, qubits: number): void {
  for (let q = 0; q < qubits; q++) {
    draft.add('ry', [q], draft.parameter());
    draft.add('rz', [q], draft.parameter());
  }
  for (let q = 0; q < qubits; q++) {
    draft.add('h', [q]);
    for (let k = q + 1; k < qubits; k++) draft.add('cphase', [k, q], Math.PI / 2 ** (k - q));
  }
  for (let q = 0; 2 * q + 1 < qubits; q++) draft.add('swap', [q, qubits - 1 - q]);
}

/** A 3-regular graph on an even number of vertices: three perfect matchings without a common edge, drawn until they fit. */
function cubicGraph(random: Random, qubits: number): [number, number][] {
  for (;;) {
    const edges = new Map<string, [number, number]>();
    for (let matching = 0; matching < 3; matching++) {
      const order = Array.from({ length: qubits }, (_, q) => q);
      for (let i = qubits - 1; i > 0; i--) {
        const j = Math.floor(random.uniform() * (i + 1));
        [order[i], order[j]] = [order[j]!, order[i]!];
      }
      for (let i = 0; i < qubits; i += 2) {
        const [a, b] = [Math.min(order[i]!, order[i + 1]!), Math.max(order[i]!, order[i + 1]!)];
        edges.set(`${a} ${b}`, [a, b]);
      }
    }
    if (edges.size === (3 * qubits) / 2) return [...edges.values()].sort(([a, b], [c, d]) => a - c || b - d);
  }
}

/** Three rounds of QAOA for an Ising problem on a random 3-regular graph, with fields so that no symmetry makes mean values vanish. */
function qaoa(draft: Draft, qubits: number): void {
  const edges = cubicGraph(draft.random, qubits);
  const fields = Array.from({ length: qubits }, () => draft.random.uniform() - 0.5);
  for (let q = 0; q < qubits; q++) draft.add('h', [q]);
  for (let round = 0; round < 3; round++) {
    const gamma = draft.parameter();
    const beta = draft.parameter();
    for (const edge of edges) draft.add('zz', edge, { ...gamma, factor: 2 });
    for (let q = 0; q < qubits; q++) draft.add('rz', [q], { ...gamma, factor: 2 * fields[q]! });
    for (let q = 0; q < qubits; q++) draft.add('rx', [q], { ...beta, factor: 2 });
  }
}

/**
 * n exponentials of Jordan-Wigner strings, XXXY-like with Z between, on the Hartree-Fock state; each as a basis change, a ladder of CNOT,
 * an RZ, and back. source  Romero et al. 2018, arXiv:1701.02691
 */
function uccsd(draft: Draft, qubits: number): void {
  // Fewer occupied than not: at half filling a symmetry makes the mean of the sum of Z vanish.
  const occupied = Math.max(2, Math.floor(0.4 * qubits));
  for (let q = 0; q < occupied; q++) draft.add('x', [q]);
  const pick = (from: number, to: number): [number, number] => {
    const a = from + Math.floor(draft.random.uniform() * (to - from));
    const b = from + Math.floor(draft.random.uniform() * (to - from - 1));
    const other = b >= a ? b + 1 : b;
    return [Math.min(a, other), Math.max(a, other)];
  };
  for (let term = 0; term < qubits; term++) {
    const [i, j] = pick(0, occupied);
    const [a, b] = pick(occupied, qubits);
    const ends = [i, j, a, b];
    const yAt = term % 4;
    const members = Array.from({ length: qubits }, (_, q) => q).filter((q) => (q >= i && q <= j) || (q >= a && q <= b));
    const turn = (sign: 1 | -1) => {
      for (const [k, q] of ends.entries()) {
        if (k === yAt) draft.add('rx', [q], (sign * Math.PI) / 2);
        else draft.add('h', [q]);
      }
    };
    turn(1);
    for (let k = 0; k + 1 < members.length; k++) draft.add('cnot', [members[k]!, members[k + 1]!]);
    draft.add('rz', [members.at(-1)!], draft.parameter(2 * draft.random.uniform()));
    for (let k = members.length - 2; k >= 0; k--) draft.add('cnot', [members[k]!, members[k + 1]!]);
    turn(-1);
  }
}

/** A random real vector loaded by gates: 2^n - 1 RY in Gray-code order, a CNOT after each. source  arXiv:quant-ph/0407010 */
function amplitude(draft: Draft, qubits: number): void {
  const angles = encodingAngles(draft.random.fillNormal(new Float64Array(2 ** qubits)));
  let next = 0;
  for (let target = 0; target < qubits; target++) {
    for (let i = 0; i < 2 ** target; i++) {
      draft.add('ry', [target], draft.parameter(angles[next++]!));
      const changed = i + 1 === 2 ** target ? target - 1 : Math.log2((i + 1) & -(i + 1));
      if (target > 0) draft.add('cnot', [target - 1 - changed, target]);
    }
  }
}

const WRITERS: Readonly<Record<Family, (draft: Draft, qubits: number) => void>> = {
  ansatz,
  brickwork,
  qft,
  qaoa,
  uccsd,
  amplitude,
};

export const FAMILIES = Object.keys(WRITERS) as Family[];

export function plainCircuit(family: Family, qubits: number): PlainCircuit {
  const draft = new Draft(seeded('bench', family, qubits));
  WRITERS[family](draft, qubits);
  return { qubits, gates: draft.gates, theta: draft.theta };
}
