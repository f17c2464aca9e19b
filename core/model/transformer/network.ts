/**
 * The network as programs of kernel calls, each forward beside its backward.
 *
 *   x = token embedding + position embedding
 *   a block:  y = x + attention(norm(x) Wa + ba) Wo + bo,   x' = y + gelu(norm(y) W1 + b1) W2 + b2
 *   logits = norm(x) E^T with E the token embedding
 *
 * Rows are independent but for attention, so a thread runs the whole network on the rows of its sequences.
 * R rows, d width, F feedForward, V vocabulary; x W has W [inputs, outputs].
 */
import { type BackwardPlaces, type BatchPlaces, type BlockPlaces, logitStride } from './activations.ts';
import type { Share } from './batch.ts';
import type { TransformerConfig } from './config.ts';
import type { AttentionPlace, EmbeddingTables, Place, Program } from './program.ts';

const FLOAT = 4;

/** Address of a tensor by its name: in the weights, or in a thread's gradient. */
export type AddressOf = (name: string) => number;

/** The part of a batch that one program works on: addresses of its first row in arrays of rows. */
export interface Rows {
  readonly config: TransformerConfig;
  readonly batch: BatchPlaces;
  readonly share: Share;
}

/** A matrix of rows, from this thread's first on. */
function rowsOf({ share }: Rows, address: number, width: number): Place {
  return { at: address + FLOAT * share.firstRow * width, stride: width };
}

const matrix = (at: number, stride: number): Place => ({ at, stride });

/** Attention reads absolute rows from `starts`, so its arrays begin with the batch; probabilities begin with the share. */
function attentionOf({ config, batch, share }: Rows, block: BlockPlaces): { place: AttentionPlace; probabilities: number } {
  return {
    place: {
      qkv: block.qkv,
      starts: batch.starts + 4 * share.firstSequence,
      sequences: share.sequences,
      width: config.width,
      heads: config.heads,
    },
    probabilities: block.probabilities + FLOAT * batch.squares[share.firstSequence]!,
  };
}

function tablesOf(addressOf: AddressOf): EmbeddingTables {
  return { token: addressOf('embedding.token'), position: addressOf('embedding.position') };
}

function idsOf({ batch, share }: Rows): { tokens: number; targets: number; positions: number } {
  return {
    tokens: batch.tokens + 2 * share.firstRow,
    targets: batch.targets + 2 * share.firstRow,
    positions: batch.positions + 4 * share.firstRow,
  };
}

export function blockForward(program: Program, rows: Rows, l: number, weightOf: AddressOf, training: boolean): void {
  const { width: d, feedForward: F } = rows.config;
  const block = rows.batch.blocks[l]!;
  const w = (name: string) => weightOf(`block.${l}.${name}`);
  const m = rows.share.rows;
  const at = (address: number, width: number) => rowsOf(rows, address, width);
  const x = at(block.x, d);
  const middle = at(block.middle, d);
  const out = at(rows.batch.blocks[l + 1]?.x ?? rows.batch.x, d);
  const [n1, n2, mixed, hidden, gelu] = [
    at(block.n1, d),
    at(block.n2, d),
    at(block.mixed, d),
    at(block.hidden, F),
    at(block.gelu, F),
  ];

  const [gain1, bias1] = [w('attention.norm.gain'), w('attention.norm.bias')];
  program.normForward(x.at, m, d, gain1, bias1, n1.at, at(block.stats1, 2).at);
  const weightIn = matrix(w('attention.in.weight'), 3 * d);
  program.product({ m, n: 3 * d, k: d, a: n1, b: weightIn, c: at(block.qkv, 3 * d), bias: w('attention.in.bias') });
  const attention = attentionOf(rows, block);
  program.attentionForward(attention.place, block.mixed, attention.probabilities, training);
  const weightOut = matrix(w('attention.out.weight'), d);
  program.product({ m, n: d, k: d, a: mixed, b: weightOut, c: middle, base: x.at, bias: w('attention.out.bias') });

  const [gain2, bias2] = [w('feedForward.norm.gain'), w('feedForward.norm.bias')];
  program.normForward(middle.at, m, d, gain2, bias2, n2.at, at(block.stats2, 2).at);
  program.product({
    m,
    n: F,
    k: d,
    a: n2,
    b: matrix(w('feedForward.in.weight'), F),
    c: hidden,
    bias: w('feedForward.in.bias'),
  });
  program.geluForward(hidden.at, m * F, gelu.at);
  const last = matrix(w('feedForward.out.weight'), d);
  program.product({ m, n: d, k: F, a: gelu, b: last, c: out, base: middle.at, bias: w('feedForward.out.bias') });
}

/** y = x W + b: adds to the derivatives of W and b, and writes the one of x. */
function linearBackward(
  program: Program,
  m: number,
  [inputs, outputs]: readonly [number, number],
  places: { x: Place; dy: Place; weight: number; dWeight: number; dBias: number; dx: Place },
): void {
  const { x, dy, weight, dWeight, dBias, dx } = places;
  program.product({ m: inputs, n: outputs, k: m, a: x, aTransposed: true, b: dy, c: matrix(dWeight, outputs), base: dWeight });
  program.columnSums(dy.at, m, outputs, dBias);
  program.product({ m, n: inputs, k: outputs, a: dy, b: matrix(weight, outputs), bTransposed: true, c: dx });
}

