/**
 * The fast kernels: a circuit becomes a list of instructions in the memory of a WebAssembly module, run there by one call.
 * The layout of instructions is told in assembly/kernels/index.ts. The module carries its bytes; nothing is read at run time.
 */

import {
  KERNELS_WASM_BASE64,
  RELAXED_KERNELS_WASM_BASE64,
  SHARED_KERNELS_WASM_BASE64,
  SHARED_RELAXED_KERNELS_WASM_BASE64,
  SINGLE_KERNELS_WASM_BASE64,
  SINGLE_RELAXED_KERNELS_WASM_BASE64,
} from '../assembly/kernels.generated.ts';
import { must } from '../errors.ts';
import type { KernelPool } from '../threads/kernel-pool.ts';

export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly run: (passes: number, count: number, state: number, blocks: number, scratch: number, tables: number) => void;
  readonly sweep: (
    passes: number,
    count: number,
    phi: number,
    lambda: number,
    blocks: number,
    scratch: number,
    tables: number,
    sums: number,
  ) => void;
  readonly pauliMean: (part: number, parts: number, ...args: readonly number[]) => void;
  readonly pauliApply: (part: number, parts: number, ...args: readonly number[]) => void;
  readonly realInner: (a: number, b: number, qubits: number) => number;
  readonly imaginaryInner: (a: number, b: number, qubits: number) => number;
  readonly probabilities: (state: number, qubits: number, out: number) => void;
  readonly weighted: (phi: number, weight: number, lambda: number, qubits: number) => void;
  readonly walshHadamard: (data: number, qubits: number) => void;
  readonly sumOfZ: (state: number, qubits: number) => number;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** The build with fused multiply-add where the host knows relaxed SIMD (Node 22, Chromium 114), else the one without; made once. */
function moduleOnce(relaxed: string, plain: string): () => WebAssembly.Module {
  let compiled: WebAssembly.Module | null = null;
  return () => {
    if (compiled === null) {
      const bytes = bytesOf(relaxed);
      compiled = new WebAssembly.Module(WebAssembly.validate(bytes) ? bytes : bytesOf(plain));
    }
    return compiled;
  };
}

const kernelModule = moduleOnce(RELAXED_KERNELS_WASM_BASE64, KERNELS_WASM_BASE64);
const singleModule = moduleOnce(SINGLE_RELAXED_KERNELS_WASM_BASE64, SINGLE_KERNELS_WASM_BASE64);
const sharedModule = moduleOnce(SHARED_RELAXED_KERNELS_WASM_BASE64, SHARED_KERNELS_WASM_BASE64);

/** Low addresses stay free for the module's own data. */
const FIRST_ADDRESS = 4096;
const PAGE = 65536;
const MAX_PAGES = 65536;

export interface MachineOptions {
  readonly pool?: KernelPool;
  /** Amplitudes of two f32, forward only. */
  readonly single?: boolean;
  /** Another build of the kernels, for tests. */
  readonly module?: WebAssembly.Module;
}

/** One instance of the kernels with its own memory, laid out once: blocks are handed out in order and never given back. */
export class KernelMachine {
  readonly kernels: KernelExports;
  /** The threads that work on this memory, null where the caller works alone. */
  readonly pool: KernelPool | null;
  readonly #module: WebAssembly.Module;
  readonly #memory: WebAssembly.Memory;
  #next = FIRST_ADDRESS;
  #f64: Float64Array;
  #i32: Int32Array;

  /** Bytes of an amplitude: two f64, or two f32. */
  readonly amplitudeBytes: 16 | 8;

  constructor(options: MachineOptions = {}) {
    const single = options.single ?? false;
    this.pool = options.pool ?? null;
    this.amplitudeBytes = single ? 8 : 16;
    must(!single || this.pool === null, 'single precision: one thread wanted, a pool found');
    if (this.pool === null) {
      this.#module = options.module ?? (single ? singleModule() : kernelModule());
      this.kernels = new WebAssembly.Instance(this.#module).exports as unknown as KernelExports;
      this.#memory = this.kernels.memory;
    } else {
      this.#module = options.module ?? sharedModule();
      this.#memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
      const imports = { env: { memory: this.#memory } };
      this.kernels = new WebAssembly.Instance(this.#module, imports).exports as unknown as KernelExports;
    }
    this.#f64 = new Float64Array(this.#memory.buffer);
    this.#i32 = new Int32Array(this.#memory.buffer);
  }

  /** Calls an exported function on all threads of the pool, with (part, parts) before the arguments. */
  runOnPool(entry: string, args: readonly number[]): void {
    this.pool!.runSync({ module: this.#module, memory: this.#memory, entry, args });
  }

  /** Address of a new block, a multiple of 16; memory grows as needed, so views are to be taken after the last allocation. */
  allocate(bytes: number): number {
    const address = this.#next;
    this.#next = address + Math.ceil(bytes / 16) * 16;
    must(this.#next < 2 ** 32, `kernel memory below 4 GiB wanted, ${this.#next} bytes asked`);
    const missing = this.#next - this.#memory.buffer.byteLength;
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE));
      this.#f64 = new Float64Array(this.#memory.buffer);
      this.#i32 = new Int32Array(this.#memory.buffer);
    }
    return address;
  }

  /** Forgets all blocks; addresses handed out before are void. */
  reset(): void {
    this.#next = FIRST_ADDRESS;
  }

  /** The whole memory as doubles; take it anew after an allocation. */
  get f64(): Float64Array {
    return this.#f64;
  }

  get bytes(): number {
    return this.#memory.buffer.byteLength;
  }

  doubles(address: number, length: number): Float64Array {
    return this.#f64.subarray(address / 8, address / 8 + length);
  }

  /** Amplitudes in single precision. */
  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#memory.buffer, address, length);
  }

  words(address: number, length: number): Int32Array {
    return this.#i32.subarray(address / 4, address / 4 + length);
  }
}

/** Instruction codes, as in assembly/kernels/index.ts. */
export const CODE = {
  rotations: 1,
  one: 2,
  diagonal: 3,
  cnot: 4,
  x: 5,
  phase: 6,
  swap: 7,
  two: 8,
  real: 9,
  many: 10,
  depolarizing: 11,
  phases: 12,
  sums: 13,
  flip: 14,
  permutation: 15,
} as const;

export const INSTRUCTION_BYTES = 64;
