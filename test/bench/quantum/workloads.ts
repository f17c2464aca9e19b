/** What is measured: a circuit of a family, and what is asked of it. JSON all the way, so that rivals in other languages read the same. */
import { emitOpenQasm, type Random, seeded } from '../../../quantum/index.ts';
import { FAMILIES, type Family, type PlainCircuit, plainCircuit } from './circuits.ts';
import { parametricCircuit } from './plain.ts';

/** What is asked: a value, the gradient of a value, values of many circuits, value and gradients of encoded samples, a noisy value, shots. */
/** `single`: forward in single precision. */
export type Work = 'forward' | 'single' | 'pauli' | 'gradient' | 'batch' | 'encoded' | 'noisy' | 'sample';

export interface Workload {
  /** 'family/work/qubits'. */
  readonly id: string;
  readonly family: Family;
  readonly work: Work;
  readonly circuit: PlainCircuit;
  /** Coefficients and strings such as 'X0 Z3'; for `encoded` the weights of Z_i. */
  readonly observable: readonly (readonly [number, string])[];
  /** Angles of each circuit of a batch. */
  readonly thetas?: readonly (readonly number[])[];
  /** Real vectors to encode, not normalised. */
  readonly inputs?: readonly (readonly number[])[];
  /** Probability of `depolarizing` on each target after each gate: X, Y or Z with p/3 each. */
  readonly noise?: number;
  readonly shots?: number;
  /** The program for rivals that read OpenQASM, with inputs p0, p1, …, without result pragmas; left out where they are not asked. */
  readonly openQasm?: string;
}

export const NOISE = 0.01;
export const SHOTS = 1000;
const BATCH = 256;
const SAMPLES = 64;
/** Braket's own simulator is asked up to here. */
const MOST_OPENQASM_QUBITS = 16;

function sumOfZ(qubits: number): [number, string][] {
  return Array.from({ length: qubits }, (_, q) => [1, `Z${q}`]);
}

/** Fifty strings of one to four letters on random qubits, coefficients in (-1, 1). */
function fiftyStrings(random: Random, qubits: number): [number, string][] {
  return Array.from({ length: 50 }, () => {
    const weight = 1 + Math.floor(random.uniform() * Math.min(4, qubits));
    const places = new Set<number>();
    while (places.size < weight) places.add(Math.floor(random.uniform() * qubits));
    const letters = [...places].sort((a, b) => a - b).map((q) => `${'XYZ'[Math.floor(random.uniform() * 3)]}${q}`);
    return [2 * random.uniform() - 1, letters.join(' ')];
  });
}

export function workload(family: Family, work: Work, qubits: number): Workload {
  const id = `${family}/${work}/${qubits}`;
  const random = seeded('bench', id);
  const circuit = plainCircuit(family, qubits);
  const base = { id, family, work, circuit, observable: sumOfZ(qubits) };
  const angles = () => Array.from(circuit.theta, () => (2 * random.uniform() - 1) * Math.PI);
  const noise = work === 'noisy' ? NOISE : undefined;
  const asText = qubits <= MOST_OPENQASM_QUBITS && ['forward', 'noisy', 'sample', 'batch'].includes(work);
  const openQasm = asText ? { openQasm: emitOpenQasm(parametricCircuit(circuit, noise)) } : {};
  switch (work) {
    case 'forward':
    case 'single':
    case 'gradient':
      return { ...base, ...openQasm };
    case 'pauli':
      return { ...base, observable: fiftyStrings(random, qubits) };
    case 'batch':
      return { ...base, ...openQasm, thetas: Array.from({ length: BATCH }, angles) };
    case 'encoded':
      return {
        ...base,
        observable: Array.from({ length: qubits }, (_, q) => [2 * random.uniform() - 1, `Z${q}`]),
        inputs: Array.from({ length: SAMPLES }, () => Array.from(random.fillNormal(new Float64Array(2 ** qubits)))),
      };
    case 'noisy':
      return { ...base, ...openQasm, noise: NOISE };
    case 'sample':
      return { ...base, ...openQasm, shots: SHOTS };
  }
}

export interface Plan {
  readonly family: Family;
  readonly work: Work;
  readonly qubits: number;
}

/** Loading by gates doubles with every qubit, so the family ends where the programs do. */
const MOST_AMPLITUDE_QUBITS = { forward: 12, pauli: 12, gradient: 8 } as const;

/** The cases: all families at all sizes for values and gradients, and in single precision; the rest on the ansatz. `full` goes to 24 qubits everywhere. */
export function plans(full: boolean): Plan[] {
  const sizes = full ? [4, 8, 12, 16, 18, 20, 22, 24] : [4, 8, 12, 16, 18, 20];
  const out: Plan[] = [];
  for (const family of FAMILIES) {
    for (const work of ['forward', 'pauli', 'gradient'] as const) {
      const most = family === 'amplitude' ? MOST_AMPLITUDE_QUBITS[work] : 24;
      for (const qubits of sizes) if (qubits <= most) out.push({ family, work, qubits });
    }
    if (family === 'ansatz' && !full) {
      for (const qubits of [22, 24]) out.push({ family, work: 'forward', qubits });
      out.push({ family, work: 'gradient', qubits: 22 });
    }
  }
  for (const family of FAMILIES) {
    if (family === 'amplitude') continue;
    for (const qubits of family === 'ansatz' ? [16, 20, 22] : [16, 20]) out.push({ family, work: 'single', qubits });
  }
  for (const qubits of [4, 8]) out.push({ family: 'ansatz', work: 'batch', qubits });
  for (const qubits of [6, 8, 10]) out.push({ family: 'ansatz', work: 'encoded', qubits });
  for (const qubits of full ? [4, 6, 8, 10] : [4, 6, 8]) out.push({ family: 'ansatz', work: 'noisy', qubits });
  for (const qubits of full ? [12, 16, 20] : [12, 16]) out.push({ family: 'ansatz', work: 'sample', qubits });
  return out;
}