/** dx of `back` holds the derivative in the block's output, and afterwards the one in its input. */
export function blockBackward(
  program: Program,
  rows: Rows,
  back: BackwardPlaces,
  l: number,
  weightOf: AddressOf,
  gradientOf: AddressOf,
): void {
  const { width: d, feedForward: F } = rows.config;
  const block = rows.batch.blocks[l]!;
  const m = rows.share.rows;
  const w = (name: string) => weightOf(`block.${l}.${name}`);
  const g = (name: string) => gradientOf(`block.${l}.${name}`);
  const at = (address: number, width: number) => rowsOf(rows, address, width);
  const [dx, dn, dqkv, dHidden] = [at(back.dx, d), at(back.dn, d), at(back.dqkv, 3 * d), at(back.dHidden, F)];
  const linear = (name: string, shape: readonly [number, number], x: Place, dy: Place, into: Place) =>
    linearBackward(program, m, shape, {
      x,
      dy,
      weight: w(`${name}.weight`),
      dWeight: g(`${name}.weight`),
      dBias: g(`${name}.bias`),
      dx: into,
    });
  const norm = (name: string, x: number, stats: number) =>
    program.normBackward(dn.at, at(x, d).at, at(stats, 2).at, m, d, {
      gain: w(`${name}.gain`),
      dx: dx.at,
      dGain: g(`${name}.gain`),
      dBias: g(`${name}.bias`),
    });

  linear('feedForward.out', [F, d], at(block.gelu, F), dx, dHidden);
  program.geluBackward(at(block.hidden, F).at, m * F, dHidden.at);
  linear('feedForward.in', [d, F], at(block.n2, d), dHidden, dn);
  norm('feedForward.norm', block.middle, block.stats2);

  linear('attention.out', [d, d], at(block.mixed, d), dx, dn);
  const attention = attentionOf(rows, block);
  program.attentionBackward(attention.place, attention.probabilities, back.dn, back.dqkv);
  linear('attention.in', [d, 3 * d], at(block.n1, d), dqkv, dn);
  norm('attention.norm', block.x, block.stats1);
}

/** From ids to the final norm. */
export function networkForward(program: Program, rows: Rows, weightOf: AddressOf, training: boolean): void {
  const { config, batch, share } = rows;
  const { tokens, positions } = idsOf(rows);
  const d = config.width;
  const at = (address: number, width: number) => rowsOf(rows, address, width).at;
  program.embedForward(tokens, positions, share.rows, d, tablesOf(weightOf), at(batch.blocks[0]!.x, d));
  for (let l = 0; l < config.layers; l++) blockForward(program, rows, l, weightOf, training);
  const [gain, bias] = [weightOf('norm.gain'), weightOf('norm.bias')];
  program.normForward(at(batch.x, d), share.rows, d, gain, bias, at(batch.normal, d), at(batch.stats, 2));
}

export function logitsForward(program: Program, rows: Rows, weightOf: AddressOf): void {
  const { config, batch, share } = rows;
  const d = config.width;
  program.product({
    m: share.rows,
    n: config.vocabulary,
    k: d,
    a: rowsOf(rows, batch.normal, d),
    b: matrix(weightOf('embedding.token'), d),
    bTransposed: true,
    c: rowsOf(rows, batch.logits, logitStride(config)),
  });
}

/** Losses of the rows; with a scale other than 0, the logits become the derivative of scale times their sum. */
export function lossForward(program: Program, rows: Rows, scale: number): void {
  const { config, batch, share } = rows;
  const losses = batch.losses + FLOAT * share.firstRow;
  const logits = rowsOf(rows, batch.logits, logitStride(config));
  program.crossEntropy(logits, idsOf(rows).targets, share.rows, config.vocabulary, { scale, losses });
}

/** From the derivative in the logits, which lies in their place, to all derivatives in `gradientOf`, which start at zero. */
export function networkBackward(
  program: Program,
  rows: Rows,
  back: BackwardPlaces,
  weightOf: AddressOf,
  gradientOf: AddressOf,
): void {
  const { config, batch, share } = rows;
  const { width: d, vocabulary: V } = config;
  const m = share.rows;
  const at = (address: number, width: number) => rowsOf(rows, address, width);
  const dLogits = at(batch.logits, logitStride(config));
  const dn = at(back.dn, d);
  const dx = at(back.dx, d);
  const dTokens = gradientOf('embedding.token');
  program.product({ m, n: d, k: V, a: dLogits, b: matrix(weightOf('embedding.token'), d), c: dn });
  program.product({
    m: V,
    n: d,
    k: m,
    a: dLogits,
    aTransposed: true,
    b: at(batch.normal, d),
    c: matrix(dTokens, d),
    base: dTokens,
  });
  program.zeros(dx.at, FLOAT * m * d);
  program.normBackward(dn.at, at(batch.x, d).at, at(batch.stats, 2).at, m, d, {
    gain: weightOf('norm.gain'),
    dx: dx.at,
    dGain: gradientOf('norm.gain'),
    dBias: gradientOf('norm.bias'),
  });
  for (let l = config.layers - 1; l >= 0; l--) blockBackward(program, rows, back, l, weightOf, gradientOf);
  const { tokens, positions } = idsOf(rows);
  program.embedBackward(tokens, positions, m, d, dx.at, tablesOf(gradientOf));
}

export function meansForward(program: Program, { config, batch, share }: Rows): void {
  const d = config.width;
  const out = batch.means + FLOAT * share.firstSequence * d;
  program.sequenceMeans(batch.normal, batch.starts + 4 * share.firstSequence, share.sequences, d, out);
}
