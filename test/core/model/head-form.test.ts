import { seeded } from '@qefm/quantum';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeTensors, encodeTensors } from '../../../core/contracts/tensors.ts';
import { latentEncoding } from '../../../core/encoding/amplitude.ts';
import { type Matrix, matrix, symmetricEigen } from '../../../core/math/linalg.ts';
import { compileHead } from '../../../core/model/head-circuit.ts';
import { exportHead, formPredictions, readHeadForm, writeHeadForm } from '../../../core/model/head-form.ts';
import { headTable } from '../../../core/model/head-table.ts';
import {
  type HeadShape,
  headInputs,
  headSize,
  headViews,
  hybridPredictions,
  type QuantumHead,
} from '../../../core/model/quantum-head.ts';

const structures = fc.record({
  qubits: fc.integer({ min: 2, max: 6 }),
  layers: fc.integer({ min: 1, max: 4 }),
  entangler: fc.constantFrom('ring', 'line', 'none'),
  seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
});

/** A head as training might leave it: no part of it is small or zero. */
function randomHead({ qubits, layers, entangler, seed }: { seed: number } & Pick<HeadShape, 'qubits' | 'layers' | 'entangler'>) {
  const random = seeded(seed);
  const latentSize = 1 + random.integer(Math.min(8, 2 ** qubits - 1));
  const shape: HeadShape = { qubits, layers, entangler, latentSize, features: 3 + random.integer(6) };
  const flat = random.fillNormal(new Float64Array(headSize(shape)));
  random.fillNormal(headViews(shape, flat).theta, Math.PI);
  const head: QuantumHead = { shape, normSquare: 1 + 3 * random.uniform(), flat };
  const u = matrix(6, shape.features, random.fillNormal(new Float64Array(6 * shape.features)));
  const classical = random.fillNormal(new Float64Array(6)).map((value) => 6.5 + value);
  return { head, u, classical };
}

/** What the circuit itself says, compound by compound. */
function byCircuit(head: QuantumHead, u: Matrix, classical: Float64Array): Float64Array {
  const { shape, flat } = head;
  const inputs = headInputs(head, latentEncoding(shape.qubits, shape.latentSize), u);
  const model = compileHead(shape);
  const { theta } = headViews(shape, flat);
  return hybridPredictions(
    head,
    inputs,
    classical,
    inputs.encoded.map(({ amplitudes }) => model.expectations(theta, amplitudes)),
  );
}

describe('exportHead', () => {
  test('check 5: predicts what the circuit predicts to 1e-10, for random heads, and after a journey through a file', () => {
    fc.assert(
      fc.property(structures, (structure) => {
        const { head, u, classical } = randomHead(structure);
        const { header, tensors } = writeHeadForm(exportHead(head));
        const form = readHeadForm(decodeTensors(encodeTensors(header, tensors)));
        expect(form).toEqual(exportHead(head));
        const exact = byCircuit(head, u, classical);
        for (const [m, y] of formPredictions(form, u, classical).entries()) expect(Math.abs(y - exact[m]!)).toBeLessThan(1e-10);
      }),
      { numRuns: 60 },
    );
  });

  test('stays as it was when training goes on', () => {
    const { head, u, classical } = randomHead({ qubits: 4, layers: 2, entangler: 'ring', seed: 3 });
    const form = exportHead(head);
    const before = formPredictions(form, u, classical);
    head.flat.fill(0);
    expect(formPredictions(form, u, classical)).toEqual(before);
  });

  test('check 4: equals the classical model bit for bit where s and b are 0', () => {
    const { head, u, classical } = randomHead({ qubits: 5, layers: 3, entangler: 'line', seed: 4 });
    const { scale, offset } = headViews(head.shape, head.flat);
    scale[0] = 0;
    offset[0] = 0;
    expect([...formPredictions(exportHead(head), u, classical)]).toEqual([...classical]);
  });

  test('refuses features it was not trained on, and files with something out of place', () => {
    const { head, classical } = randomHead({ qubits: 3, layers: 1, entangler: 'ring', seed: 5 });
    const form = exportHead(head);
    const { features } = head.shape;
    expect(() => formPredictions(form, matrix(6, features + 1), classical)).toThrow(`reads ${features} features of 6 compounds`);
    expect(() => formPredictions(form, matrix(5, features), classical)).toThrow(/of 6 compounds, found/);
    const { header, tensors } = writeHeadForm(form);
    expect(() => readHeadForm({ header: { ...header, bias: 0 }, tensors })).toThrow(/head-form\/1: bias/);
    const { shift, ...rest } = tensors;
    expect(shift?.data).toHaveLength(head.shape.latentSize);
    expect(() => readHeadForm({ header: { ...header }, tensors: rest })).toThrow(/tensor shift: wanted/);
  });
});

describe('headTable', () => {
  test('check 5: is the circuit to 1e-10 on random states, its eigenvalues inside the spectrum, its trace that of O, for random heads', () => {
    fc.assert(
      fc.property(structures, (structure) => {
        const { head } = randomHead(structure);
        const { theta } = headViews(head.shape, head.flat);
        const size = 2 ** structure.qubits;
        const random = seeded(structure.seed, 'state');
        const raw = random.fillNormal(new Float64Array(size));
        const psi = raw.map((value) => value / Math.hypot(...raw));
        const exact = compileHead(head.shape).expectations(theta, psi);
        for (const [i, A] of headTable({ ...head.shape, theta }).entries()) {
          let value = 0;
          for (let j = 0; j < size; j++) for (let k = 0; k < size; k++) value += psi[j]! * A.values[j * size + k]! * psi[k]!;
          expect(Math.abs(value - exact[i]!)).toBeLessThan(1e-10);
          const { values } = symmetricEigen(A);
          expect(values[0]!).toBeLessThanOrEqual(1 + 1e-10);
          expect(values.at(-1)!).toBeGreaterThanOrEqual(-1 - 1e-10);
          // Pauli strings have trace 0, and so has the real part of every unitary image of them.
          expect(Math.abs(values.reduce((a, b) => a + b))).toBeLessThan(1e-10);
        }
      }),
      { numRuns: 25 },
    );
  });
});
