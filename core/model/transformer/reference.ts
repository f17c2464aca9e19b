/**
 * The forward pass in plain f64 loops, read like the textbook and never tuned: the truth that the kernels are tested against.
 * Rows are arrays; x W has W [inputs, outputs] in row-major order.
 */
import type { Batch } from './api.ts';
import type { TransformerConfig } from './config.ts';
import { parameterPlaces } from './parameters.ts';

type Row = Float64Array;
type Numbers = ArrayLike<number>;

/** x W + b. */
export function linear(x: Numbers, weight: Numbers, bias: Numbers | null, outputs: number): Row {
  const y = Float64Array.from({ length: outputs }, (_, j) => bias?.[j] ?? 0);
  for (let i = 0; i < x.length; i++) for (let j = 0; j < outputs; j++) y[j]! += x[i]! * weight[i * outputs + j]!;
  return y;
}

/** gain (x - mean) / sqrt(variance + 1e-5) + bias. */
export function layerNorm(x: Numbers, gain: Numbers, bias: Numbers): Row {
  const values = Float64Array.from(x);
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return values.map((v, i) => (gain[i]! * (v - mean)) / Math.sqrt(variance + 1e-5) + bias[i]!);
}

export function gelu(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

export function softmax(x: Numbers): Row {
  const top = Math.max(...Array.from(x));
  const e = Float64Array.from(x, (v) => Math.exp(v - top));
  const sum = e.reduce((total, v) => total + v, 0);
  return e.map((v) => v / sum);
}

/** -ln of the target's probability. */
export function crossEntropy(logits: Numbers, target: number): number {
  const top = Math.max(...Array.from(logits));
  const sum = Array.from(logits).reduce((total, v) => total + Math.exp(v - top), 0);
  return Math.log(sum) + top - logits[target]!;
}

/** Causal attention within one sequence: qkv [T][3 d] to [T][d]. */
export function attention(qkv: readonly Numbers[], heads: number): Row[] {
  const d = qkv[0]!.length / 3;
  const w = d / heads;
  return qkv.map((row, i) => {
    const out = new Float64Array(d);
    for (let h = 0; h < heads; h++) {
      const scores = new Float64Array(i + 1);
      for (let j = 0; j <= i; j++)
        for (let c = h * w; c < (h + 1) * w; c++) scores[j]! += (row[c]! * qkv[j]![d + c]!) / Math.sqrt(w);
      softmax(scores).forEach((p, j) => {
        for (let c = h * w; c < (h + 1) * w; c++) out[c]! += p * qkv[j]![2 * d + c]!;
      });
    }
    return out;
  });
}

const add = (a: Row, b: Row): Row => a.map((v, i) => v + b[i]!);

export interface ReferencePass {
  /** [R][V] */
  readonly logits: readonly Row[];
  /** [S][d] */
  readonly features: readonly Row[];
  /** Mean over the targets, nats. */
  readonly loss: number;
}

/** The whole network; `weights` laid out as parameterPlaces says. */
export function referenceForward(config: TransformerConfig, weights: Numbers, batch: Batch): ReferencePass {
  const { width: d, heads, layers, feedForward, vocabulary } = config;
  const flat = Float64Array.from(weights);
  const tensors = new Map(
    parameterPlaces(config).map(({ name, offset, length }) => [name, flat.subarray(offset, offset + length)]),
  );
  const w = (name: string): Row => tensors.get(name)!;
  const logits: Row[] = [];
  const features: Row[] = [];
  const embedding = (table: string, id: number): Row => w(`embedding.${table}`).slice(id * d, (id + 1) * d);
  for (let s = 0; s + 1 < batch.starts.length; s++) {
    const ids = [...batch.tokens.subarray(batch.starts[s]!, batch.starts[s + 1]!)];
    let x = ids.map((id, position) => add(embedding('token', id), embedding('position', position)));
    for (let l = 0; l < layers; l++) {
      const b = (name: string) => w(`block.${l}.${name}`);
      const qkv = x.map((row) =>
        linear(
          layerNorm(row, b('attention.norm.gain'), b('attention.norm.bias')),
          b('attention.in.weight'),
          b('attention.in.bias'),
          3 * d,
        ),
      );
      const mixed = attention(qkv, heads);
      x = x.map((row, i) => add(row, linear(mixed[i]!, b('attention.out.weight'), b('attention.out.bias'), d)));
      x = x.map((row) => {
        const normal = layerNorm(row, b('feedForward.norm.gain'), b('feedForward.norm.bias'));
        const hidden = linear(normal, b('feedForward.in.weight'), b('feedForward.in.bias'), feedForward).map(gelu);
        return add(row, linear(hidden, b('feedForward.out.weight'), b('feedForward.out.bias'), d));
      });
    }
    const normal = x.map((row) => layerNorm(row, w('norm.gain'), w('norm.bias')));
    features.push(normal.reduce(add).map((v) => v / normal.length));
    const E = w('embedding.token');
    for (const row of normal)
      logits.push(Float64Array.from({ length: vocabulary }, (_, id) => row.reduce((sum, v, c) => sum + v * E[id * d + c]!, 0)));
  }
  const losses = logits.map((row, r) => crossEntropy(row, batch.targets[r]!));
  return { logits, features, loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length };
}
