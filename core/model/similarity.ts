/** Nearest labelled neighbour by Tanimoto similarity, through an inverted index of fingerprint bits. */
import { FINGERPRINT_BITS, setBits } from './features.ts';

export interface SimilarityIndex {
  count: number;
  /** Number of set bits of each indexed compound. */
  sizes: Int32Array;
  /** Compounds that have bit b: members[starts[b]] .. members[starts[b + 1] - 1]. */
  starts: Int32Array;
  members: Int32Array;
}

export interface Neighbour {
  /** -1 where nothing was eligible. */
  index: number;
  similarity: number;
}

export function indexFingerprints(fingerprints: Uint8Array, count: number): SimilarityIndex {
  const { starts: rowStarts, bits } = setBits(fingerprints, count);
  const starts = new Int32Array(FINGERPRINT_BITS + 1);
  for (const bit of bits) starts[bit + 1]!++;
  for (let b = 0; b < FINGERPRINT_BITS; b++) starts[b + 1]! += starts[b]!;
  const next = starts.slice(0, FINGERPRINT_BITS);
  const members = new Int32Array(bits.length);
  const sizes = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    sizes[i] = rowStarts[i + 1]! - rowStarts[i]!;
    for (let k = rowStarts[i]!; k < rowStarts[i + 1]!; k++) members[next[bits[k]!]!++] = i;
  }
  return { count, sizes, starts, members };
}

/**
 * Tanimoto similarity |A and B| / |A or B| of one compound, given by its set bits, to every indexed one.
 * Two compounds without any bit have similarity 0.
 *
 * shapes  bits [m] ascending; result [index.count], written into `into` when given
 */
export function similarities(index: SimilarityIndex, bits: Int32Array, into = new Float64Array(index.count)): Float64Array {
  into.fill(0);
  for (const bit of bits) for (let k = index.starts[bit]!; k < index.starts[bit + 1]!; k++) into[index.members[k]!]!++;
  for (let i = 0; i < index.count; i++) {
    const shared = into[i]!;
    if (shared > 0) into[i] = shared / (bits.length + index.sizes[i]! - shared);
  }
  return into;
}

/** The most similar compound among those for which `eligible` is non-zero; the lowest index wins a tie. */
export function nearest(similarity: Float64Array, eligible?: Uint8Array): Neighbour {
  let best: Neighbour = { index: -1, similarity: 0 };
  for (let i = 0; i < similarity.length; i++) {
    if (eligible !== undefined && eligible[i] === 0) continue;
    if (best.index < 0 || similarity[i]! > best.similarity) best = { index: i, similarity: similarity[i]! };
  }
  return best;
}
