/** Compounds that never were: families of similar fingerprints, and a label that descriptors and a few bits decide. */
import { type Random, seeded } from '@qefm/quantum';
import { type LabelledCompounds, labelledCompounds } from '../../../core/model/affinity-model.ts';
import type { Split } from '../../../core/model/calibration.ts';
import type { FeatureTable } from '../../../core/model/features.ts';

export const DESCRIPTORS = ['mass', 'logP', 'area', 'donors', 'rings'] as const;

/** N compounds in families of about 6; bits 0 to 29 matter to the label, the rest does not. */
export function syntheticFeatures(count: number, random: Random): FeatureTable {
  const width = DESCRIPTORS.length;
  const table = { count, descriptors: new Float64Array(count * width), fingerprints: new Uint8Array(count * 256) };
  let family: number[] = [];
  for (let i = 0; i < count; i++) {
    if (i % 6 === 0)
      family = Array.from({ length: 30 }, () => random.integer(2048)).concat(Array.from({ length: 8 }, () => random.integer(30)));
    const bits = [...family.filter(() => random.uniform() < 0.8), random.integer(2048), random.integer(30)];
    for (const bit of bits) table.fingerprints[i * 256 + (bit >> 3)]! |= 1 << (bit & 7);
    for (let d = 0; d < width; d++) table.descriptors[i * width + d] = 10 * d + (d + 1) * random.normal();
  }
  return table;
}

/** 6.5 + descriptors and bits, with noise of 0.3 pK. */
export function syntheticLabels(table: FeatureTable, random: Random): Float64Array {
  const width = DESCRIPTORS.length;
  return Float64Array.from({ length: table.count }, (_, i) => {
    const scaled = (d: number) => (table.descriptors[i * width + d]! - 10 * d) / (d + 1);
    let value = 6.5 + 0.6 * scaled(0) - 0.4 * scaled(1) + 0.3 * scaled(2) * scaled(0);
    for (let bit = 0; bit < 30; bit++) {
      if ((table.fingerprints[i * 256 + (bit >> 3)]! >> (bit & 7)) & 1) value += bit % 2 === 0 ? 0.25 : -0.25;
    }
    return value + 0.3 * random.normal();
  });
}

export function syntheticLabelled(count: number, seed: number): LabelledCompounds {
  const random = seeded(seed, 'synthetic');
  const features = syntheticFeatures(count, random.fork('features'));
  // Whole families go to one split, as scaffolds do.
  const splits = Array.from({ length: count }, (_, i): Split => {
    const place = Math.floor(i / 6) % 10;
    return place < 7 ? 'train' : place < 8 ? 'validation' : 'calibration';
  });
  return labelledCompounds({
    ids: Array.from({ length: count }, (_, i) => `C${i}`),
    pK: syntheticLabels(features, random.fork('labels')),
    relations: Array.from({ length: count }, () => '=' as const),
    splits,
    features,
  });
}

/** Settings small enough for a unit test. */
export const quickSettings = {
  width: 16,
  features: 12,
  batch: 32,
  maximumEpochs: 25,
  patience: 25,
  learningRate: 5e-3,
  weightDecay: 0.05,
  bitDropout: 0.1,
  hiddenDropout: 0,
} as const;
