import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createFingerprintIndex,
  FINGERPRINT_BYTES,
  morganCounts,
  morganFingerprint,
  onBits,
  popCount,
  tanimoto,
} from '../../../core/molecule/fingerprint.ts';
import { graphFromCanonicalSmiles } from '../../../core/molecule/graph.ts';
import { isLigandLike, readable } from './golden.ts';

const fingerprints = fc.uint8Array({ minLength: FINGERPRINT_BYTES, maxLength: FINGERPRINT_BYTES });

describe('morganFingerprint', () => {
  test('sets the bits that Python RDKit sets, and counts what it counts', () => {
    const compared = readable.filter(({ canonical }) => isLigandLike(canonical));
    expect(compared.length).toBeGreaterThan(500);
    for (const { canonical, morgan, counts } of compared) {
      const graph = graphFromCanonicalSmiles(canonical);
      expect(onBits(morganFingerprint(graph)), canonical).toEqual(morgan);
      expect(
        morganCounts(graph).map(({ count }) => count),
        canonical,
      ).toEqual(counts);
    }
  });

  test('does not depend on how the molecule is written', () => {
    const left = morganFingerprint(graphFromCanonicalSmiles('CC(=O)Nc1ccc(O)cc1'));
    const right = morganFingerprint(graphFromCanonicalSmiles('c1c(O)ccc(NC(C)=O)c1'));
    expect(right).toEqual(left);
  });
});

describe('tanimoto', () => {
  test('is 1 for equals, symmetric, and between 0 and 1', () => {
    fc.assert(
      fc.property(fingerprints, fingerprints, (a, b) => {
        const similarity = tanimoto(a, b);
        expect(tanimoto(b, a)).toBe(similarity);
        expect(similarity).toBeGreaterThanOrEqual(0);
        expect(similarity).toBeLessThanOrEqual(1);
        if (popCount(a) > 0) expect(tanimoto(a, a)).toBe(1);
      }),
    );
  });

  test('counts shared bits over all bits', () => {
    expect(tanimoto(Uint8Array.of(0b1100), Uint8Array.of(0b0110))).toBeCloseTo(1 / 3, 15);
    expect(tanimoto(Uint8Array.of(0), Uint8Array.of(0))).toBe(0);
    expect(() => tanimoto(new Uint8Array(1), new Uint8Array(2))).toThrow('1 and 2 bytes');
  });
});

describe('createFingerprintIndex', () => {
  test('finds the neighbours that comparing with everyone finds', () => {
    fc.assert(
      fc.property(
        fc.array(fingerprints, { minLength: 1, maxLength: 30 }),
        fingerprints,
        fc.integer({ min: 1, max: 5 }),
        (references, query, k) => {
          const wanted = references
            .map((reference, index) => ({ index, similarity: tanimoto(query, reference) }))
            .sort((a, b) => b.similarity - a.similarity || a.index - b.index)
            .slice(0, k);
          expect(createFingerprintIndex(references).nearest(query, k)).toEqual(wanted);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('finds neighbours among real molecules and refuses a fingerprint of another length', () => {
    const set = readable.slice(0, 200).map(({ canonical }) => morganFingerprint(graphFromCanonicalSmiles(canonical)));
    const index = createFingerprintIndex(set);
    expect(index.nearest(set[17]!, 1)[0]!.similarity).toBe(1);
    expect(index.size).toBe(200);
    expect(() => createFingerprintIndex([new Uint8Array(8)])).toThrow('256 bytes, found 8');
  });
});
