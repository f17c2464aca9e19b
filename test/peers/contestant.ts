/** One side of the comparison as a process that answers JSON lines (worker.py tells which). */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

export interface Prepared {
  readonly prepareMs: number;
  readonly firstMs: number;
  readonly values: readonly number[];
}

/** A side that has no such thing, or has failed at it. */
export interface Absent {
  readonly absent: string;
}

/** Any case that is worth its place in the table is done in this time. */
const PATIENCE_MS = 240_000;

export class Contestant {
  readonly name: string;
  readonly #command: readonly string[];
  readonly #threads: number;
  #child: ChildProcessByStdio<Writable, Readable, null> | null = null;
  #lines: AsyncIterator<string> | null = null;

  constructor(name: string, command: readonly string[], threads: number) {
    this.name = name;
    this.#command = command;
    this.#threads = threads;
  }

  #start(): void {
    const threads = String(this.#threads);
    const names = ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS', 'NUMBA_NUM_THREADS', 'QULACS_NUM_THREADS'];
    const flags = `--xla_cpu_multi_thread_eigen=${this.#threads > 1} intra_op_parallelism_threads=${threads}`;
    const env = {
      ...process.env,
      ...Object.fromEntries(names.map((name) => [name, threads])),
      XLA_FLAGS: flags,
      JAX_PLATFORMS: 'cpu',
    };
    const [program = '', ...args] = this.#command;
    this.#child = spawn(program, args, {
      env,
      stdio: ['pipe', 'pipe', process.env['PEERS_VERBOSE'] ? 'inherit' : 'ignore'],
    }) as ChildProcessByStdio<Writable, Readable, null>;
    // What it cannot be told is seen where its answer is missing.
    this.#child.stdin.on('error', () => {});
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** The answer, or why there is none; a process that is late or ends is started anew for the next request. */
  async ask(request: object): Promise<Record<string, unknown>> {
    if (this.#child === null) this.#start();
    this.#child!.stdin.write(`${JSON.stringify(request)}\n`);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), PATIENCE_MS);
    });
    const line = await Promise.race([this.#lines!.next(), late]);
    clearTimeout(timer);
    if (line !== 'late' && line.done !== true) return JSON.parse(line.value) as Record<string, unknown>;
    this.end();
    return { error: line === 'late' ? `no answer in ${PATIENCE_MS / 1000} s` : 'the process ended' };
  }

  async prepare(workload: object): Promise<Prepared | Absent> {
    const answer = await this.ask({ prepare: workload });
    const reason = answer['unsupported'] ?? answer['error'];
    return reason === undefined ? (answer as unknown as Prepared) : { absent: String(reason) };
  }

  end(): void {
    this.#child?.kill('SIGKILL');
    this.#child = null;
    this.#lines = null;
  }
}
