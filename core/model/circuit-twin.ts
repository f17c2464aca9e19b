/**
 * The circuit head as a function of latent numbers, trained on the full batch.
 *
 *   f(z) = (c0, z)^T (sum_i w_i V^T A_i(theta) V) (c0, z) / r0^2 + b
 *
 * All encoded states lie in the space V of k + 1 orthonormal vectors, so (k + 1)(k + 2) / 2 circuits give the head and its angle
 * gradient exactly for any number of molecules (table mode on a subspace; see head-table.ts).
 */
import type { Random } from '@qefm/quantum';
import { type LatentEncoding, latentEncoding } from '../encoding/amplitude.ts';
import { type Matrix, matrix, row } from '../math/linalg.ts';
import type { LatentFunction } from './classical-twins.ts';
import { compileHead, type HeadModel, type HeadStructure } from './head-circuit.ts';
import { encodingVectors, evaluateForm, halfway, subspaceForms } from './head-table.ts';

export type CircuitTwinKind = 'vqc' | 'vqc-no-entangler' | 'vqc-frozen';

/** Parameters: P angles, M weights w, the offset b. `vqc-frozen` holds the angles, `vqc-no-entangler` has no two-qubit gate. */
export function circuitTwin(
  kind: CircuitTwinKind,
  { qubits, layers, latentSize }: { qubits: number; layers: number; latentSize: number },
  zTrain: Matrix,
  meanTarget: number,
  random: Random,
): LatentFunction {
  const structure: HeadStructure = { qubits, layers, entangler: kind === 'vqc-no-entangler' ? 'none' : 'ring' };
  const model = compileHead(structure);
  const { parameters: P, observables: M } = model;
  const encoding = latentEncoding(qubits, latentSize);
  const vectors = encodingVectors(encoding);
  const normSquare = encoding.bias ** 2 + zTrain.values.reduce((sum, value) => sum + value * value, 0) / zTrain.rows;
  const initial = new Float64Array(P + M + 1);
  random.fork('theta').fillNormal(initial.subarray(0, P), 0.1 * Math.PI);
  random.fork('w').fillNormal(initial.subarray(P, P + M), 0.1 / Math.sqrt(M));
  initial[P + M] = meanTarget;
  return {
    initial,
    held: kind === 'vqc-frozen' ? P : 0,
    forward: (parameters, z) => {
      const forms = subspaceForms(model, parameters.subarray(0, P), vectors);
      const Q = matrix(vectors.length, vectors.length);
      for (const [i, form] of forms.entries()) {
        for (let at = 0; at < Q.values.length; at++) Q.values[at]! += (parameters[P + i]! * form.values[at]!) / normSquare;
      }
      return Float64Array.from({ length: z.rows }, (_, m) => evaluateForm(Q, encoding.bias, row(z, m)) + parameters[P + M]!);
    },
    backward: (parameters, z, dy) => {
      const gradient = new Float64Array(parameters.length);
      const S = moments(encoding, z, dy, normSquare);
      pullbackForms(model, parameters.subarray(0, P), parameters.subarray(P, P + M), vectors, S, gradient);
      gradient[P + M] = dy.reduce((sum, value) => sum + value, 0);
      return gradient;
    },
  };
}

/** S = sum_m dy[m] (c0, z_m)(c0, z_m)^T / r0^2: the derivative of the loss in every w_i-weighted form at once. */
function moments({ bias }: LatentEncoding, z: Matrix, dy: Float64Array, normSquare: number): Matrix {
  const d = z.columns + 1;
  const S = matrix(d, d);
  const state = new Float64Array(d);
  state[0] = bias;
  for (let m = 0; m < z.rows; m++) {
    state.set(row(z, m), 1);
    for (let a = 0; a < d; a++) for (let b = 0; b < d; b++) S.values[a * d + b]! += (dy[m]! * state[a]! * state[b]!) / normSquare;
  }
  return S;
}

/** Adds the derivatives in theta [P] and w [M] to the head of `gradient`, by the polarisation that built the forms. */
function pullbackForms(
  model: HeadModel,
  theta: Float64Array,
  w: Float64Array,
  vectors: readonly Float64Array[],
  S: Matrix,
  gradient: Float64Array,
): void {
  const d = vectors.length;
  const visit = (state: Float64Array, factor: number) => {
    const slopes = model.pullback(theta, state, w);
    for (let p = 0; p < theta.length; p++) gradient[p]! += factor * slopes.theta[p]!;
    for (let i = 0; i < w.length; i++) gradient[theta.length + i]! += factor * slopes.values[i]!;
  };
  for (let a = 0; a < d; a++) {
    // A_ab = F((a + b) / sqrt 2) - (F(a) + F(b)) / 2 stands at (a, b) and at (b, a).
    let diagonal = 2 * S.values[a * d + a]!;
    for (let b = 0; b < d; b++) diagonal -= S.values[a * d + b]!;
    visit(vectors[a]!, diagonal);
    for (let b = 0; b < a; b++) visit(halfway(vectors[a]!, vectors[b]!), 2 * S.values[a * d + b]!);
  }
}
