/** A list of kernel calls, as kernels/index.ts reads it. Addresses are bytes, strides count numbers. */

const WORDS = 16;

/** A matrix in memory: where it starts, and numbers from one row to the next. */
export interface Place {
  readonly at: number;
  readonly stride: number;
}

export interface ProductSettings {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Place;
  readonly aTransposed?: boolean;
  readonly b: Place;
  readonly bTransposed?: boolean;
  readonly c: Place;
  /** Added; with the stride of c. */
  readonly base?: number;
  /** [n], added to each row. */
  readonly bias?: number;
}

export class Program {
  #words = new Int32Array(64 * WORDS);
  #length = 0;
  readonly #scratch: number;

  /** `scratch`: address of what products and attention may overwrite. */
  constructor(scratch: number) {
    this.#scratch = scratch;
  }

  get length(): number {
    return this.#length;
  }

  get words(): Int32Array {
    return this.#words.subarray(0, this.#length * WORDS);
  }

  product({ m, n, k, a, aTransposed = false, b, bTransposed = false, c, base = 0, bias = 0 }: ProductSettings): void {
    const left = [a.at, a.stride, aTransposed ? 1 : 0];
    const right = [b.at, b.stride, bTransposed ? 1 : 0];
    this.#add(1, [m, n, k, ...left, ...right, c.at, c.stride, base, bias, this.#scratch]);
  }

  normForward(x: number, rows: number, width: number, gain: number, bias: number, out: number, stats: number): void {
    this.#add(2, [x, rows, width, gain, bias, out, stats]);
  }

  normBackward(
    dy: number,
    x: number,
    stats: number,
    rows: number,
    width: number,
    { gain, dx, dGain, dBias }: { gain: number; dx: number; dGain: number; dBias: number },
  ): void {
    this.#add(3, [dy, x, stats, rows, width, gain, dx, dGain, dBias]);
  }

  geluForward(x: number, count: number, out: number): void {
    this.#add(4, [x, count, out]);
  }

  geluBackward(x: number, count: number, d: number): void {
    this.#add(5, [x, count, d]);
  }

  columnSums(d: number, rows: number, width: number, sums: number): void {
    this.#add(6, [d, rows, width, sums]);
  }

  sequenceMeans(x: number, starts: number, sequences: number, width: number, out: number): void {
    this.#add(7, [x, starts, sequences, width, out]);
  }

  attentionForward(
    { qkv, starts, sequences, width, heads }: AttentionPlace,
    out: number,
    probabilities: number,
    kept: boolean,
  ): void {
    this.#add(8, [qkv, starts, sequences, width, heads, out, probabilities, kept ? 1 : 0, this.#scratch]);
  }

  attentionBackward(
    { qkv, starts, sequences, width, heads }: AttentionPlace,
    probabilities: number,
    dOut: number,
    dqkv: number,
  ): void {
    this.#add(9, [qkv, probabilities, dOut, starts, sequences, width, heads, dqkv, this.#scratch]);
  }

  attentionStep(
    qkv: number,
    rows: number,
    {
      slots,
      positions,
      keys,
      values,
      context,
    }: { slots: number; positions: number; keys: number; values: number; context: number },
    width: number,
    heads: number,
    out: number,
  ): void {
    this.#add(10, [qkv, rows, slots, positions, keys, values, context, width, heads, out, this.#scratch]);
  }

  embedForward(tokens: number, positions: number, rows: number, width: number, tables: EmbeddingTables, out: number): void {
    this.#add(11, [tokens, positions, rows, width, tables.token, tables.position, out]);
  }

  embedBackward(tokens: number, positions: number, rows: number, width: number, d: number, tables: EmbeddingTables): void {
    this.#add(12, [tokens, positions, rows, width, d, tables.token, tables.position]);
  }

  crossEntropy(
    logits: Place,
    targets: number,
    rows: number,
    vocabulary: number,
    { scale, losses }: { scale: number; losses: number },
  ): void {
    this.#add(13, [logits.at, targets, rows, vocabulary, logits.stride, 0, losses], { 6: scale });
  }

  zeros(at: number, bytes: number): void {
    this.#add(14, [at, bytes]);
  }

  sumParts(first: number, strideBytes: number, parts: number, count: number): void {
    this.#add(15, [first, strideBytes, parts, count]);
  }

  squareSum(x: number, count: number, out: number): void {
    this.#add(16, [x, count, out]);
  }

  adamw(places: { x: number; g: number; m: number; v: number }, count: number, numbers: AdamwNumbers): void {
    const { scale, rate, shrink, beta1, beta2, inverseCorrection, epsilon } = numbers;
    this.#add(17, [places.x, places.g, places.m, places.v, count], {
      6: scale,
      7: rate,
      8: shrink,
      9: beta1,
      10: beta2,
      11: inverseCorrection,
      12: epsilon,
    });
  }

  #add(code: number, args: readonly number[], floats: Readonly<Record<number, number>> = {}): void {
    if (this.#length * WORDS === this.#words.length) {
      const longer = new Int32Array(2 * this.#words.length);
      longer.set(this.#words);
      this.#words = longer;
    }
    const at = this.#length * WORDS;
    this.#words[at] = code;
    this.#words.set(args, at + 1);
    const asFloats = new Float32Array(this.#words.buffer);
    for (const [word, value] of Object.entries(floats)) asFloats[at + Number(word)] = value;
    this.#length++;
  }
}

export interface AttentionPlace {
  readonly qkv: number;
  readonly starts: number;
  readonly sequences: number;
  readonly width: number;
  readonly heads: number;
}

export interface EmbeddingTables {
  readonly token: number;
  readonly position: number;
}

/** See kernels/optimizer.ts. */
export interface AdamwNumbers {
  readonly scale: number;
  readonly rate: number;
  readonly shrink: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly inverseCorrection: number;
  readonly epsilon: number;
}
