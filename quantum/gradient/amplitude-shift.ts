/**
 * Exact gradients in the encoded vector, from other encoded vectors: no ancilla, no small step, any device.
 * For real ψ = x/‖x‖ and a unit vector v orthogonal to ψ, 2 Re⟨ψ|A|v⟩ = F((ψ+v)/√2) - F((ψ-v)/√2), with F(φ) = ⟨φ|A|φ⟩ and
 * A = U†OU; both right-hand states are ordinary amplitude-encoded vectors. The identity is the polarisation identity of a
 * quadratic form, so every observable of one measurement shares the same two circuits.
 */

import { must } from '../errors.ts';

/** Below this length a direction counts as parallel to ψ: moving along it changes only the norm. */
const PARALLEL = 1e-6;

export interface AmplitudeShiftPlan {
  /** Vectors to encode and run, of unit norm: plus and minus of each direction that is not parallel to x, in order. */
  readonly vectors: readonly Float64Array[];
  /** ‖x‖. */
  readonly norm: number;
  /** From the m means of every vector ([vector][m]) to dF/dz [m][k]; 0 for directions parallel to x. */
  readonly assemble: (means: readonly ArrayLike<number>[]) => Float64Array[];
}

/**
 * The circuits for the gradient along k directions, where x = x0 + Σ z_j B_j and F(z) = F(x/‖x‖).
 *
 * shapes  vector x [2^n]; directions k vectors B_j [2^n], not necessarily normalised
 * result  dF_i/dz_j = (ν_j/r) [F_i((ψ+v_j)/√2) - F_i((ψ-v_j)/√2)], q_j = B_j - ψ(ψ·B_j), ν_j = ‖q_j‖, v_j = q_j/ν_j, r = ‖x‖
 * cost    two circuits per direction
 */
export function planAmplitudeShift(vector: ArrayLike<number>, directions: readonly ArrayLike<number>[]): AmplitudeShiftPlan {
  const norm = Math.sqrt(dot(vector, vector));
  must(norm > 0, 'amplitude shift: a vector that is not zero wanted');
  const psi = Float64Array.from(vector, (x) => x / norm);
  const vectors: Float64Array[] = [];
  const lengths = directions.map((direction, j) => {
    must(direction.length === psi.length, `direction ${j}: ${psi.length} numbers wanted, ${direction.length} found`);
    const along = dot(psi, direction);
    const q = Float64Array.from(direction, (b, i) => b - psi[i]! * along);
    const nu = Math.sqrt(dot(q, q));
    if (nu < PARALLEL) return 0;
    for (const sign of [1, -1]) vectors.push(psi.map((value, i) => (value + (sign * q[i]!) / nu) * Math.SQRT1_2));
    return nu;
  });
  const assemble = (means: readonly ArrayLike<number>[]): Float64Array[] => {
    must(means.length === vectors.length, `${vectors.length} results wanted, ${means.length} found`);
    const observables = means[0]?.length ?? 0;
    const gradients = Array.from({ length: observables }, () => new Float64Array(directions.length));
    let row = 0;
    lengths.forEach((nu, j) => {
      if (nu === 0) return;
      const plus = means[row++]!;
      const minus = means[row++]!;
      must(plus.length === observables && minus.length === observables, `${observables} means in every result wanted`);
      gradients.forEach((gradient, m) => {
        gradient[j] = (nu / norm) * (plus[m]! - minus[m]!);
      });
    });
    return gradients;
  };
  return { vectors, norm, assemble };
}

/** The same along every coordinate of x: dF/dx [m][2^n] from 2 · 2^n circuits at most. */
export function planFullAmplitudeShift(vector: ArrayLike<number>): AmplitudeShiftPlan {
  const unit = (j: number) => Float64Array.from({ length: vector.length }, (_, i) => (i === j ? 1 : 0));
  return planAmplitudeShift(
    vector,
    Array.from({ length: vector.length }, (_, j) => unit(j)),
  );
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
