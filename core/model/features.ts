/** What the backbone sees of a compound: standardised descriptors and the set bits of a Morgan fingerprint. */
import { FINGERPRINT_BYTES } from '../contracts/artifacts.ts';
import { type Matrix, matrix } from '../math/linalg.ts';

export const FINGERPRINT_BITS = FINGERPRINT_BYTES * 8;

/** N compounds as they lie in an encoded shard. */
export interface FeatureTable {
  count: number;
  /** [N * D], row-major, in their own units. */
  descriptors: Float64Array;
  /** [N * 256], Morgan bits packed eight to a byte, least significant bit first. */
  fingerprints: Uint8Array;
}

/** N compounds ready for the backbone. */
export interface Inputs {
  count: number;
  /** Standardised and clipped descriptors [N, D]. */
  descriptors: Matrix;
  /** Set bits of compound i: bits[starts[i]] .. bits[starts[i + 1] - 1], ascending. */
  starts: Int32Array;
  bits: Int32Array;
}

export interface Scaling {
  means: Float64Array;
  deviations: Float64Array;
}

/** Standardised descriptors beyond this are cut: a freak of a library must not leave the range the network was trained in. */
const CLIP = 4;

const bitsOfByte: readonly (readonly number[])[] = Array.from({ length: 256 }, (_, byte) =>
  [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1),
);

/** Number of descriptors a compound; throws RangeError when the arrays do not belong to `count` compounds. */
export function descriptorCount({ count, descriptors, fingerprints }: FeatureTable): number {
  if (fingerprints.length !== count * FINGERPRINT_BYTES) {
    throw new RangeError(`${count} compounds want ${count * FINGERPRINT_BYTES} fingerprint bytes, found ${fingerprints.length}`);
  }
  if (count === 0) return 0;
  if (descriptors.length === 0 || descriptors.length % count !== 0) {
    throw new RangeError(`${descriptors.length} descriptor values do not divide among ${count} compounds`);
  }
  return descriptors.length / count;
}

export function selectFeatures(table: FeatureTable, indices: readonly number[]): FeatureTable {
  const width = descriptorCount(table);
  const picked: FeatureTable = {
    count: indices.length,
    descriptors: new Float64Array(indices.length * width),
    fingerprints: new Uint8Array(indices.length * FINGERPRINT_BYTES),
  };
  for (const [position, index] of indices.entries()) {
    if (!(index >= 0 && index < table.count)) throw new RangeError(`compound ${index} wanted, the table has ${table.count}`);
    picked.descriptors.set(table.descriptors.subarray(index * width, (index + 1) * width), position * width);
    picked.fingerprints.set(
      table.fingerprints.subarray(index * FINGERPRINT_BYTES, (index + 1) * FINGERPRINT_BYTES),
      position * FINGERPRINT_BYTES,
    );
  }
  return picked;
}

/** Mean and standard deviation of each descriptor over the named compounds; a constant descriptor gets deviation 1. */
export function fitScaling(table: FeatureTable, indices: readonly number[]): Scaling {
  const width = descriptorCount(table);
  const means = new Float64Array(width);
  const deviations = new Float64Array(width);
  for (const i of indices) for (let j = 0; j < width; j++) means[j]! += table.descriptors[i * width + j]! / indices.length;
  for (const i of indices) {
    for (let j = 0; j < width; j++) deviations[j]! += (table.descriptors[i * width + j]! - means[j]!) ** 2 / indices.length;
  }
  return { means, deviations: deviations.map((variance) => (variance > 1e-12 ? Math.sqrt(variance) : 1)) };
}

/** Throws RangeError for a wrong number of descriptors or one that is not finite. */
export function prepareInputs(table: FeatureTable, { means, deviations }: Scaling): Inputs {
  const { count } = table;
  const width = means.length;
  if (count > 0 && descriptorCount(table) !== width) {
    throw new RangeError(`the model was trained on ${width} descriptors, found ${descriptorCount(table)}`);
  }
  const descriptors = matrix(count, width);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < width; j++) {
      const value = table.descriptors[i * width + j]!;
      if (!Number.isFinite(value)) throw new RangeError(`descriptor ${j} of compound ${i} is ${value}`);
      descriptors.values[i * width + j] = Math.max(-CLIP, Math.min(CLIP, (value - means[j]!) / deviations[j]!));
    }
  }
  return { count, descriptors, ...setBits(table.fingerprints, count) };
}

/** The set bits of packed fingerprints in compressed rows. */
export function setBits(fingerprints: Uint8Array, count: number): { starts: Int32Array; bits: Int32Array } {
  const starts = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) {
    let set = 0;
    for (let b = 0; b < FINGERPRINT_BYTES; b++) set += bitsOfByte[fingerprints[i * FINGERPRINT_BYTES + b]!]!.length;
    starts[i + 1] = starts[i]! + set;
  }
  const bits = new Int32Array(starts[count]!);
  let next = 0;
  for (let i = 0; i < count; i++) {
    for (let b = 0; b < FINGERPRINT_BYTES; b++) {
      for (const bit of bitsOfByte[fingerprints[i * FINGERPRINT_BYTES + b]!]!) bits[next++] = b * 8 + bit;
    }
  }
  return { starts, bits };
}
