/** The kernels and their memory. The layout of instructions is told in kernels/index.ts; the module carries its bytes. */
import type { KernelPool } from '@qefm/quantum';
import {
  MODEL_KERNELS_WASM_BASE64,
  RELAXED_MODEL_KERNELS_WASM_BASE64,
  SHARED_MODEL_KERNELS_WASM_BASE64,
  SHARED_RELAXED_MODEL_KERNELS_WASM_BASE64,
} from '../kernels.generated.ts';
import type { KernelBuild, KernelChoice } from './api.ts';
import type { Program } from './program.ts';

type Kernel = (...args: number[]) => void;

/** Each kernel by itself, for tests and benchmarks; arguments in the order of its source. */
export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly run: (part: number, parts: number, table: number) => void;
  readonly product: Kernel;
  readonly normForward: Kernel;
  readonly normBackward: Kernel;
  readonly geluForward: Kernel;
  readonly geluBackward: Kernel;
  readonly columnSums: Kernel;
  readonly sequenceMeans: Kernel;
  readonly attentionForward: Kernel;
  readonly attentionBackward: Kernel;
  readonly attentionStep: Kernel;
  readonly embedForward: Kernel;
  readonly embedBackward: Kernel;
  readonly crossEntropy: Kernel;
  readonly sumParts: Kernel;
  readonly squareSum: (address: number, count: number) => number;
  readonly adamw: Kernel;
}

/** Bytes of scratch memory that a product wants: PRODUCT_SCRATCH of kernels/products.ts. */
export const PRODUCT_SCRATCH = 256 * 1024 * 4 + 256 * 96 * 4 + 6 * 8 * 4;

const bytesOf = (base64: string) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

const compiled = new Map<string, WebAssembly.Module>();

/** Compiled once; null where the host refuses the file. */
function moduleOf(base64: string): WebAssembly.Module | null {
  const known = compiled.get(base64);
  if (known !== undefined) return known;
  const bytes = bytesOf(base64);
  if (!WebAssembly.validate(bytes)) return null;
  const module = new WebAssembly.Module(bytes);
  compiled.set(base64, module);
  return module;
}

function choose(choice: KernelChoice, shared: boolean): { build: KernelBuild; module: WebAssembly.Module } {
  const relaxed =
    choice === 'fastest' ? moduleOf(shared ? SHARED_RELAXED_MODEL_KERNELS_WASM_BASE64 : RELAXED_MODEL_KERNELS_WASM_BASE64) : null;
  if (relaxed !== null) return { build: 'relaxed', module: relaxed };
  const plain = moduleOf(shared ? SHARED_MODEL_KERNELS_WASM_BASE64 : MODEL_KERNELS_WASM_BASE64);
  if (plain === null) throw new RangeError('transformer: a host with WebAssembly SIMD wanted');
  return { build: 'plain', module: plain };
}

const FIRST_ADDRESS = 4096;
const PAGE = 65536;
const MAX_PAGES = 65536;
/** A line of the cache: threads that write side by side do not share one. */
const LINE = 64;

export class ModelMachine {
  readonly build: KernelBuild;
  readonly threads: number;
  readonly kernels: KernelExports;
  readonly #module: WebAssembly.Module;
  readonly #memory: WebAssembly.Memory;
  readonly #pool: KernelPool | null;
  #next = FIRST_ADDRESS;

  constructor(choice: KernelChoice = 'fastest', pool: KernelPool | null = null) {
    const { build, module } = choose(choice, pool !== null);
    this.build = build;
    this.threads = pool?.size ?? 1;
    this.#module = module;
    this.#pool = pool;
    if (pool === null) {
      this.kernels = new WebAssembly.Instance(module).exports as unknown as KernelExports;
      this.#memory = this.kernels.memory;
    } else {
      this.#memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
      this.kernels = new WebAssembly.Instance(module, { env: { memory: this.#memory } }).exports as unknown as KernelExports;
    }
  }

  /** Address of a new block; memory grows as needed, so views are taken after the last allocation. */
  allocate(bytes: number): number {
    const address = this.#next;
    this.#next = address + Math.ceil(bytes / LINE) * LINE;
    if (this.#next >= PAGE * MAX_PAGES)
      throw new RangeError(`transformer: less than 4 GiB wanted, ${this.#next} bytes asked; use smaller batches`);
    const missing = this.#next - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / PAGE));
    return address;
  }

  /** What is allocated in `use` is given back after it. */
  borrow<T>(use: () => T): T {
    const mark = this.#next;
    try {
      return use();
    } finally {
      this.#next = mark;
    }
  }

  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }

  doubles(address: number, length: number): Float64Array {
    return new Float64Array(this.#memory.buffer, address, length);
  }

  words(address: number, length: number): Uint32Array {
    return new Uint32Array(this.#memory.buffer, address, length);
  }

  shorts(address: number, length: number): Uint16Array {
    return new Uint16Array(this.#memory.buffer, address, length);
  }

  /** Writes programs down, one for each thread; `run` runs them any number of times. */
  load(programs: readonly Program[]): { readonly table: number } {
    if (programs.length !== this.threads) throw new RangeError(`${this.threads} programs wanted, ${programs.length} found`);
    const table = this.allocate(8 * programs.length);
    const addresses = programs.map((program) => this.allocate(program.words.byteLength));
    programs.forEach(({ words, length }, part) => {
      new Int32Array(this.#memory.buffer, addresses[part]!, words.length).set(words);
      this.words(table + 8 * part, 2).set([addresses[part]!, length]);
    });
    return { table };
  }

  run({ table }: { readonly table: number }): void {
    if (this.#pool === null) this.kernels.run(0, 1, table);
    else this.#pool.runSync({ module: this.#module, memory: this.#memory, entry: 'run', args: [table] });
  }
}
