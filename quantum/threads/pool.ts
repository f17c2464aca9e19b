/** A pool of threads over what a platform can do: the same in Node and in a browser. */

import { must, QuantumError } from '../errors.ts';
import type { KernelPool, KernelTask } from './kernel-pool.ts';
import { MAX_ARGUMENTS, MAX_PARTS, SLOT, type ThreadMessage } from './thread.ts';

/** A started thread that runs `serveKernels`. */
export interface Thread {
  post(message: ThreadMessage): void;
  /** Whether the thread keeps the process alive. */
  hold(alive: boolean): void;
  end(): Promise<void>;
}

export interface ThreadPlace {
  readonly control: SharedArrayBuffer;
  /** The part of every task that is this thread's. */
  readonly part: number;
  /** Called after each task of `run`; with a reason when the thread has died. */
  readonly done: (death?: string) => void;
}

/** Starts a thread and waits until it answers. */
export type StartThread = (place: ThreadPlace) => Promise<Thread>;

export interface KernelPoolOptions {
  /** Parts of a task, 1 to 64; default: the cores of the machine. */
  readonly size?: number;
}

type Code = Pick<KernelTask, 'module' | 'memory'>;

/** Looks before sleeping, some 50 µs. */
const LOOKS = 20_000;

/** Threads 1 … size - 1 are up when the promise resolves; thread 0 is only wanted by `run` and starts with its first call. */
export async function createPool(start: StartThread, cores: number, options: KernelPoolOptions): Promise<KernelPool> {
  const size = options.size ?? Math.max(1, Math.min(MAX_PARTS, cores));
  must(Number.isInteger(size) && size >= 1 && size <= MAX_PARTS, `pool: 1 to ${MAX_PARTS} threads wanted, ${size} found`);
  must(typeof SharedArrayBuffer === 'function', 'pool: shared memory wanted; a page needs the COOP and COEP headers for it');
  const pool = new Pool(start, size);
  await pool.startFrom(1);
  return pool;
}

class Pool implements KernelPool {
  readonly size: number;
  readonly #start: StartThread;
  readonly #control = new SharedArrayBuffer(SLOT.end);
  readonly #words = new Int32Array(this.#control);
  readonly #numbers = new Float64Array(this.#control, SLOT.arguments, MAX_ARGUMENTS);
  readonly #threads: Thread[] = [];
  readonly #sleeps = maySleep();
  /** Number of the code each thread has; code and memory travel once. */
  readonly #loads: number[] = [];
  #load = 0;
  #code: Code | null = null;
  #exports: WebAssembly.Exports | null = null;
  #entries: readonly string[] = [];
  #queue: Promise<void> = Promise.resolve();
  #queued = 0;
  #done: (death?: string) => void = () => {};
  #death: string | null = null;
  #closed = false;

  constructor(start: StartThread, size: number) {
    this.#start = start;
    this.size = size;
  }

