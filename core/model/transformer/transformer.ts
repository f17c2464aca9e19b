/** The transformer at work: weights, gradients and moments in the memory of the kernels, programs for what is asked. */
import { type Label, seeded } from '@qefm/quantum';
import { attentionScratch, type BatchPlaces, logitStride, placeBackward, placeBatch } from './activations.ts';
import type {
  Batch,
  Loss,
  OptimizerState,
  ParameterPlace,
  Sample,
  SampleSettings,
  StepReport,
  StepSettings,
  Transformer,
  TransformerOptions,
} from './api.ts';
import { checkBatch } from './batch.ts';
import { type TransformerConfig, transformerConfig } from './config.ts';
import { ModelMachine, PRODUCT_SCRATCH } from './machine.ts';
import {
  type AddressOf,
  logitsForward,
  lossForward,
  meansForward,
  networkBackward,
  networkForward,
  type Rows,
} from './network.ts';
import { initialWeights, parameterCount, parameterPlaces, placesByName } from './parameters.ts';
import { Program } from './program.ts';
import { sampleSequences } from './sampling.ts';

const FLOAT = 4;

/** Numbers [first, end) of the flat vectors that one thread sums and updates: whole lines of the cache. */
interface Slice {
  readonly first: number;
  readonly end: number;
}

function slicesOf(size: number, parts: number): Slice[] {
  const share = Math.ceil(size / parts / 16) * 16;
  return Array.from({ length: parts }, (_, part) => ({
    first: Math.min(size, part * share),
    end: Math.min(size, (part + 1) * share),
  }));
}

const cut = ({ first, end }: Slice, from: number, to: number): Slice => ({
  first: Math.max(first, from),
  end: Math.min(end, to),
});

class WasmTransformer implements Transformer {
  readonly config: TransformerConfig;
  readonly kernels: Transformer['kernels'];
  readonly parameters: readonly ParameterPlace[];
  readonly size: number;
  readonly #machine: ModelMachine;
  readonly #weightOf: AddressOf;
  readonly #weights: number;
  readonly #first: number;
  readonly #second: number;
  /** Addresses of each thread's gradient, at equal distances, and of its scratch memory. The sum ends in the first gradient. */
  readonly #gradients: readonly number[];
  readonly #scratch: readonly number[];
  readonly #squares: number;
  readonly #slices: readonly Slice[];
  #step = 0;
  /** L2 norm of a gradient that no step has used yet. */
  #norm: number | null = null;

  constructor(config: TransformerConfig, { weights, optimizer, seed = 0, kernels, pool }: TransformerOptions) {
    this.config = transformerConfig(config);
    this.parameters = parameterPlaces(this.config);
    this.size = parameterCount(this.parameters);
    const machine = new ModelMachine(kernels, pool);
    this.#machine = machine;
    this.kernels = { build: machine.build, threads: machine.threads };
    this.#slices = slicesOf(this.size, machine.threads);
    const vector = () => machine.allocate(FLOAT * this.size);
    const parts = Array.from({ length: machine.threads });
    this.#weights = vector();
    this.#first = vector();
    this.#second = vector();
    this.#gradients = parts.map(vector);
    const scratch = Math.max(PRODUCT_SCRATCH, FLOAT * attentionScratch(this.config));
    this.#scratch = parts.map(() => machine.allocate(scratch));
    this.#squares = machine.allocate(8 * machine.threads);
    const placeOf = placesByName(this.parameters);
    this.#weightOf = (name) => this.#weights + FLOAT * placeOf(name).offset;
    this.#set(this.#weights, weights ?? initialWeights(this.config, freshStream(seed)), 'weights');
    if (optimizer !== undefined) {
      if (!Number.isInteger(optimizer.step) || optimizer.step < 0)
        throw new RangeError(`transformer: 0 or more steps wanted, ${optimizer.step} found`);
      this.#set(this.#first, optimizer.first, 'first moments');
      this.#set(this.#second, optimizer.second, 'second moments');
      this.#step = optimizer.step;
    }
  }

