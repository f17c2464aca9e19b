/**
 * Takes tasks from CREATED to their end: queue, run, results in S3, and only then the last status. Everything follows from
 * the store, so a restarted runner goes on where the killed one stood; a task that was running runs again with its seed.
 */
import { type Clock, sleep, type Timer } from '../clock.ts';
import type { DeviceBoard } from './device-board.ts';
import type { BraketDevice } from './devices.ts';
import type { BraketEngine, EngineOutput } from './engine.ts';
import { type BraketFaults, isHit } from './faults.ts';
import { Slots } from './slots.ts';
import { isOver, type Task, type TaskOutcome, type TaskStatus, type TaskStore } from './task-store.ts';

export interface TaskRunnerOptions {
  clock: Clock;
  store: TaskStore;
  engine: BraketEngine;
  board: DeviceBoard;
  faults: BraketFaults;
  seed: number;
  noise: boolean;
  concurrency: number;
  queueDelayMs: number;
  runDelayMs: number;
  putObject(bucket: string, key: string, body: string): Promise<void>;
  changed(task: Task): void;
  log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void;
}

const UPLOAD_TRIES = 4;
const UPLOAD_PAUSE_MS = 500;

export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #open = new Map<string, { task: Task; cancel: AbortController; done: Promise<void> }>();
  readonly #machine: Slots;
  /** A QPU runs one task at a time. */
  readonly #qpus = new Map<string, Slots>();
  readonly #timers = new Set<Timer>();
  #stopped = false;

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    this.#machine = new Slots(options.concurrency);
  }

  /** Takes up a new task or one of an earlier process; does nothing for one that is over. */
  accept(task: Task): void {
    if (isOver(task.status) || this.#open.has(task.arn) || this.#stopped) return;
    const cancel = new AbortController();
    if (task.status === 'CANCELLING') cancel.abort();
    const done = this.#live(task, cancel.signal)
      .catch((error: unknown) => {
        if (!this.#stopped) this.#options.log('error', 'task runner failed', { task: task.id, error: String(error) });
      })
      .finally(() => this.#open.delete(task.arn));
    this.#open.set(task.arn, { task, cancel, done });
  }

  /** Moves an open task to CANCELLING; it becomes CANCELLED as soon as its work lets go. */
  cancel(task: Task): void {
    this.#change(task, 'CANCELLING');
    this.#open.get(task.arn)?.cancel.abort();
  }

  /** Place of a queued task among those of its device and priority, from 1. */
  queuePosition(task: Task): number {
    return this.queued(task.deviceArn, task.hasPriority).indexOf(task) + 1;
  }

  queued(deviceArn: string, hasPriority = false): Task[] {
    return [...this.#open.values()]
      .map((entry) => entry.task)
      .filter((task) => task.deviceArn === deviceArn && (task.status === 'CREATED' || task.status === 'QUEUED'))
      .filter((task) => (task.hasPriority ?? false) === hasPriority);
  }

  openCount(deviceArn: string): number {
    return [...this.#open.values()].filter((entry) => entry.task.deviceArn === deviceArn).length;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    for (const { cancel } of this.#open.values()) cancel.abort();
    await Promise.all([...this.#open.values()].map((entry) => entry.done));
  }

  async #live(task: Task, cancelled: AbortSignal): Promise<void> {
    const { clock, board } = this.#options;
    const device = board.get(task.deviceArn);
    try {
      if (!device) throw new Error(`device ${task.deviceArn} is not in the table of this local cloud any more`);
      await sleep(clock, 0, cancelled);
      if (task.status === 'CREATED') this.#change(task, 'QUEUED');
      const queuedUntilMs = task.createdAtMs + (device.queueDelayMs ?? this.#options.queueDelayMs);
      if (clock.now() < queuedUntilMs) await sleep(clock, queuedUntilMs - clock.now(), cancelled);
      await this.#inTurn(task, device, cancelled, async () => {
        if (task.status === 'QUEUED') this.#change(task, 'RUNNING');
        await this.#runWhileOnline(task, device, cancelled);
      });
    } catch (error) {
      if (this.#stopped) return;
      if (cancelled.aborted) return this.#end(task, 'CANCELLED');
      const failureReason = error instanceof Error ? error.message : String(error);
      this.#end(task, 'FAILED', { failureReason, numSuccessfulShots: 0 });
    }
  }

  /** The queue: one after the other on a QPU, tasks of its hybrid job first, when it is online and in a window, and no more at once than this machine can take. */
  async #inTurn(task: Task, device: BraketDevice, cancelled: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { board } = this.#options;
    const qpu = device.type === 'QPU' ? (this.#qpus.get(device.arn) ?? new Slots(1)) : undefined;
    if (qpu) this.#qpus.set(device.arn, qpu);
    await qpu?.acquire(cancelled, task.hasPriority);
    try {
      for (;;) {
        await board.ready(device.arn, cancelled);
        await this.#machine.acquire(cancelled);
        try {
          // While this task waited for the machine, the device may have gone.
          if (board.isReady(device.arn)) return await work();
        } finally {
          this.#machine.release();
        }
      }
    } finally {
      qpu?.release();
    }
  }

  /** A device that goes offline or is retired takes the running task with it. */
  async #runWhileOnline(task: Task, device: BraketDevice, cancelled: AbortSignal): Promise<void> {
    const gone = new AbortController();
    const unwatch = this.#options.board.watch(device.arn, (status) => {
      if (status !== 'ONLINE') gone.abort(new Error(`Device ${device.arn} became ${status} while the task was running.`));
    });
    try {
      await this.#run(task, device, AbortSignal.any([cancelled, gone.signal]));
    } finally {
      unwatch();
    }
  }

  async #run(task: Task, device: BraketDevice, cancelled: AbortSignal): Promise<void> {
    const { clock, engine, store, faults, seed } = this.#options;
    const startedAtMs = task.changes.findLast((change) => change.status === 'RUNNING')!.atMs;
    const endedAtMs = Math.max(clock.now(), startedAtMs + (device.runDelayMs ?? this.#options.runDelayMs));
    const release = clock.busy();
    let output: EngineOutput;
    try {
      // The engine may hold the thread: let requests that came in meanwhile be answered first.
      await new Promise((resolve) => setImmediate(resolve));
      cancelled.throwIfAborted();
      if (isHit(faults.failTasks, seed, 'fail-task', task.arn)) {
        throw new Error(faults.failureReason ?? 'The device failed on purpose (fault injection).');
      }
      output = await engine.run(
        {
          action: store.action(task),
          deviceParameters: task.deviceParameters,
          device,
          noisy: this.#options.noise,
          shots: task.shots,
          seed: task.seed,
          taskArn: task.arn,
          createdAtIso: new Date(task.createdAtMs).toISOString(),
          endedAtIso: new Date(endedAtMs).toISOString(),
          executionDurationMs: Math.max(1, endedAtMs - startedAtMs),
          failures: this.#failures(task),
          bucket: task.outputS3Bucket,
          directory: task.outputS3Directory,
        },
        cancelled,
      );
    } finally {
      release();
    }
    this.#loseDevice(task, device);
    if (endedAtMs > clock.now()) await sleep(clock, endedAtMs - clock.now(), cancelled);
    await this.#upload(task, output, cancelled);
    cancelled.throwIfAborted();
    this.#end(task, 'COMPLETED', { numSuccessfulShots: output.successfulShots });
  }

  /** The fault of a device that goes in mid-run. */
  #loseDevice(task: Task, device: BraketDevice): void {
    const { clock, board, faults, seed } = this.#options;
    const retired = isHit(faults.retireDuringTasks, seed, 'retire', task.arn);
    if (!retired && !isHit(faults.offlineDuringTasks, seed, 'offline', task.arn)) return;
    board.setStatus(device.arn, retired ? 'RETIRED' : 'OFFLINE');
    if (retired || this.#stopped) return;
    const timer = clock.at(clock.now() + (faults.offlineMs ?? 60_000), () => {
      this.#timers.delete(timer);
      if (board.get(device.arn)?.status === 'OFFLINE') board.setStatus(device.arn, 'ONLINE');
    });
    this.#timers.add(timer);
  }

  #failures(task: Task): { programIndex: number; inputsIndex: number; failureReason: string }[] {
    const { faults, seed, store } = this.#options;
    if (task.executableCount === undefined || !faults.failExecutables) return [];
    const { programs } = JSON.parse(store.action(task)) as { programs: { inputs?: Record<string, unknown[]> }[] };
    return programs.flatMap(({ inputs }, programIndex) =>
      Array.from({ length: Object.values(inputs ?? {})[0]?.length ?? 1 }, (_, inputsIndex) => ({
        programIndex,
        inputsIndex,
        failureReason: faults.failureReason ?? 'The executable failed on purpose (fault injection).',
      })).filter(({ inputsIndex }) =>
        isHit(faults.failExecutables, seed, 'fail-executable', task.arn, programIndex, inputsIndex),
      ),
    );
  }

  /** `results.json` goes last: who sees it may read all the rest. */
  async #upload(task: Task, output: EngineOutput, cancelled: AbortSignal): Promise<void> {
    const { clock, putObject, faults, seed } = this.#options;
    const paths = Object.keys(output.files).sort((a, b) => Number(a === 'results.json') - Number(b === 'results.json'));
    for (const path of paths) {
      if (isHit(faults.slowWrites, seed, 'slow-write', task.arn, path))
        await sleep(clock, faults.slowWriteMs ?? 5_000, cancelled);
      for (let tries = 1; ; tries++) {
        cancelled.throwIfAborted();
        const release = clock.busy();
        try {
          await putObject(task.outputS3Bucket, `${task.outputS3Directory}/${path}`, output.files[path]!);
          break;
        } catch (error) {
          if (tries === UPLOAD_TRIES)
            throw new Error(`The results could not be written to bucket ${task.outputS3Bucket}: ${String(error)}`);
        } finally {
          release();
        }
        await sleep(clock, UPLOAD_PAUSE_MS * 2 ** tries, cancelled);
      }
    }
  }

  #end(task: Task, status: TaskStatus, outcome: TaskOutcome = {}): void {
    this.#change(task, status, { ...outcome, endedAtMs: this.#options.clock.now() });
  }

  #change(task: Task, status: TaskStatus, outcome?: TaskOutcome): void {
    if (this.#stopped || isOver(task.status)) return;
    this.#options.store.change(task, status, this.#options.clock.now(), outcome);
    this.#options.changed(task);
  }
}
