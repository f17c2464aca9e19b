/**
 * How fast the transformer's engine is: kernels, training, features, sampling.
 *
 *   node test/bench/model.ts [PART ...] [--full]
 *
 * One JSON line per figure: { bench, value, unit, goal, … }. PART (products, layers, training, features, sampling) picks; `--full` adds the
 * plain build and wider models. Rates are medians, per second of wall clock; `cpu` is the same per CPU-second of this process, the one to
 * trust on a busy machine where one thread works. Goals: half of PyTorch's speed on one thread (docs/benchmarks.md).
 */
import { seeded } from '@qefm/quantum';
import { createKernelPool } from '@qefm/quantum/node';
import {
  type Batch,
  createTransformer,
  type KernelChoice,
  type Transformer,
  type TransformerOptions,
  transformerConfig,
} from '../../core/model/transformer/index.ts';
import { ModelMachine, PRODUCT_SCRATCH } from '../../core/model/transformer/machine.ts';
import { measure } from './quantum/measure.ts';

const words = process.argv.slice(2);
const full = words.includes('--full');
const parts = words.filter((word) => !word.startsWith('--'));
const wanted = (part: string) => parts.length === 0 || parts.includes(part);
const builds: KernelChoice[] = full ? ['fastest', 'bitwise'] : ['fastest'];
const BUDGET_MS = 2500;

/** Atoms of drug-like SMILES: 36 ± 5 a molecule, some 40 kinds. */
const VOCABULARY = 42;
const MEAN_LENGTH = 36.6;

function report(
  bench: string,
  work: number,
  unit: string,
  call: () => unknown,
  goal: number | null = null,
  more: object = {},
): void {
  const { wallMs, cpuMs } = measure(call, BUDGET_MS);
  const value = Number((work / wallMs).toPrecision(4));
  const line = { bench, value, unit, goal, ...(goal === null ? {} : { met: value >= goal }) };
  console.log(JSON.stringify({ ...line, cpu: Number((work / cpuMs).toPrecision(4)), ms: wallMs, ...more }));
}

function moleculeLike(sequences: number): Batch {
  const random = seeded('bench', sequences);
  const starts = new Uint32Array(sequences + 1);
  for (let s = 0; s < sequences; s++)
    starts[s + 1] = starts[s]! + Math.max(12, Math.min(60, Math.round(MEAN_LENGTH + 5 * random.normal())));
  const ids = () => Uint16Array.from({ length: starts[sequences]! }, () => 2 + random.integer(VOCABULARY - 2));
  return { tokens: ids(), targets: ids(), starts };
}

/** GFLOP/s of products: forward, derivative in the input, derivative in the weights. */
function benchProducts(kernels: KernelChoice): void {
  const machine = new ModelMachine(kernels);
  const shapes: ['NN' | 'NT' | 'TN', number, number, number][] = [
    ['NN', 4096, 128, 384],
    ['NN', 4096, 128, 512],
    ['NN', 4096, 512, 128],
    ['NT', 4096, 512, 128],
    ['TN', 128, 4096, 512],
    ['NN', 64, 128, 384],
  ];
  for (const [kind, m, k, n] of shapes) {
    machine.borrow(() => {
      const places = [m * k, k * n, m * n].map((length) => machine.allocate(4 * length));
      const scratch = machine.allocate(PRODUCT_SCRATCH);
      const random = seeded('products');
      for (const [i, length] of [m * k, k * n].entries())
        machine.floats(places[i]!, length).set(Float32Array.from({ length }, () => random.uniform() - 0.5));
      const [a, b, c] = places as [number, number, number];
      const [aTransposed, bTransposed] = [kind === 'TN' ? 1 : 0, kind === 'NT' ? 1 : 0];
      const call = () =>
        machine.kernels.product(
          ...[m, n, k, a, aTransposed === 1 ? m : k, aTransposed, b, bTransposed === 1 ? k : n, bTransposed, c, n, 0, 0, scratch],
        );
      const goal = machine.build === 'relaxed' && m > 64 ? 40 : null;
      report(`product/${machine.build}/${kind}/${m}x${k}x${n}`, (2 * m * k * n) / 1e6, 'GFLOP/s', call, goal);
    });
  }
}

