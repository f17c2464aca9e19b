/** What random circuits for the exact peers are made of: matrices, and a circuit as JSON for a process in Python. */

import type { Circuit, ComplexMatrix, Random } from '../../quantum/index.ts';

/**
 * A random complex matrix with orthonormal columns, from normal deviates by Gram and Schmidt, twice for accuracy.
 * shapes  [2 · rows · columns], row-major, interleaved; rows ≥ columns
 * error   columns orthonormal to 1e-15 or so
 */
export function randomIsometry(random: Random, rows: number, columns: number): Float64Array {
  const out = random.fillNormal(new Float64Array(2 * rows * columns));
  const at = (row: number, column: number) => 2 * (row * columns + column);
  for (let column = 0; column < columns; column++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let before = 0; before < column; before++) {
        let re = 0;
        let im = 0;
        for (let row = 0; row < rows; row++) {
          const [a, b] = [at(row, before), at(row, column)];
          re += out[a]! * out[b]! + out[a + 1]! * out[b + 1]!;
          im += out[a]! * out[b + 1]! - out[a + 1]! * out[b]!;
        }
        for (let row = 0; row < rows; row++) {
          const [a, b] = [at(row, before), at(row, column)];
          out[b] = out[b]! - (re * out[a]! - im * out[a + 1]!);
          out[b + 1] = out[b + 1]! - (re * out[a + 1]! + im * out[a]!);
        }
      }
    }
    let square = 0;
    for (let row = 0; row < rows; row++) square += out[at(row, column)]! ** 2 + out[at(row, column) + 1]! ** 2;
    for (let row = 0; row < rows; row++) {
      out[at(row, column)] = out[at(row, column)]! / Math.sqrt(square);
      out[at(row, column) + 1] = out[at(row, column) + 1]! / Math.sqrt(square);
    }
  }
  return out;
}

/** A random unitary matrix on `qubits` qubits. */
export function randomUnitary(random: Random, qubits: number): ComplexMatrix {
  return randomIsometry(random, 2 ** qubits, 2 ** qubits);
}

/** `count` random Kraus operators on `qubits` qubits: the blocks of an isometry, so that Σ K†K = 1. */
export function randomKraus(random: Random, qubits: number, count: number): ComplexMatrix[] {
  const dimension = 2 ** qubits;
  const stacked = randomIsometry(random, count * dimension, dimension);
  const size = 2 * dimension * dimension;
  return Array.from({ length: count }, (_, k) => stacked.slice(k * size, (k + 1) * size));
}

/** The circuit's own fields, matrices as flat lists (re, im) of the first target most significant. */
export function circuitJson({ qubits, parameters, operations }: Circuit): object {
  return JSON.parse(
    JSON.stringify({ qubits, parameters, operations }, (_, value: unknown) =>
      value instanceof Float64Array ? Array.from(value) : value,
    ),
  ) as object;
}
