/**
 * What a pool of threads promises. The simulators never start a thread: they take a pool that `@qefm/quantum/node` or
 * `@qefm/quantum/browser` made, or work alone.
 *
 * A task is one call of an exported function on every thread at once: entry(part, parts, ...args), with part = 0 … parts - 1. All
 * threads see the same shared memory. Parts may wait for each other on words of it by spinning; they may not sleep (`memory.atomic.wait`
 * traps on the main thread of a page, which is part 0 of `runSync` there), and a part that traps leaves those that wait for it spinning.
 */

export interface KernelTask {
  /**
   * Compiled code that imports its memory as `env.memory`, shared, and nothing else. Each thread makes its own instance, so globals are
   * a thread's own and data segments are written once more by every thread: a module keeps nothing there that changes.
   */
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Name of the exported function. */
  readonly entry: string;
  /** Numbers after (part, parts), at most 16; i32 and f64 parameters only. */
  readonly args?: readonly number[];
}

export interface KernelPool {
  /** Threads that work on a task at once: `parts`. */
  readonly size: number;
  /**
   * Runs a task on `size` threads and leaves the caller free. Tasks run one after the other.
   * throws  QuantumError with the message of the first part that failed; the pool stays usable unless a thread died
   */
  run(task: KernelTask): Promise<void>;
  /**
   * Runs a task on the caller (part 0) and `size` - 1 threads; returns when all parts are done. The caller sleeps while it waits, except
   * on the main thread of a page, which may not sleep and spins.
   * throws  QuantumError when a part fails, or while a task of `run` is under way
   */
  runSync(task: KernelTask): void;
  /** Ends the threads, after the tasks that wait. A pool left open does not keep a Node process alive. */
  close(): Promise<void>;
}
