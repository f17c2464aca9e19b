/** The fast engine against the plain one where it takes its own ways: many blocks, permutations, tables of phases, sums of strings. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  buildCircuit,
  type Circuit,
  CompiledCircuit,
  compileCircuit,
  complexState,
  hardwareEfficientAnsatz,
  observableOf,
  type PauliSum,
  parameter,
  parameterShift,
  pauliTerm,
  seeded,
  simulate,
} from '../../../quantum/index.ts';
import { elementsOf } from '../../../quantum/simulator/elements.ts';
import { unitarySteps } from '../../../quantum/simulator/lowering.ts';
import { planSteps } from '../../../quantum/simulator/program.ts';
import { applyMatrixReference, innerReference, simulateReference } from '../../../quantum/simulator/reference-kernels.ts';
import { schedule } from '../../../quantum/simulator/schedule.ts';
import { largestDifference, randomCase, randomSum, realVector } from '../../support/quantum-circuits.ts';

/** Layers of rotations and a ring of CNOT; with `swaps` some qubits change places and some flips hang on two controls. */
function rings(qubits: number, layers: number, swaps = false): Circuit {
  return buildCircuit(qubits, (builder) => {
    let next = 0;
    for (let layer = 0; layer < layers; layer++) {
      for (let q = 0; q < qubits; q++) {
        builder.gate('ry', [q], [parameter(`t${next++}`)]);
        builder.gate('rz', [q], [parameter(`t${next++}`)]);
      }
      for (let q = 0; q < qubits; q++) builder.gate('cnot', [q, (q + 1) % qubits]);
      if (!swaps) continue;
      builder.gate('swap', [0, qubits - 1]);
      builder.gate('x', [1]);
      builder.gate('x', [2], [], [{ qubit: qubits - 1, value: 0 }]);
      builder.gate('ccnot', [0, qubits - 1, 1]);
      builder.gate('zz', [0, qubits - 1], [parameter(`t${next++}`)]);
      builder.gate('cphaseshift', [1, qubits - 2], [parameter(`t${next++}`)]);
    }
  });
}

const anglesOf = (circuit: Circuit, seed: number) =>
  seeded(seed, 'angles').fillNormal(new Float64Array(circuit.parameters.length), 2);

function meanReference(state: Float64Array, qubits: number, sum: PauliSum): number {
  let mean = 0;
  for (const term of observableOf(sum)) {
    const image = term.factors.reduce((vector, one) => applyMatrixReference(vector, qubits, one.targets, one.matrix), state);
    mean += term.coefficient * innerReference(state, image)[0];
  }
  return mean;
}

describe('circuits in many small blocks', () => {
  test.each([3, 4])('agree with the reference over the whole catalogue, blocks of 2^%i', (blockBits) => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 7, minQubits: 4, maxGates: 30 }), ({ circuit, theta }) => {
        const run = new CompiledCircuit(circuit, { blockBits }).run(theta);
        expect(largestDifference(run, simulateReference(circuit, theta))).toBeLessThan(1e-13);
      }),
      { numRuns: 150 },
    );
  });

  test('have the gradients that parameter-shift finds', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 6, minQubits: 4, maxGates: 15 }), ({ circuit, theta, H }) => {
        const { value, gradient } = new CompiledCircuit(circuit, { gradients: true, blockBits: 3 }).gradient(H, theta);
        expect(Math.abs(value - meanReference(simulateReference(circuit, theta), circuit.qubits, H))).toBeLessThan(1e-11);
        expect(largestDifference(gradient, parameterShift(circuit, theta, H))).toBeLessThan(1e-10);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    [6, 3],
    [7, 4],
    [8, 6],
  ])('permute runs of flips on the way in, inside and out: %i qubits, blocks of 2^%i', (qubits, blockBits) => {
    for (const swaps of [false, true]) {
      const circuit = rings(qubits, 3, swaps);
      const theta = anglesOf(circuit, qubits);
      const initial = complexState(realVector(qubits, 3));
      const compiled = new CompiledCircuit(circuit, { gradients: true, blockBits });
      expect(largestDifference(compiled.run(theta, initial), simulateReference(circuit, theta, initial))).toBeLessThan(1e-13);
      const H = randomSum(qubits, 5);
      expect(largestDifference(compiled.gradient(H, theta).gradient, parameterShift(circuit, theta, H))).toBeLessThan(1e-10);
      const where = planSteps(qubits, unitarySteps(circuit).steps, { derivatives: true, blockBits }).passes.flatMap((pass) =>
        pass.operations.flatMap((operation) => (operation.kind === 'permutation' ? [operation.where] : [])),
      );
      expect(where.length).toBeGreaterThan(1);
    }
  });

  test('find the state of the real block size at 14 and 15 qubits', () => {
    for (const qubits of [14, 15]) {
      const circuit = rings(qubits, 2);
      const theta = anglesOf(circuit, qubits);
      // One qubit more than a block against blocks of another size, which take other passes.
      const small = new CompiledCircuit(circuit, { blockBits: 9 }).run(theta);
      expect(largestDifference(simulate(circuit, theta), small)).toBeLessThan(1e-13);
    }
  });

  test('do a layer of the ansatz in two passes at 20 qubits', () => {
    const circuit = rings(20, 4);
    const passes = schedule(elementsOf(unitarySteps(circuit).steps, false).elements, 20);
    expect(passes.length).toBeLessThanOrEqual(8);
    expect(passes.reduce((sum, pass) => sum + pass.elements.length, 0)).toBe(4 * 60);
  });
});

