/** The circuits of the benchmarks are what they say they are, and our side of them computes what it says it computes. */
import { describe, expect, test } from 'vitest';
import { isUnitary } from '../../quantum/index.ts';
import { FAMILIES, plainCircuit } from '../bench/quantum/circuits.ts';
import { prepare } from '../bench/quantum/ours.ts';
import { plans, type Workload, workload } from '../bench/quantum/workloads.ts';

const STEP = 1e-5;

/** Central difference of the first value in one entry of a list of numbers. */
function slope(values: readonly number[], at: number, load: (moved: readonly number[]) => Workload): number {
  const moved = (by: number) => values.map((value, i) => (i === at ? value + by : value));
  return (prepare(load(moved(STEP)))()[0]! - prepare(load(moved(-STEP)))()[0]!) / (2 * STEP);
}

describe('the workloads of the benchmarks', () => {
  test('name every case once', () => {
    for (const full of [false, true]) {
      const ids = plans(full).map(({ family, work, qubits }) => `${family}/${work}/${qubits}`);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test.each(FAMILIES)('%s: the gradient is that of the value', (family) => {
    const load = workload(family, 'gradient', 4);
    const forward = workload(family, 'forward', 4);
    expect(forward.circuit).toEqual(load.circuit);
    const gradient = prepare(load)();
    expect(gradient.length).toBe(load.circuit.theta.length);
    const by = (theta: readonly number[]): Workload => ({ ...forward, circuit: { ...forward.circuit, theta } });
    for (let i = 0; i < gradient.length; i++) expect(gradient[i]).toBeCloseTo(slope(load.circuit.theta, i, by), 7);
  });

  test('brickwork: the blocks are unitary', () => {
    const blocks = plainCircuit('brickwork', 6).gates.filter(({ gate }) => gate === 'unitary');
    expect(blocks.length).toBe(8 * 2.5);
    for (const { matrix } of blocks) expect(isUnitary(Float64Array.from(matrix!), 1e-12)).toBe(true);
  });

  test('qaoa: the graph is 3-regular', () => {
    for (const qubits of [4, 10, 24]) {
      const edges = plainCircuit('qaoa', qubits).gates.filter(({ gate }) => gate === 'zz');
      expect(new Set(edges.map(({ targets }) => targets.join(' '))).size).toBe(1.5 * qubits);
      for (let q = 0; q < qubits; q++) expect(edges.filter(({ targets }) => targets.includes(q)).length).toBe(3 * 3);
    }
  });

  test('amplitude: the circuit loads the vector it was made from', () => {
    const load = workload('amplitude', 'forward', 5);
    // The mean of Z0 of a real vector, from the first angle alone: cos of the angle of the two halves' norms.
    const mean = prepare({ ...load, observable: [[1, 'Z0']] })()[0];
    expect(mean).toBeCloseTo(Math.cos(load.circuit.theta[0]!), 12);
  });

  test('batch: each entry is the value at its angles', () => {
    const load = workload('ansatz', 'batch', 4);
    const values = prepare(load)();
    const alone = (theta: readonly number[]) => prepare({ ...load, work: 'forward', circuit: { ...load.circuit, theta } })()[0];
    expect(values.length).toBe(load.thetas!.length);
    for (const i of [0, 100, 255]) expect(values[i]).toBeCloseTo(alone(load.thetas![i]!)!, 12);
  });

  test('encoded: the gradients are those of the sum of the values', () => {
    const load = { ...workload('ansatz', 'encoded', 3), inputs: [[3, 1, -4, 1, -5, 9, 2, 6]] };
    const [value, ...slopes] = prepare(load)() as unknown as number[];
    expect(value).toBeDefined();
    const angles = load.circuit.theta.length;
    expect(slopes.length).toBe(angles + 8);
    for (const i of [0, 7, angles - 1]) {
      const by = (theta: readonly number[]): Workload => ({ ...load, circuit: { ...load.circuit, theta } });
      expect(slopes[i]).toBeCloseTo(slope(load.circuit.theta, i, by), 7);
    }
    for (let k = 0; k < 8; k++) {
      expect(slopes[angles + k]).toBeCloseTo(
        slope(load.inputs[0]!, k, (input) => ({ ...load, inputs: [input] })),
        7,
      );
    }
  });

  test('noisy: without noise it is the value', () => {
    const load = workload('ansatz', 'noisy', 4);
    const forward = prepare(workload('ansatz', 'forward', 4))()[0]!;
    expect(prepare({ ...load, noise: 0 })()[0]).toBeCloseTo(forward, 12);
    expect(Math.abs(prepare(load)()[0]! - forward)).toBeGreaterThan(1e-3);
  });

  test('sample: the mean over shots is near the value', () => {
    const load = workload('ansatz', 'sample', 6);
    const value = prepare({ ...load, work: 'forward' })()[0]!;
    expect(Math.abs(prepare(load)()[0]! - value)).toBeLessThan((6 * 6) / Math.sqrt(load.shots!));
  });
});