  /** Starts what is missing from a part on. */
  async startFrom(first: number): Promise<void> {
    const missing = Array.from({ length: this.size - first }, (_, i) => first + i).filter((part) => !this.#threads[part]);
    await Promise.all(
      missing.map(async (part) => {
        const done = (death?: string) => {
          if (death !== undefined && !this.#closed) this.#death = death;
          this.#done(death);
        };
        const thread = await this.#start({ control: this.#control, part, done });
        thread.hold(false);
        this.#loads[part] = 0;
        this.#threads[part] = thread;
      }),
    );
  }

  async run(task: KernelTask): Promise<void> {
    this.#mustBeOpen();
    const turn = async () => {
      await this.startFrom(0);
      this.#check(task);
      for (const thread of this.#threads) thread.hold(true);
      try {
        await new Promise<void>((resolve) => {
          let pending = this.size;
          this.#done = (death) => {
            if (--pending === 0 || death !== undefined) resolve();
          };
          this.#dispatch(task, 0);
        });
      } finally {
        this.#done = () => {};
        for (const thread of this.#threads) thread.hold(false);
      }
      this.#throwFailure(task);
    };
    this.#queued++;
    const result = this.#queue.then(turn).finally(() => this.#queued--);
    this.#queue = result.catch(() => {});
    await result;
  }

  runSync(task: KernelTask): void {
    this.#mustBeOpen();
    must(this.#queued === 0, 'pool: runSync wants an idle pool, a task of run is under way');
    this.#check(task);
    this.#dispatch(task, 1);
    let failure: unknown = null;
    try {
      (this.#exports![task.entry] as CallableFunction)(0, this.size, ...(task.args ?? []));
    } catch (error) {
      failure = error;
    }
    this.#settle();
    if (failure !== null) throw new QuantumError(`pool: ${task.entry} failed in part 0: ${String(failure)}`);
    this.#throwFailure(task);
  }

  async close(): Promise<void> {
    this.#closed = true;
    // Tasks that wait still run; new ones are refused.
    await this.#queue;
    await Promise.all(this.#threads.map((thread) => thread?.end()));
    this.#code = null;
    this.#exports = null;
  }

  #mustBeOpen(): void {
    must(!this.#closed, 'pool: an open pool wanted, this one was closed');
  }

  /** Refuses what cannot run, and makes the code of the task the current one. */
  #check({ module, memory, entry, args = [] }: KernelTask): void {
    must(this.#death === null, `pool: living threads wanted, ${this.#death}`);
    must(args.length <= MAX_ARGUMENTS, `pool: at most ${MAX_ARGUMENTS} arguments wanted, ${args.length} found`);
    if (this.#code?.module !== module || this.#code.memory !== memory) {
      must(memory.buffer instanceof SharedArrayBuffer, 'pool: shared memory wanted, a memory of one thread found');
      this.#exports = new WebAssembly.Instance(module, { env: { memory } }).exports;
      this.#code = { module, memory };
      this.#entries = WebAssembly.Module.exports(module).map(({ name }) => name);
      this.#load++;
    }
    must(typeof this.#exports![entry] === 'function', `pool: an exported function wanted, '${entry}' found`);
  }

  #dispatch({ module, memory, entry, args = [] }: KernelTask, firstPart: number): void {
    const words = this.#words;
    const unread: number[] = [];
    for (let part = firstPart; part < this.size; part++) {
      if (this.#loads[part] === this.#load) continue;
      this.#threads[part]!.post({ kind: 'load', load: this.#load, module, memory });
      this.#loads[part] = this.#load;
      unread.push(part);
    }
    this.#numbers.set(args);
    words[SLOT.argumentCount] = args.length;
    words[SLOT.entry] = this.#entries.indexOf(entry);
    words[SLOT.parts] = this.size;
    words[SLOT.reply] = firstPart === 0 ? 1 : 0;
    words[SLOT.load] = this.#load;
    words[SLOT.failed] = 0;
    Atomics.store(words, SLOT.pending, this.size - firstPart);
    const ticket = Atomics.add(words, SLOT.ticket, 1) + 1;
    for (let part = firstPart; part < this.size; part++) {
      const looks = Atomics.load(words, SLOT.looking + part) === 1 && !unread.includes(part);
      if (!looks) this.#threads[part]!.post({ kind: 'go', ticket });
    }
  }

  /** Waits for the other parts: looks for some microseconds, then sleeps where that is allowed. */
  #settle(): void {
    for (let look = 0; look < LOOKS || !this.#sleeps; look++) {
      if (Atomics.load(this.#words, SLOT.pending) === 0) return;
    }
    for (;;) {
      const pending = Atomics.load(this.#words, SLOT.pending);
      if (pending === 0) return;
      Atomics.wait(this.#words, SLOT.pending, pending, 1000);
    }
  }

  #throwFailure(task: KernelTask): void {
    must(this.#death === null, `pool: ${task.entry} was cut short, ${this.#death}`);
    if (this.#words[SLOT.failed] === 0) return;
    // Decoders refuse shared memory, hence the copy.
    const bytes = new Uint8Array(this.#control, SLOT.text, this.#words[SLOT.textLength]).slice();
    throw new QuantumError(`pool: ${task.entry} failed in ${new TextDecoder().decode(bytes)}`);
  }
}

/** Whether `Atomics.wait` may be called here; the main thread of a page may not. */
function maySleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}