/** Gigabytes that the smaller kernels read and write, each once, per second. */
function benchLayers(kernels: KernelChoice): void {
  const machine = new ModelMachine(kernels);
  const [rows, d] = [2342, 128];
  const vector = (length: number) => {
    const at = machine.allocate(4 * length);
    const random = seeded('layers');
    machine.floats(at, length).set(Float32Array.from({ length }, () => random.uniform() - 0.5));
    return at;
  };
  const [x, y, dx, stats, gain, bias, dGain, dBias] = [rows * d, rows * d, rows * d, 2 * rows, d, d, d, d].map(vector);
  const [hidden, out] = [vector(rows * 4 * d), vector(rows * 4 * d)];
  const { starts } = moleculeLike(64);
  const at = machine.allocate(4 * starts.length);
  const total = starts.at(-1)!;
  const [qkv, dqkv, mixed] = [vector(total * 3 * d), vector(total * 3 * d), vector(total * d)];
  const squares = vector(64 * 4 * 64 * 64);
  const scratch = vector(64 * (5 * 32 + 64));
  machine.words(at, starts.length).set(starts);
  const { kernels: k, build } = machine;
  const mega = 4e-6;
  const name = (kernel: string) => `${kernel}/${build}`;
  report(name('norm/forward'), 2 * rows * d * mega, 'GB/s', () => k.normForward(x!, rows, d, gain!, bias!, y!, stats!));
  report(name('norm/backward'), 4 * rows * d * mega, 'GB/s', () =>
    k.normBackward(y!, x!, stats!, rows, d, gain!, dx!, dGain!, dBias!),
  );
  report(name('gelu/forward'), 8 * rows * d * mega, 'GB/s', () => k.geluForward(hidden, rows * 4 * d, out));
  report(name('gelu/backward'), 12 * rows * d * mega, 'GB/s', () => k.geluBackward(hidden, rows * 4 * d, out));
  report(name('attention/forward'), 4 * total * d * mega, 'GB/s', () =>
    k.attentionForward(qkv, at, 64, d, 4, mixed, squares, 1, scratch),
  );
  report(name('attention/backward'), 7 * total * d * mega, 'GB/s', () =>
    k.attentionBackward(qkv, squares, mixed, at, 64, d, 4, dqkv, scratch),
  );
}

interface Shape {
  readonly width: number;
  readonly layers: number;
}

const modelOf = ({ width, layers }: Shape, options: TransformerOptions) =>
  createTransformer(transformerConfig({ width, layers, vocabulary: VOCABULARY, context: 64 }), { seed: 1, ...options });
const titleOf = ({ width, layers }: Shape, { kernels }: Transformer) =>
  `${kernels.build}/d${width}-L${layers}/${kernels.threads}t`;

function benchModel(shape: Shape, options: TransformerOptions): void {
  const model = modelOf(shape, options);
  const title = titleOf(shape, model);
  const aimed = shape.width === 128 && model.kernels.build === 'relaxed';
  const threads = model.kernels.threads;
  const batch = moleculeLike(64 * threads);
  const rows = batch.tokens.length;
  const train = () => {
    model.lossAndGradient(batch);
    model.step({ learningRate: 1e-3 });
  };
  // Half of PyTorch's 16,972 and 29,166 tokens a second with one and two threads.
  const trainingGoal = aimed && threads <= 2 ? [8500, 14_600][threads - 1]! : null;
  if (wanted('training')) report(`training/${title}`, rows * 1000, 'tok/s', train, trainingGoal, { rows });
  const featureGoal = aimed && threads === 1 ? 25_000 : null;
  if (wanted('features')) report(`features/${title}`, rows * 1000, 'tok/s', () => model.features(batch), featureGoal, { rows });
  if (!wanted('sampling')) return;
  // Fresh weights end a sequence with odds of 1 in 42, so lengths are those of molecules on average only: tokens are what is timed.
  const draw = (seed: number) => model.sample({ count: 256, source: 2, seed, maxLength: 60, slots: 64 * threads });
  const tokens = draw(0).reduce((sum, sample) => sum + sample.tokens.length + (sample.ended ? 1 : 0), 0);
  const sampleGoal = aimed && threads === 1 ? 500 : null;
  report(`sampling/${title}`, (tokens * 1000) / MEAN_LENGTH, 'mol/s', () => draw(0), sampleGoal, { tokens });
}

for (const kernels of builds) {
  if (wanted('products')) benchProducts(kernels);
  if (wanted('layers')) benchLayers(kernels);
}
const shapes: Shape[] = full
  ? [
      { width: 128, layers: 4 },
      { width: 192, layers: 6 },
      { width: 256, layers: 6 },
    ]
  : [{ width: 128, layers: 4 }];
if (['training', 'features', 'sampling'].some(wanted)) {
  for (const shape of shapes) for (const kernels of builds) benchModel(shape, { kernels });
  const pool = await createKernelPool({ size: 2 });
  benchModel(shapes[0]!, { pool });
  await pool.close();
}
