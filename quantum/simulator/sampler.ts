/** Measurement outcomes from a distribution, with the seeded generator. */

import { must, QuantumError } from '../errors.ts';
import type { Random } from '../random.ts';

/** Outcomes of `shots` independent measurements as indices of the distribution, in the order they fell. */
export function sampleIndices(distribution: Float64Array, shots: number, random: Random): Uint32Array {
  must(Number.isInteger(shots) && shots >= 0, `a whole number of shots wanted, ${shots} found`);
  const cumulative = new Float64Array(distribution.length);
  let total = 0;
  for (let x = 0; x < distribution.length; x++) {
    const p = distribution[x]!;
    if (!(p >= -1e-12)) throw new QuantumError(`probabilities of at least 0 wanted, ${p} found`);
    total += Math.max(0, p);
    cumulative[x] = total;
  }
  must(Math.abs(total - 1) < 1e-6, `probabilities that sum to 1 wanted, sum ${total} found`);
  const out = new Uint32Array(shots);
  for (let i = 0; i < shots; i++) {
    const draw = random.uniform() * total;
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (cumulative[middle]! > draw) high = middle;
      else low = middle + 1;
    }
    out[i] = low;
  }
  return out;
}

/** How often each outcome fell [2^n]: a multinomial draw. */
export function sampleCounts(distribution: Float64Array, shots: number, random: Random): Uint32Array {
  const counts = new Uint32Array(distribution.length);
  for (const index of sampleIndices(distribution, shots, random)) counts[index] = counts[index]! + 1;
  return counts;
}

/** The bit string of an index, qubit 0 first. */
export function bitString(index: number, qubits: number): string {
  return index
    .toString(2)
    .padStart(qubits, '0')
    .slice(-qubits || undefined);
}

/** Relative frequencies as a distribution. */
export function frequencies(counts: ArrayLike<number>): Float64Array {
  let total = 0;
  for (let i = 0; i < counts.length; i++) total += counts[i]!;
  must(total > 0, 'frequencies: at least one count wanted');
  return Float64Array.from(counts, (count) => count / total);
}

/**
 * Means of Z strings (given as index masks) from a distribution or from frequencies.
 * `standardError` follows from a mean as sqrt((1 - mean²) / shots).
 */
export function meansOfZ(distribution: ArrayLike<number>, masks: readonly number[]): Float64Array {
  const means = new Float64Array(masks.length);
  for (let x = 0; x < distribution.length; x++) {
    const p = distribution[x]!;
    if (p === 0) continue;
    for (let i = 0; i < masks.length; i++) {
      let bits = x & masks[i]!;
      bits ^= bits >>> 16;
      bits ^= bits >>> 8;
      bits ^= bits >>> 4;
      means[i] = means[i]! + ((0x6996 >>> (bits & 15)) & 1 ? -p : p);
    }
  }
  return means;
}
