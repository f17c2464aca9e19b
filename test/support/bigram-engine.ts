/**
 * The smallest language model with everything that the loop of pretraining relies on: a table of logits, its exact gradient, AdamW in single
 * precision. The probability of a token depends on the token before it alone.
 */
import { seeded } from '@qefm/quantum';
import type { StepReport, StepSettings } from '../../core/model/transformer/index.ts';
import type {
  Batch,
  Engine,
  Loss,
  OptimizerState,
  Sample,
  SampleSettings,
  Trainer,
  TrainerOptions,
} from '../../models/pretraining/trainer.ts';

const BETA1 = 0.9;
const BETA2 = 0.95;
const CONTEXT = 128;

export class BigramTrainer implements Trainer {
  readonly config: { vocabulary: number; context: number };
  readonly kernels = { build: 'bigram', threads: 1 };
  readonly parameters: Trainer['parameters'];
  readonly size: number;
  readonly #weights: Float32Array;
  readonly #first: Float32Array;
  readonly #second: Float32Array;
  readonly #gradient: Float64Array;
  #step = 0;

  constructor({ vocabulary, seed, shape, state }: TrainerOptions) {
    this.config = { vocabulary, context: shape['context'] ?? CONTEXT };
    this.size = vocabulary * vocabulary + vocabulary;
    this.parameters = [
      { name: 'follows', shape: [vocabulary, vocabulary], offset: 0, length: vocabulary ** 2, decays: false },
      { name: 'bias', shape: [vocabulary], offset: vocabulary ** 2, length: vocabulary, decays: false },
    ];
    const given = state?.(this.parameters);
    const fresh = () => Float32Array.from(seeded(seed, 'bigram').fillNormal(new Float64Array(this.size), 0.01));
    this.#weights = given?.weights.slice() ?? fresh();
    this.#first = given?.optimizer?.first.slice() ?? new Float32Array(this.size);
    this.#second = given?.optimizer?.second.slice() ?? new Float32Array(this.size);
    this.#step = given?.optimizer?.step ?? 0;
    this.#gradient = new Float64Array(this.size);
  }

  /** Log-probabilities [V] of the token after `token`. */
  #logProbabilities(token: number, temperature = 1): Float64Array {
    const { vocabulary: V } = this.config;
    const logits = Float64Array.from(
      { length: V },
      (_, v) => (this.#weights[token * V + v]! + this.#weights[V * V + v]!) / temperature,
    );
    const largest = logits.reduce((a, b) => Math.max(a, b));
    const normaliser = largest + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
    return logits.map((logit) => logit - normaliser);
  }

  #lossOf({ tokens, targets, starts }: Batch, logsOf: Map<number, Float64Array>): Loss {
    for (const token of tokens) if (!logsOf.has(token)) logsOf.set(token, this.#logProbabilities(token));
    const perSequence = new Float64Array(starts.length - 1);
    for (let s = 0; s + 1 < starts.length; s++)
      for (let r = starts[s]!; r < starts[s + 1]!; r++) perSequence[s]! -= logsOf.get(tokens[r]!)![targets[r]!]!;
    return { mean: perSequence.reduce((sum, loss) => sum + loss, 0) / tokens.length, perSequence };
  }

  loss(batch: Batch): Loss {
    return this.#lossOf(batch, new Map());
  }

  lossAndGradient(batch: Batch): Loss {
    const { vocabulary: V } = this.config;
    const { tokens, targets } = batch;
    const logsOf = new Map<number, Float64Array>();
    const loss = this.#lossOf(batch, logsOf);
    const times = new Float64Array(V);
    for (const token of tokens) times[token]!++;
    this.#gradient.fill(0);
    const add = (token: number, v: number, slope: number) => {
      this.#gradient[token * V + v]! += slope / tokens.length;
      this.#gradient[V * V + v]! += slope / tokens.length;
    };
    for (const [token, logs] of logsOf) for (let v = 0; v < V; v++) add(token, v, times[token]! * Math.exp(logs[v]!));
    for (let r = 0; r < tokens.length; r++) add(tokens[r]!, targets[r]!, -1);
    return loss;
  }

  gradient(): Float64Array {
    return this.#gradient.slice();
  }

  step({ learningRate }: StepSettings): StepReport {
    const t = ++this.#step;
    let squares = 0;
    for (let i = 0; i < this.size; i++) {
      const g = this.#gradient[i]!;
      squares += g * g;
      this.#first[i] = BETA1 * this.#first[i]! + (1 - BETA1) * g;
      this.#second[i] = BETA2 * this.#second[i]! + (1 - BETA2) * g * g;
      const rate = learningRate / (1 - BETA1 ** t);
      this.#weights[i]! -= (rate * this.#first[i]!) / (Math.sqrt(this.#second[i]! / (1 - BETA2 ** t)) + 1e-8);
    }
    return { step: t, gradientNorm: Math.sqrt(squares), clipped: false };
  }

  sample({ count, source, temperature = 1, seed, forbidden = [] }: SampleSettings): Sample[] {
    return Array.from({ length: count }, (_, i) => {
      const random = seeded(seed, 'bigram sample', i);
      const tokens: number[] = [];
      for (let token = source; tokens.length < this.config.context - 1; ) {
        const chances = this.#logProbabilities(token, temperature).map((log, v) => (forbidden.includes(v) ? 0 : Math.exp(log)));
        let left = random.uniform() * chances.reduce((sum, chance) => sum + chance, 0);
        token = chances.findIndex((chance) => {
          left -= chance;
          return left < 0;
        });
        if (token <= 0) return { tokens: Uint16Array.from(tokens), ended: true };
        tokens.push(token);
      }
      return { tokens: Uint16Array.from(tokens), ended: false };
    });
  }

  weights(): Float32Array {
    return this.#weights.slice();
  }

  optimizerState(): OptimizerState {
    return { step: this.#step, first: this.#first.slice(), second: this.#second.slice() };
  }
}

export const createTrainer: Engine['createTrainer'] = async (options) => ({
  trainer: new BigramTrainer(options),
  close: async () => {},
});
