import { seeded } from '@qefm/quantum';
import { describe, expect, test } from 'vitest';
import { fitScaling, prepareInputs, selectFeatures, setBits } from '../../../core/model/features.ts';
import { indexFingerprints, nearest, similarities } from '../../../core/model/similarity.ts';
import { syntheticFeatures } from './synthetic.ts';

const table = syntheticFeatures(40, seeded(1));

function bitSet(index: number): Set<number> {
  const bits = new Set<number>();
  for (let bit = 0; bit < 2048; bit++) if ((table.fingerprints[index * 256 + (bit >> 3)]! >> (bit & 7)) & 1) bits.add(bit);
  return bits;
}

describe('setBits', () => {
  test('lists the bits of every fingerprint, ascending, least significant bit first', () => {
    const packed = new Uint8Array(512);
    packed[0] = 0b1000_0001;
    packed[255] = 0b1000_0000;
    packed[256 + 1] = 0b10;
    const { starts, bits } = setBits(packed, 2);
    expect([...starts]).toEqual([0, 3, 4]);
    expect([...bits]).toEqual([0, 7, 2047, 9]);
  });
});

describe('prepareInputs', () => {
  test('standardises on the fitted compounds and clips far values', () => {
    const scaling = fitScaling(table, [...Array(40).keys()]);
    const { descriptors } = prepareInputs(table, scaling);
    for (let d = 0; d < 5; d++) {
      let sum = 0;
      for (let i = 0; i < 40; i++) sum += descriptors.values[i * 5 + d]!;
      expect(sum).toBeCloseTo(0, 6);
    }
    const far = { ...table, descriptors: table.descriptors.map((value) => value + 1e6) };
    expect(Math.max(...prepareInputs(far, scaling).descriptors.values)).toBe(4);
  });

  test('survives a constant descriptor and refuses one that is not finite', () => {
    const constant = { ...table, descriptors: table.descriptors.map((value, i) => (i % 5 === 0 ? 3 : value)) };
    const scaling = fitScaling(constant, [0, 1, 2]);
    expect(prepareInputs(constant, scaling).descriptors.values[0]).toBe(0);
    const broken = { ...table, descriptors: table.descriptors.map((value, i) => (i === 7 ? Number.NaN : value)) };
    expect(() => prepareInputs(broken, scaling)).toThrow(/descriptor 2 of compound 1 is NaN/);
  });

  test('refuses another number of descriptors or of fingerprint bytes', () => {
    const scaling = fitScaling(table, [0, 1, 2]);
    expect(() => prepareInputs({ ...table, descriptors: new Float64Array(40 * 4) }, scaling)).toThrow(
      /trained on 5 descriptors, found 4/,
    );
    expect(() => prepareInputs({ ...table, fingerprints: new Uint8Array(100) }, scaling)).toThrow(/10240 fingerprint bytes/);
  });

  test('takes an empty table', () => {
    const empty = { count: 0, descriptors: new Float64Array(0), fingerprints: new Uint8Array(0) };
    expect(prepareInputs(empty, fitScaling(table, [0, 1])).count).toBe(0);
  });
});

describe('selectFeatures', () => {
  test('copies the named compounds in order', () => {
    const picked = selectFeatures(table, [3, 1]);
    expect([...picked.descriptors.subarray(0, 5)]).toEqual([...table.descriptors.subarray(15, 20)]);
    expect([...picked.fingerprints.subarray(256)]).toEqual([...table.fingerprints.subarray(256, 512)]);
    expect(() => selectFeatures(table, [40])).toThrow(/compound 40 wanted/);
  });
});

describe('similarities', () => {
  test('equal Tanimoto similarity counted bit by bit', () => {
    const index = indexFingerprints(table.fingerprints, table.count);
    const { starts, bits } = setBits(table.fingerprints, table.count);
    for (const i of [0, 5, 39]) {
      const found = similarities(index, bits.subarray(starts[i]!, starts[i + 1]!));
      for (let j = 0; j < table.count; j++) {
        const a = bitSet(i);
        const b = bitSet(j);
        const shared = [...a].filter((bit) => b.has(bit)).length;
        expect(found[j]).toBeCloseTo(shared / (a.size + b.size - shared), 14);
      }
      expect(nearest(found)).toEqual({ index: i, similarity: 1 });
    }
  });

  test('give 0 to compounds without any bit, and the nearest among the eligible only', () => {
    const index = indexFingerprints(new Uint8Array(512), 2);
    expect([...similarities(index, new Int32Array(0))]).toEqual([0, 0]);
    expect(nearest(Float64Array.of(0.9, 0.5, 0.5), Uint8Array.of(0, 1, 1))).toEqual({ index: 1, similarity: 0.5 });
    expect(nearest(Float64Array.of(0.9), Uint8Array.of(0)).index).toBe(-1);
  });
});