  features(batch: Batch): Float32Array {
    checkBatch(batch, this.config, false);
    return this.#forward(batch, meansForward, ({ means, sequences }) =>
      this.#machine.floats(means, sequences * this.config.width).slice(),
    );
  }

  logits(batch: Batch): Float32Array {
    checkBatch(batch, this.config, false);
    const { vocabulary } = this.config;
    const stride = logitStride(this.config);
    const logits = (program: Program, rows: Rows) => logitsForward(program, rows, this.#weightOf);
    return this.#forward(batch, logits, ({ logits: at, rows }) => {
      const out = new Float32Array(rows * vocabulary);
      const from = this.#machine.floats(at, rows * stride);
      for (let r = 0; r < rows; r++) out.set(from.subarray(r * stride, r * stride + vocabulary), r * vocabulary);
      return out;
    });
  }

  loss(batch: Batch): Loss {
    checkBatch(batch, this.config, true);
    const losses = (program: Program, rows: Rows) => {
      logitsForward(program, rows, this.#weightOf);
      lossForward(program, rows, 0);
    };
    return this.#forward(batch, losses, (places) => this.#lossOf(batch, places));
  }

  lossAndGradient(batch: Batch): Loss {
    checkBatch(batch, this.config, true);
    const machine = this.#machine;
    return machine.borrow(() => {
      const places = placeBatch(machine, this.config, batch, true);
      const back = placeBackward(machine, this.config, places.rows);
      const placeOf = placesByName(this.parameters);
      this.#run((program, part) => {
        const gradient = this.#gradients[part]!;
        program.zeros(gradient, FLOAT * this.size);
        const rows = { config: this.config, batch: places, share: places.shares[part]! };
        if (rows.share.rows === 0) return;
        networkForward(program, rows, this.#weightOf, true);
        logitsForward(program, rows, this.#weightOf);
        lossForward(program, rows, 1 / places.rows);
        networkBackward(program, rows, back, this.#weightOf, (name) => gradient + FLOAT * placeOf(name).offset);
      });
      const stride = machine.threads === 1 ? 0 : this.#gradients[1]! - this.#gradients[0]!;
      this.#run((program, part) => {
        const { first, end } = this.#slices[part]!;
        const at = this.#gradients[0]! + FLOAT * first;
        program.sumParts(at, stride, machine.threads, end - first);
        program.squareSum(at, end - first, this.#squares + 8 * part);
      });
      const squares = machine.doubles(this.#squares, machine.threads);
      this.#norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
      return this.#lossOf(batch, places);
    });
  }

  step(settings: StepSettings): StepReport {
    const { learningRate, weightDecay = 0.1, beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, clipNorm = 1 } = settings;
    const gradientNorm = this.#norm;
    if (gradientNorm === null) throw new RangeError('step: a gradient that no step has used wanted');
    if (!Number.isFinite(gradientNorm)) throw new RangeError(`step: a finite gradient wanted, norm ${gradientNorm} found`);
    const step = this.#step + 1;
    const clipped = gradientNorm > clipNorm;
    const numbers = {
      scale: clipped ? clipNorm / gradientNorm : 1,
      rate: learningRate / (1 - beta1 ** step),
      beta1,
      beta2,
      inverseCorrection: 1 / Math.sqrt(1 - beta2 ** step),
      epsilon,
    };
    const decaying = this.parameters.filter(({ decays }) => decays).reduce((sum, { length }) => sum + length, 0);
    this.#machine.borrow(() =>
      this.#run((program, part) => {
        const update = ({ first, end }: Slice, shrink: number) => {
          if (end <= first) return;
          const at = (address: number) => address + FLOAT * first;
          const places = { x: at(this.#weights), g: at(this.#gradients[0]!), m: at(this.#first), v: at(this.#second) };
          program.adamw(places, end - first, { ...numbers, shrink });
        };
        const slice = this.#slices[part]!;
        update(cut(slice, 0, decaying), 1 - learningRate * weightDecay);
        update(cut(slice, decaying, this.size), 1);
      }),
    );
    this.#step = step;
    this.#norm = null;
    return { step, gradientNorm, clipped };
  }

  sample(settings: SampleSettings): Sample[] {
    return sampleSequences(this.#machine, this.config, this.#weightOf, this.#scratch, settings);
  }

  weights(): Float32Array {
    return this.#get(this.#weights);
  }

  gradient(): Float32Array {
    return this.#get(this.#gradients[0]!);
  }

  optimizerState(): OptimizerState {
    return { step: this.#step, first: this.#get(this.#first), second: this.#get(this.#second) };
  }

  #get(address: number): Float32Array {
    return this.#machine.floats(address, this.size).slice();
  }

  #set(address: number, values: Float32Array, what: string): void {
    if (values.length !== this.size) throw new RangeError(`transformer: ${this.size} ${what} wanted, ${values.length} found`);
    this.#machine.floats(address, this.size).set(values);
  }

  /** One program for each thread, run once. */
  #run(build: (program: Program, part: number) => void): void {
    this.#machine.borrow(() => {
      const programs = this.#scratch.map((scratch, part) => {
        const program = new Program(scratch);
        build(program, part);
        return program;
      });
      this.#machine.run(this.#machine.load(programs));
    });
  }

  /** The network without a backward pass, then `head`; `read` takes what it wants before the places are given back. */
  #forward<T>(batch: Batch, head: (program: Program, rows: Rows) => void, read: (places: BatchPlaces) => T): T {
    return this.#machine.borrow(() => {
      const places = placeBatch(this.#machine, this.config, batch, false);
      this.#run((program, part) => {
        const rows = { config: this.config, batch: places, share: places.shares[part]! };
        if (rows.share.rows === 0) return;
        networkForward(program, rows, this.#weightOf, false);
        head(program, rows);
      });
      return read(places);
    });
  }

  #lossOf({ starts }: Batch, { losses, rows, sequences }: BatchPlaces): Loss {
    const ofRows = this.#machine.floats(losses, rows);
    const perSequence = new Float64Array(sequences);
    let sum = 0;
    for (let s = 0; s < sequences; s++) {
      for (let r = starts[s]!; r < starts[s + 1]!; r++) perSequence[s]! += ofRows[r]!;
      sum += perSequence[s]!;
    }
    return { mean: sum / rows, perSequence };
  }
}

const freshStream = (seed: Label) => seeded(seed, 'transformer');

/**
 * A transformer with given or fresh weights.
 *
 * throws  RangeError for a shape, weights or an optimiser's state that do not fit
 */
export function createTransformer(config: TransformerConfig, options: TransformerOptions = {}): Transformer {
  return new WasmTransformer(config, options);
}