describe('a compiled circuit', () => {
  test('serves other angles, other initial states and other sums without mixing them up', () => {
    const circuit = hardwareEfficientAnsatz({ qubits: 5, layers: 2 });
    const compiled = compileCircuit(circuit, { gradients: true });
    for (let seed = 0; seed < 6; seed++) {
      const theta = anglesOf(circuit, seed);
      const initial = seed % 2 === 0 ? undefined : complexState(realVector(5, seed));
      const state = simulateReference(circuit, theta, initial);
      const H = randomSum(5, seed);
      expect(largestDifference(compiled.run(theta, initial), state)).toBeLessThan(1e-13);
      expect(Math.abs(compiled.expectation(H, theta, initial) - meanReference(state, 5, H))).toBeLessThan(1e-12);
      if (initial === undefined) {
        expect(largestDifference(compiled.gradient(H, theta).gradient, parameterShift(circuit, theta, H))).toBeLessThan(1e-10);
      }
    }
  });

  test('keeps rotations by whole and half turns exact, where their tangents are without bound', () => {
    const circuit = rings(6, 3);
    for (const turn of [0, Math.PI / 2, Math.PI, -Math.PI, 2 * Math.PI, 3 * Math.PI]) {
      const theta = new Float64Array(circuit.parameters.length).fill(turn);
      expect(largestDifference(simulate(circuit, theta), simulateReference(circuit, theta))).toBeLessThan(1e-13);
      const mixed = theta.map((value, i) => (i % 3 === 0 ? 0.4 * i : value));
      expect(largestDifference(simulate(circuit, mixed), simulateReference(circuit, mixed))).toBeLessThan(1e-13);
    }
  });

  test('refuses gradients without room for them, and a wrong number of angles', () => {
    const circuit = rings(3, 1);
    const compiled = compileCircuit(circuit);
    expect(() => compiled.gradient([pauliTerm('Z0')], anglesOf(circuit, 1))).toThrow(/gradients: true/);
    expect(() => compiled.run([1, 2])).toThrow(/6 parameter values wanted, 2 found/);
  });
});

describe('sums of Pauli strings', () => {
  test('have the mean of the reference at sizes below, at and above a run of 2^9 indices', () => {
    const random = seeded('sums');
    for (const qubits of [1, 2, 8, 9, 10, 11]) {
      const state = complexState(realVector(qubits, qubits));
      for (let i = 1; i < state.length; i += 2) state[i] = state[i - 1]! * Math.sin(i);
      const strings = Array.from({ length: 30 }, () => {
        const letters = Array.from({ length: qubits }, (_, q) => ['', `X${q}`, `Y${q}`, `Z${q}`][random.integer(4)]!);
        return pauliTerm(letters.filter((word) => word !== '').join(' ') || 'I', random.normal());
      });
      const allZ = Array.from({ length: qubits }, (_, q) => pauliTerm(`Z${q}`, random.normal()));
      const pairs = allZ.flatMap((_, q) => (q === 0 ? [] : [pauliTerm(`Z0 Z${q}`, random.normal())]));
      const sameFlips = allZ.map((_, q) => pauliTerm(q === 0 ? 'X0' : `X0 Z${q}`, random.normal()));
      const compiled = compileCircuit(buildCircuit(qubits, () => undefined));
      for (const sum of [strings, allZ, [...allZ, ...pairs], sameFlips, [strings[0]!], [pauliTerm('I', 2)], []]) {
        expect(Math.abs(compiled.expectation(sum, [], state) - meanReference(state, qubits, sum))).toBeLessThan(1e-10);
      }
    }
  });
});
