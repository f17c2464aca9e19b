import { seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { latentEncoding } from '../../../core/encoding/amplitude.ts';
import { covariance, matrix, row, symmetricEigen } from '../../../core/math/linalg.ts';
import { compileHead } from '../../../core/model/head-circuit.ts';
import { encodingVectors, evaluateForm, headTable, latentForm, subspaceForms } from '../../../core/model/head-table.ts';
import {
  headBackward,
  headCotangents,
  headDirections,
  headInputs,
  headSize,
  headViews,
  hybridPredictions,
  initialHead,
  project,
  type QuantumHead,
} from '../../../core/model/quantum-head.ts';

const shape = { qubits: 6, layers: 3, entangler: 'ring', latentSize: 8, features: 11 } as const;
const training = matrix(60, 11, seeded(1).fillNormal(new Float64Array(660)));
const fresh = initialHead(shape, training, seeded(2));
const model = compileHead(shape);
const encoding = latentEncoding(6, 8);
const u = matrix(5, 11, seeded(3).fillNormal(new Float64Array(55)));
const classical = seeded(4)
  .fillNormal(new Float64Array(5))
  .map((value) => 6.5 + value);

/** The fresh head with a weight s and an offset b, as training leaves one. */
function trained(): QuantumHead {
  const flat = fresh.flat.slice();
  const views = headViews(shape, flat);
  views.scale[0] = 0.8;
  views.offset[0] = 0.1;
  return { ...fresh, flat };
}

function predictions(head: QuantumHead, features = u): Float64Array {
  const inputs = headInputs(head, encoding, features);
  const { theta } = headViews(shape, head.flat);
  const expectations = inputs.encoded.map(({ amplitudes }) => model.expectations(theta, amplitudes));
  return hybridPredictions(head, inputs, classical, expectations);
}

describe('initialHead', () => {
  test('check 4: predicts bit for bit what the classical head predicts, with w random', () => {
    expect([...predictions(fresh)]).toEqual([...classical]);
    const { w, scale, theta } = headViews(shape, fresh.flat);
    expect(scale[0]).toBe(0);
    expect(w.every((value) => value !== 0)).toBe(true);
    expect(theta).toHaveLength(42);
    expect(Math.sqrt(theta.reduce((sum, angle) => sum + angle * angle, 0) / 42)).toBeLessThan(0.15 * Math.PI);
  });

  test('orders the latent numbers by their spectrum, the first with variance 1', () => {
    const views = headViews(shape, fresh.flat);
    const z = matrix(60, 8);
    for (let m = 0; m < 60; m++) z.values.set(project(views, row(training, m)), m * 8);
    const C = covariance(z);
    const spectrum = symmetricEigen(covariance(training)).values;
    for (let j = 0; j < 8; j++) {
      for (let k = 0; k < 8; k++) expect(C.values[j * 8 + k]).toBeCloseTo(j === k ? spectrum[j]! / spectrum[0]! : 0, 10);
    }
  });

  test('keeps r0^2 as the mean square norm of the training states', () => {
    const norms = headInputs(fresh, encoding, training).encoded.map(({ norm }) => norm ** 2);
    expect(fresh.normSquare).toBeCloseTo(norms.reduce((a, b) => a + b) / 60, 12);
  });
});

describe('headBackward', () => {
  test('equals finite differences in every parameter and in u, through amplitude-shift directions', () => {
    const head = trained();
    const dy = seeded(5).fillNormal(new Float64Array(5));
    const inputs = headInputs(head, encoding, u);
    const { theta } = headViews(shape, head.flat);
    const expectations = inputs.encoded.map(({ amplitudes }) => model.expectations(theta, amplitudes));
    const cotangents = headCotangents(head, inputs, dy);
    const directions = headDirections(encoding, inputs);
    const slopes = inputs.encoded.map(({ amplitudes }, m) => {
      const exact = model.pullback(theta, amplitudes, cotangents[m]!);
      const along = directions[m]!.directions.map((v) => v.reduce((sum, value, i) => sum + value * exact.amplitudes[i]!, 0));
      return { theta: exact.theta, directions: Float64Array.from(along) };
    });
    const gradient = new Float64Array(headSize(shape));
    const lengths = directions.map((one) => one.lengths);
    const du = headBackward(head, inputs, lengths, dy, expectations, slopes, gradient);
    const loss = (flat: Float64Array, features = u) =>
      predictions({ ...head, flat }, features).reduce((sum, y, m) => sum + dy[m]! * y, 0);
    const step = 1e-5;
    for (let at = 0; at < gradient.length; at++) {
      const moved = (sign: number) => loss(head.flat.map((value, i) => (i === at ? value + sign * step : value)));
      expect(Math.abs((moved(1) - moved(-1)) / (2 * step) - gradient[at]!), `parameter ${at}`).toBeLessThan(1e-7);
    }
    for (let at = 0; at < du.values.length; at++) {
      const moved = (sign: number) =>
        loss(head.flat, { ...u, values: u.values.map((value, i) => (i === at ? value + sign * step : value)) });
      expect(Math.abs((moved(1) - moved(-1)) / (2 * step) - du.values[at]!), `feature ${at}`).toBeLessThan(1e-7);
    }
  });
});

describe('the compiled circuit', () => {
  test('check 2: has by parameter shift the adjoint derivative in all 42 angles', () => {
    const { theta } = headViews(shape, fresh.flat);
    const { amplitudes } = headInputs(fresh, encoding, u).encoded[0]!;
    const cotangent = seeded(6).fillNormal(new Float64Array(12));
    const F = (angles: Float64Array) =>
      model.expectations(angles, amplitudes).reduce((sum, value, i) => sum + cotangent[i]! * value, 0);
    const adjoint = model.pullback(theta, amplitudes, cotangent).theta;
    for (let p = 0; p < 42; p++) {
      const shifted = (sign: number) => F(theta.map((angle, q) => (q === p ? angle + (sign * Math.PI) / 2 : angle)));
      expect(Math.abs((shifted(1) - shifted(-1)) / 2 - adjoint[p]!)).toBeLessThan(1e-10);
    }
  });
});

describe('headTable', () => {
  const theta = headViews(shape, fresh.flat).theta;
  const tables = headTable({ ...shape, theta });

  test('gives the same mean values as the circuit', () => {
    for (const seed of [1, 2, 3]) {
      const raw = seeded(seed, 'state').fillNormal(new Float64Array(64));
      const norm = Math.sqrt(raw.reduce((sum, value) => sum + value * value, 0));
      const psi = raw.map((value) => value / norm);
      const exact = model.expectations(theta, psi);
      for (const [i, A] of tables.entries()) {
        let value = 0;
        for (let j = 0; j < 64; j++) for (let k = 0; k < 64; k++) value += psi[j]! * A.values[j * 64 + k]! * psi[k]!;
        expect(Math.abs(value - exact[i]!)).toBeLessThan(1e-10);
      }
    }
  });

  test('has eigenvalues inside the spectrum of the observable, and its trace', () => {
    for (const A of tables) {
      const { values } = symmetricEigen(A);
      expect(values[0]!).toBeLessThanOrEqual(1 + 1e-10);
      expect(values.at(-1)!).toBeGreaterThanOrEqual(-1 - 1e-10);
      // Pauli strings are traceless, and so is every unitary image of them.
      expect(Math.abs(values.reduce((a, b) => a + b))).toBeLessThan(1e-10);
    }
  });

  test('restricts to the space of encoded states, where one form is the whole head', () => {
    const head = trained();
    const vectors = encodingVectors(encoding);
    const forms = subspaceForms(model, theta, vectors);
    for (const [i, A] of tables.entries()) {
      for (let a = 0; a < 9; a++) {
        for (let b = 0; b < 9; b++) {
          let value = 0;
          for (let j = 0; j < 64; j++)
            for (let k = 0; k < 64; k++) value += vectors[a]![j]! * A.values[j * 64 + k]! * vectors[b]![k]!;
          expect(Math.abs(forms[i]!.values[a * 9 + b]! - value)).toBeLessThan(1e-10);
        }
      }
    }
    const Q = latentForm(head, encoding);
    const views = headViews(shape, head.flat);
    const exact = predictions(head);
    for (let m = 0; m < 5; m++) {
      const tabled = classical[m]! + evaluateForm(Q, encoding.bias, project(views, row(u, m))) + views.offset[0]!;
      expect(Math.abs(tabled - exact[m]!)).toBeLessThan(1e-10);
    }
  });
});
