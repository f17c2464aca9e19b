/**
 * The seeded generator: the only source of randomness in the project.
 *
 * xoshiro128** (Blackman and Vigna 2018, arXiv:1805.01407) on a 128-bit key that a mixing hash derives from a seed and labels.
 * A fork depends on the seed and the labels alone, never on how many numbers the parent has handed out, so adding a draw in
 * one place changes nothing elsewhere. Sequences hold within a minor version of the package.
 */

import { must } from './errors.ts';

export type Label = string | number;

type Key = readonly [number, number, number, number];

const ROOT: Key = [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344];

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** The finaliser of MurmurHash3: every input bit reaches every output bit. */
function avalanche(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function absorbWord(key: Key, word: number): Key {
  const a = avalanche(key[0] ^ Math.imul(word, 0x9e3779b1));
  const b = avalanche((key[1] ^ rotateLeft(word, 8)) + a);
  const c = avalanche((key[2] ^ rotateLeft(word, 16)) + b);
  const d = avalanche((key[3] ^ rotateLeft(word, 24)) + c);
  return [(a + d) | 0, b | 0, c | 0, d | 0];
}

/** Each label is absorbed with its type and length, so ('ab','c') and ('a','bc') and (1) and ('1') are different streams. */
function absorbLabel(key: Key, label: Label): Key {
  if (typeof label === 'number') {
    must(!Number.isNaN(label), 'a seed or label must not be NaN');
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, label);
    return absorbWord(absorbWord(absorbWord(key, 1), view.getInt32(0)), view.getInt32(4));
  }
  let next = absorbWord(absorbWord(key, 2), label.length);
  for (let i = 0; i < label.length; i++) next = absorbWord(next, label.charCodeAt(i));
  return next;
}

function absorb(key: Key, labels: readonly Label[]): Key {
  return labels.reduce<Key>(absorbLabel, key);
}

/** A stream of numbers that is fixed by its seed and labels; made by `seeded`. */
export class Random {
  readonly #key: Key;
  #a: number;
  #b: number;
  #c: number;
  #d: number;
  #spareNormal: number | null = null;

  /** Use `seeded` or `fork`; a key is an internal matter. */
  constructor(key: Key) {
    this.#key = key;
    const whitened = absorbWord(key, 3);
    this.#a = whitened[0];
    this.#b = whitened[1];
    this.#c = whitened[2];
    // An all-zero state would stay zero for ever; the odds are 2^-128, the guard is free.
    this.#d = whitened[3] || 1;
  }

  /** An independent stream named by labels: `random.fork('AskCircuits', iteration)`. */
  fork(...labels: Label[]): Random {
    return new Random(absorb(this.#key, labels));
  }

  /** 32 random bits as an integer in [0, 2^32). */
  uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return result >>> 0;
  }

  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** Standard normal deviate by the polar method (Marsaglia and Bray 1964). */
  normal(): number {
    if (this.#spareNormal !== null) {
      const spare = this.#spareNormal;
      this.#spareNormal = null;
      return spare;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) {
        const factor = Math.sqrt((-2 * Math.log(s)) / s);
        this.#spareNormal = v * factor;
        return u * factor;
      }
    }
  }

  /** Uniform integer in [0, bound), without modulo bias; bound at most 2^32. */
  integer(bound: number): number {
    must(Number.isInteger(bound) && bound >= 1 && bound <= 4294967296, `integer: bound 1..2^32 wanted, ${bound} found`);
    const limit = 4294967296 - (4294967296 % bound);
    for (;;) {
      const draw = this.uint32();
      if (draw < limit) return draw % bound;
    }
  }

  /** -1 or +1 with equal odds. */
  sign(): -1 | 1 {
    return this.uint32() & 0x10000 ? 1 : -1;
  }

  /** A shuffled copy (Fisher and Yates). */
  shuffled<T>(items: readonly T[]): T[] {
    const copy = [...items];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = copy[i] as T;
      copy[i] = copy[j] as T;
      copy[j] = held;
    }
    return copy;
  }

  /** Fills an array with normal deviates of the given standard deviation. */
  fillNormal(target: Float64Array, deviation = 1): Float64Array {
    for (let i = 0; i < target.length; i++) target[i] = deviation * this.normal();
    return target;
  }
}

/** The generator of a seed and, if given, of labels under it: `seeded(7, 'EncodeLigands', 3)`. */
export function seeded(seed: Label, ...labels: Label[]): Random {
  return new Random(absorb(ROOT, [seed, ...labels]));
}

/** Same as `seeded(seed, ...labels)`; reads well where a stream is derived from the seed of a run. */
export function fork(seed: Label, ...labels: Label[]): Random {
  return seeded(seed, ...labels);
}

/** A derived 32-bit seed, for handing on to a process that wants a number. */
export function deriveSeed(seed: Label, ...labels: Label[]): number {
  return seeded(seed, ...labels).uint32();
}
