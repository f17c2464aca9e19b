import type { MolecularGraph } from './graph.ts';

export const FINGERPRINT_BITS = 2048;
export const FINGERPRINT_BYTES = FINGERPRINT_BITS / 8;

/** Hash step of boost::hash_combine on 32 bits. */
const combine = (seed: number, value: number): number => (seed ^ (value + 0x9e3779b9 + (seed << 6) + (seed >>> 2))) >>> 0;

/**
 * Environments of the Morgan fingerprint of radius 2, one 32-bit identifier per environment, repeats included.
 *
 * Bit for bit the environments of RDKit's Morgan generator with its default invariants (atomic number, total degree, hydrogens, charge, ring
 * membership; bond types; no chirality). RDKit's WASM build gives neither counts nor identifiers, and turning its bits into bytes costs more than
 * this function. Isotope labels are ignored, as standardisation removes them.
 *
 * source  Rogers and Hahn 2010, J. Chem. Inf. Model. 50:742
 */
export function morganEnvironments(graph: MolecularGraph, radius = 2): number[] {
  const atoms = graph.atomicNumbers.length;
  const { neighbourStart, neighbourAtoms, neighbourBonds, bondOrders } = graph;
  const environments: number[] = [];
  let invariants = new Array<number>(atoms);
  for (let a = 0; a < atoms; a++) {
    const degree = neighbourStart[a + 1]! - neighbourStart[a]! + graph.hydrogens[a]!;
    let hash = combine(0, graph.atomicNumbers[a]!);
    hash = combine(hash, degree);
    hash = combine(hash, graph.hydrogens[a]!);
    hash = combine(hash, graph.charges[a]! >>> 0);
    hash = combine(hash, 0); // difference of mass to the natural element
    if (graph.atomInRing[a] === 1) hash = combine(hash, 1);
    invariants[a] = hash;
    environments.push(hash);
  }

  // The set of bonds that an environment covers, as words of 32 bits; row a belongs to atom a.
  const words = Math.max(1, (bondOrders.length + 31) >>> 5);
  let covered = new Int32Array(atoms * words);
  const dead = new Uint8Array(atoms);
  const seen = new Map<number, CoveredSet[]>();
  const pairs: number[] = [];
  for (let layer = 0; layer < radius; layer++) {
    const nextInvariants = new Array<number>(atoms).fill(0);
    const nextCovered = covered.slice();
    const fresh: CoveredSet[] = [];
    for (let a = 0; a < atoms; a++) {
      if (dead[a] === 1) continue;
      const begin = neighbourStart[a]!;
      const end = neighbourStart[a + 1]!;
      if (begin === end) {
        dead[a] = 1;
        continue;
      }
      pairs.length = 0;
      for (let i = begin; i < end; i++) {
        const bond = neighbourBonds[i]!;
        const other = neighbourAtoms[i]!;
        nextCovered[a * words + (bond >>> 5)]! |= 1 << (bond & 31);
        for (let w = 0; w < words; w++) nextCovered[a * words + w]! |= covered[other * words + w]!;
        // Sorted by bond type, then invariant: one exact double holds both (5 and 32 bits). An atom has few neighbours, so by insertion.
        const pair = bondOrders[bond]! * 4294967296 + invariants[other]!;
        let place = pairs.length;
        while (place > 0 && pairs[place - 1]! > pair) {
          pairs[place] = pairs[place - 1]!;
          place--;
        }
        pairs[place] = pair;
      }
      let hash = combine(layer, invariants[a]!);
      for (const pair of pairs) hash = combine(hash, combine(combine(0, Math.floor(pair / 4294967296)), pair % 4294967296));
      nextInvariants[a] = hash;

      // Of environments that cover the same bonds only one counts: that of an earlier layer, else the smallest identifier of this one.
      const start = a * words;
      let key = 0;
      for (let w = 0; w < words; w++) key = (Math.imul(key, 31) + nextCovered[start + w]!) | 0;
      let bucket = seen.get(key);
      if (bucket === undefined) {
        bucket = [];
        seen.set(key, bucket);
      }
      const same = bucket.find((other) => isSameSet(other, nextCovered, start, words));
      if (same === undefined) {
        const entry = { covered: nextCovered, start, layer, atom: a, invariant: hash };
        bucket.push(entry);
        fresh.push(entry);
      } else if (same.layer === layer && hash < same.invariant) {
        dead[same.atom] = 1;
        same.atom = a;
        same.invariant = hash;
      } else {
        dead[a] = 1;
      }
    }
    for (const entry of fresh) environments.push(entry.invariant);
    invariants = nextInvariants;
    covered = nextCovered;
  }
  return environments;
}

interface CoveredSet {
  readonly covered: Int32Array;
  readonly start: number;
  readonly layer: number;
  atom: number;
  invariant: number;
}

