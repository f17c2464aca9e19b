/** Ready-made circuits: the hardware-efficient ansatz and the exact loading of a real vector into amplitudes. */

import { must } from '../errors.ts';
import type { Angle } from './angle.ts';
import { parameter } from './angle.ts';
import type { Circuit, CircuitBuilder } from './circuit.ts';
import { buildCircuit } from './circuit.ts';
import { neighbours } from './pauli.ts';

export interface AnsatzOptions {
  readonly qubits: number;
  readonly layers: number;
  /** Where the CZ gates lie; 'none' leaves them out (the ablation without entanglement). Default 'ring'. */
  readonly entangler?: 'ring' | 'line' | 'none';
  /** A last RY on every qubit. Default true. */
  readonly finalRotation?: boolean;
  /** Parameters are called prefix0, prefix1, …; default 'theta'. */
  readonly prefix?: string;
}

/** Number of angles of the ansatz: 2 n L, and n more with the final rotation. */
export function ansatzParameterCount(options: AnsatzOptions): number {
  return 2 * options.qubits * options.layers + ((options.finalRotation ?? true) ? options.qubits : 0);
}

/**
 * L layers of RY and RZ on every qubit and CZ on neighbours, then a last RY.
 * Parameter order: layer by layer; in a layer RY and RZ of qubit 0, then of qubit 1, and so on.
 * source  Kandala et al. 2017, arXiv:1704.05018, with CZ as the entangler
 */
export function hardwareEfficientAnsatz(options: AnsatzOptions): Circuit {
  const { qubits, layers, entangler = 'ring', finalRotation = true, prefix = 'theta' } = options;
  must(Number.isInteger(layers) && layers >= 0, `ansatz: a whole number of layers wanted, ${layers} found`);
  const pairs = entangler === 'none' ? [] : neighbours(qubits, entangler);
  return buildCircuit(qubits, (builder) => {
    let next = 0;
    for (let layer = 0; layer < layers; layer++) {
      for (let qubit = 0; qubit < qubits; qubit++) {
        builder.gate('ry', [qubit], [parameter(`${prefix}${next++}`)]);
        builder.gate('rz', [qubit], [parameter(`${prefix}${next++}`)]);
      }
      for (const [a, b] of pairs) builder.gate('cz', [a, b]);
    }
    if (!finalRotation) return;
    for (let qubit = 0; qubit < qubits; qubit++) builder.gate('ry', [qubit], [parameter(`${prefix}${next++}`)]);
  });
}

/**
 * Loads any real vector of length 2^n exactly, signs included: RY on qubit 0, then on each further qubit an RY for every value of
 * the qubits before it, written in Gray-code order with one CNOT per angle: 2^n - 1 angles and 2^n - 2 CNOTs.
 * The angles are parameters prefix0 … (values from `encodingAngles`), so one program serves every sample.
 * source  Möttönen, Vartiainen, Bergholm and Salomaa 2005, arXiv:quant-ph/0407010, section 2
 */
export function amplitudeEncoding(qubits: number, prefix = 'x'): Circuit {
  return buildCircuit(qubits, (builder) => {
    writeEncoding(
      builder,
      qubits,
      Array.from({ length: 2 ** qubits - 1 }, (_, i) => parameter(`${prefix}${i}`)),
    );
  });
}

/** The same with literal angles, for one vector [2^n]. */
export function amplitudeEncodingOf(vector: ArrayLike<number>): Circuit {
  const angles = encodingAngles(vector);
  const qubits = Math.log2(angles.length + 1);
  return buildCircuit(qubits, (builder) => writeEncoding(builder, qubits, [...angles]));
}

function writeEncoding(builder: CircuitBuilder, qubits: number, angles: readonly Angle[]): void {
  let next = 0;
  for (let target = 0; target < qubits; target++) {
    const count = 2 ** target;
    for (let i = 0; i < count; i++) {
      builder.gate('ry', [target], [angles[next++]!]);
      if (target > 0) builder.gate('cnot', [target - 1 - changedBit(i, target), target]);
    }
  }
}

/** Bit in which the i-th and the next word of the Gray code of `width` bits differ; the last word returns to the first. */
function changedBit(i: number, width: number): number {
  const changed = i + 1 === 2 ** width ? width - 1 : Math.log2((i + 1) & -(i + 1));
  return changed;
}

/**
 * The angles that load a real vector.
 *
 * shapes  vector [2^n], any norm above 0; result [2^n - 1] radians: level by level, each level in Gray-code order
 * method  tree of norms, the leaves keep their signs: angle 2 atan2(right, left); then per level the Walsh-Hadamard transform
 *         that turns angles per control value into angles between CNOTs
 * throws  QuantumError for a length that is not a power of two, for a zero or non-finite vector
 */
export function encodingAngles(vector: ArrayLike<number>, out?: Float64Array): Float64Array {
  const size = vector.length;
  const qubits = Math.round(Math.log2(size));
  must(size >= 2 && 2 ** qubits === size, `encoding: a vector of length 2^n wanted, length ${size} found`);
  const angles = out ?? new Float64Array(size - 1);
  must(angles.length === size - 1, `encoding: room for ${size - 1} angles wanted, ${angles.length} found`);
  let level: Float64Array = Float64Array.from(vector);
  for (const value of level) must(Number.isFinite(value), `encoding: finite numbers wanted, ${value} found`);
  for (let target = qubits - 1; target >= 0; target--) {
    const count = 2 ** target;
    const norms = new Float64Array(count);
    const first = count - 1;
    for (let j = 0; j < count; j++) {
      const left = level[2 * j]!;
      const right = level[2 * j + 1]!;
      angles[first + j] = 2 * Math.atan2(right, left);
      norms[j] = Math.hypot(left, right);
    }
    grayTransform(angles.subarray(first, first + count));
    level = norms;
  }
  must(level[0]! > 0, 'encoding: a vector that is not zero wanted');
  return angles;
}

/** angle_i = 2^-l Σ_j (-1)^{popcount(j & gray(i))} alpha_j, in place. */
function grayTransform(alpha: Float64Array): void {
  const size = alpha.length;
  for (let half = 1; half < size; half *= 2) {
    for (let block = 0; block < size; block += 2 * half) {
      for (let i = block; i < block + half; i++) {
        const a = alpha[i]!;
        const b = alpha[i + half]!;
        alpha[i] = a + b;
        alpha[i + half] = a - b;
      }
    }
  }
  const transformed = Float64Array.from(alpha);
  for (let i = 0; i < size; i++) alpha[i] = transformed[i ^ (i >>> 1)]! / size;
}
