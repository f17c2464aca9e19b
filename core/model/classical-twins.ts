/** The classical heads that the quantum one is compared with, on the same latent numbers. */
import type { Random } from '@qefm/quantum';
import { type Matrix, row } from '../math/linalg.ts';

/** A differentiable function of a batch of latent numbers [B, k], with its own flat parameters. */
export interface LatentFunction {
  initial: Float64Array;
  /** The first so many parameters stay as they are. */
  held: number;
  forward(parameters: Float64Array, z: Matrix): Float64Array;
  /** Gradient of sum_m dy[m] f(z_m) in the parameters. */
  backward(parameters: Float64Array, z: Matrix, dy: Float64Array): Float64Array;
}

export type ClassicalTwinKind = 'mlp' | 'quadratic' | 'linear';

/**
 * linear     f = a.z + c                                    k + 1 parameters
 * quadratic  f = sum_{i=1,2} l_i (a_i.(1, z))^2 + c         2 (k + 2) + 1: the free form of rank 2 that the circuit is a restriction of
 * mlp        f = v.tanh(A z + d) + c, width 7               7 (k + 2) + 1: about as many as the circuit head has
 */
export function classicalTwin(
  kind: ClassicalTwinKind,
  { latentSize }: { latentSize: number },
  meanTarget: number,
  random: Random,
): LatentFunction {
  if (kind === 'linear') return linear(latentSize, meanTarget);
  return kind === 'quadratic' ? quadratic(latentSize, meanTarget, random) : perceptron(latentSize, 7, meanTarget, random);
}

function linear(k: number, meanTarget: number): LatentFunction {
  const initial = new Float64Array(k + 1);
  initial[k] = meanTarget;
  return {
    initial,
    held: 0,
    forward: (parameters, z) => mapRows(z, (zm) => parameters[k]! + product(parameters, 0, zm)),
    backward: (parameters, z, dy) => {
      const gradient = new Float64Array(parameters.length);
      eachRow(z, (zm, m) => {
        for (let j = 0; j < k; j++) gradient[j]! += dy[m]! * zm[j]!;
        gradient[k]! += dy[m]!;
      });
      return gradient;
    },
  };
}

/** Parameters per rank: l, the coefficient of 1, then k of z; last of all c. */
function quadratic(k: number, meanTarget: number, random: Random): LatentFunction {
  const ranks = 2;
  const stride = k + 2;
  const initial = random.fillNormal(new Float64Array(ranks * stride + 1), 0.1);
  for (let i = 0; i < ranks; i++) {
    initial[i * stride] = i === 0 ? 1 : -1;
    initial[i * stride + 1] = 0.5;
  }
  initial[ranks * stride] = meanTarget;
  const inner = (parameters: Float64Array, i: number, zm: Float64Array) =>
    parameters[i * stride + 1]! + product(parameters, i * stride + 2, zm);
  return {
    initial,
    held: 0,
    forward: (parameters, z) =>
      mapRows(z, (zm) => {
        let sum = parameters[ranks * stride]!;
        for (let i = 0; i < ranks; i++) sum += parameters[i * stride]! * inner(parameters, i, zm) ** 2;
        return sum;
      }),
    backward: (parameters, z, dy) => {
      const gradient = new Float64Array(parameters.length);
      eachRow(z, (zm, m) => {
        for (let i = 0; i < ranks; i++) {
          const value = inner(parameters, i, zm);
          const slope = 2 * dy[m]! * parameters[i * stride]! * value;
          gradient[i * stride]! += dy[m]! * value * value;
          gradient[i * stride + 1]! += slope;
          for (let j = 0; j < k; j++) gradient[i * stride + 2 + j]! += slope * zm[j]!;
        }
        gradient[ranks * stride]! += dy[m]!;
      });
      return gradient;
    },
  };
}

/** Parameters per unit: v, its bias d, then k of z; last of all c. */
function perceptron(k: number, width: number, meanTarget: number, random: Random): LatentFunction {
  const stride = k + 2;
  const initial = random.fillNormal(new Float64Array(width * stride + 1), 1 / Math.sqrt(k));
  initial[width * stride] = meanTarget;
  const unit = (parameters: Float64Array, i: number, zm: Float64Array) =>
    Math.tanh(parameters[i * stride + 1]! + product(parameters, i * stride + 2, zm));
  return {
    initial,
    held: 0,
    forward: (parameters, z) =>
      mapRows(z, (zm) => {
        let sum = parameters[width * stride]!;
        for (let i = 0; i < width; i++) sum += parameters[i * stride]! * unit(parameters, i, zm);
        return sum;
      }),
    backward: (parameters, z, dy) => {
      const gradient = new Float64Array(parameters.length);
      eachRow(z, (zm, m) => {
        for (let i = 0; i < width; i++) {
          const value = unit(parameters, i, zm);
          const slope = dy[m]! * parameters[i * stride]! * (1 - value * value);
          gradient[i * stride]! += dy[m]! * value;
          gradient[i * stride + 1]! += slope;
          for (let j = 0; j < k; j++) gradient[i * stride + 2 + j]! += slope * zm[j]!;
        }
        gradient[width * stride]! += dy[m]!;
      });
      return gradient;
    },
  };
}

function product(parameters: Float64Array, offset: number, z: Float64Array): number {
  let sum = 0;
  for (let j = 0; j < z.length; j++) sum += parameters[offset + j]! * z[j]!;
  return sum;
}

function eachRow(z: Matrix, visit: (zm: Float64Array, m: number) => void): void {
  for (let m = 0; m < z.rows; m++) visit(row(z, m), m);
}

function mapRows(z: Matrix, value: (zm: Float64Array) => number): Float64Array {
  return Float64Array.from({ length: z.rows }, (_, m) => value(row(z, m)));
}