function isSameSet(set: CoveredSet, covered: Int32Array, start: number, words: number): boolean {
  for (let w = 0; w < words; w++) if (set.covered[set.start + w] !== covered[start + w]) return false;
  return true;
}

/** Morgan fingerprint, radius 2, folded to 2048 bits: bit b is bit `b & 7` of byte `b >> 3`. Shape [256]. */
export function morganFingerprint(graph: MolecularGraph): Uint8Array {
  const bytes = new Uint8Array(FINGERPRINT_BYTES);
  for (const environment of morganEnvironments(graph)) {
    const bit = environment % FINGERPRINT_BITS;
    bytes[bit >>> 3]! |= 1 << (bit & 7);
  }
  return bytes;
}

/** How often each folded bit occurs, as pairs of bit and count in rising order of bit. */
export function morganCounts(graph: MolecularGraph): { bit: number; count: number }[] {
  const counts = new Map<number, number>();
  for (const environment of morganEnvironments(graph)) {
    const bit = environment % FINGERPRINT_BITS;
    counts.set(bit, (counts.get(bit) ?? 0) + 1);
  }
  return [...counts].map(([bit, count]) => ({ bit, count })).sort((left, right) => left.bit - right.bit);
}

/** Numbers of the set bits, rising. */
export function onBits(fingerprint: Uint8Array): number[] {
  const bits: number[] = [];
  for (let byte = 0; byte < fingerprint.length; byte++) {
    for (let bit = 0; bit < 8; bit++) if ((fingerprint[byte]! >>> bit) & 1) bits.push(byte * 8 + bit);
  }
  return bits;
}

const bitsOfByte = Uint8Array.from({ length: 256 }, (_, byte) => {
  let bits = 0;
  for (let rest = byte; rest > 0; rest >>>= 1) bits += rest & 1;
  return bits;
});

/** Number of set bits. */
export function popCount(fingerprint: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < fingerprint.length; i++) count += bitsOfByte[fingerprint[i]!]!;
  return count;
}

/** Tanimoto similarity |a and b| / |a or b| of two fingerprints of equal length, in [0, 1]; 0 when both are empty. */
export function tanimoto(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new RangeError(`wanted fingerprints of equal length, found ${a.length} and ${b.length} bytes`);
  let both = 0;
  let either = 0;
  for (let i = 0; i < a.length; i++) {
    both += bitsOfByte[a[i]! & b[i]!]!;
    either += bitsOfByte[a[i]! | b[i]!]!;
  }
  return either === 0 ? 0 : both / either;
}

/** Set bits of a 32-bit word. */
function popCount32(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555);
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export interface NearestNeighbour {
  readonly index: number;
  readonly similarity: number;
}

/** Reference fingerprints packed for repeated nearest-neighbour questions. */
export interface FingerprintIndex {
  readonly size: number;
  /** The k most similar references, most similar first, ties by lower index. */
  nearest(fingerprint: Uint8Array, k: number): NearestNeighbour[];
}

/**
 * Packs N fingerprints (each [256] bytes) into words of 32 bits. One question costs N x 64 word operations at most; references whose bit count
 * alone bounds the similarity below the k-th best so far are passed over.
 */
export function createFingerprintIndex(fingerprints: readonly Uint8Array[]): FingerprintIndex {
  const words = FINGERPRINT_BYTES / 4;
  const packed = new Int32Array(fingerprints.length * words);
  const bytes = new Uint8Array(packed.buffer);
  const counts = new Int32Array(fingerprints.length);
  fingerprints.forEach((fingerprint, i) => {
    if (fingerprint.length !== FINGERPRINT_BYTES) {
      throw new RangeError(`wanted fingerprints of ${FINGERPRINT_BYTES} bytes, found ${fingerprint.length} at index ${i}`);
    }
    bytes.set(fingerprint, i * FINGERPRINT_BYTES);
    counts[i] = popCount(fingerprint);
  });
  return {
    size: fingerprints.length,
    nearest(fingerprint, k) {
      const query = new Int32Array(Uint8Array.from(fingerprint).buffer);
      const queryCount = popCount(fingerprint);
      const best: NearestNeighbour[] = [];
      for (let index = 0; index < counts.length; index++) {
        const count = counts[index]!;
        const bound = best.length < k ? -1 : best[best.length - 1]!.similarity;
        const larger = Math.max(count, queryCount);
        if (larger > 0 && Math.min(count, queryCount) / larger <= bound) continue;
        let both = 0;
        const start = index * words;
        for (let w = 0; w < words; w++) both += popCount32(packed[start + w]! & query[w]!);
        const either = count + queryCount - both;
        const similarity = either === 0 ? 0 : both / either;
        if (similarity <= bound) continue;
        let place = best.length;
        while (place > 0 && best[place - 1]!.similarity < similarity) place--;
        best.splice(place, 0, { index, similarity });
        if (best.length > k) best.pop();
      }
      return best;
    },
  };
}
