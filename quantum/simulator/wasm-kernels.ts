/**
 * The fast kernels: a circuit becomes a list of instructions in the memory of a WebAssembly module, run there by one call.
 * The layout of instructions is told in assembly/kernels/index.ts. The module carries its bytes; nothing is read at run time.
 */

import { KERNELS_WASM_BASE64 } from '../assembly/kernels.generated.ts';
import { must } from '../errors.ts';

export interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly run: (program: number, count: number, state: number, qubits: number, scratch: number) => void;
  readonly sweep: (program: number, count: number, phi: number, lambda: number, qubits: number, scratch: number) => void;
  readonly realInner: (a: number, b: number, qubits: number) => number;
  readonly imaginaryInner: (a: number, b: number, qubits: number) => number;
  readonly probabilities: (state: number, qubits: number, out: number) => void;
  readonly weighted: (phi: number, weight: number, lambda: number, qubits: number) => void;
  readonly walshHadamard: (data: number, qubits: number) => void;
  readonly sumOfZ: (state: number, qubits: number) => number;
}

let compiled: WebAssembly.Module | null = null;

function kernelModule(): WebAssembly.Module {
  if (compiled === null) {
    const text = atob(KERNELS_WASM_BASE64);
    compiled = new WebAssembly.Module(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  }
  return compiled;
}

/** Low addresses stay free for the module's own data. */
const FIRST_ADDRESS = 4096;
const PAGE = 65536;

/** One instance of the kernels with its own memory, laid out once: blocks are handed out in order and never given back. */
export class KernelMachine {
  readonly kernels: KernelExports;
  #next = FIRST_ADDRESS;
  #f64: Float64Array;
  #i32: Int32Array;

  constructor() {
    this.kernels = new WebAssembly.Instance(kernelModule()).exports as unknown as KernelExports;
    this.#f64 = new Float64Array(this.kernels.memory.buffer);
    this.#i32 = new Int32Array(this.kernels.memory.buffer);
  }

  /** Address of a new block, a multiple of 16; memory grows as needed, so views are to be taken after the last allocation. */
  allocate(bytes: number): number {
    const address = this.#next;
    this.#next = address + Math.ceil(bytes / 16) * 16;
    must(this.#next < 2 ** 32, `kernel memory below 4 GiB wanted, ${this.#next} bytes asked`);
    const missing = this.#next - this.kernels.memory.buffer.byteLength;
    if (missing > 0) {
      this.kernels.memory.grow(Math.ceil(missing / PAGE));
      this.#f64 = new Float64Array(this.kernels.memory.buffer);
      this.#i32 = new Int32Array(this.kernels.memory.buffer);
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
    return this.kernels.memory.buffer.byteLength;
  }

  doubles(address: number, length: number): Float64Array {
    return this.#f64.subarray(address / 8, address / 8 + length);
  }

  words(address: number, length: number): Int32Array {
    return this.#i32.subarray(address / 4, address / 4 + length);
  }
}

/** Instruction codes, as in assembly/kernels/index.ts. */
export const CODE = {
  nothing: 0,
  real: 1,
  one: 2,
  diagonal: 3,
  cnot: 4,
  x: 5,
  cz: 6,
  swap: 7,
  two: 8,
  diagonalTwo: 9,
  many: 10,
  depolarizing: 11,
} as const;

export const INSTRUCTION_BYTES = 64;
export const DERIVATIVE_KIND = { generators: 0, ry: 1, rz: 2 } as const;
