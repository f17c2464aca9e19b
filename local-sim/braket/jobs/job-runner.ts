/**
 * Takes hybrid jobs from QUEUED to their end: the queue of their device, a folder with all that the script needs, its process, and what
 * it leaves behind in S3 before the last status can be seen. All state is in the store. After a restart a process that is still ours goes
 * on; an attempt that died together with its cloud is run again from the checkpoints that it left, as Batch does with its jobs.
 */
import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type AttemptEnd, type AttemptProcess, recoverAttempt, startAttempt } from '../../attempt-process.ts';
import type { Clock } from '../../clock.ts';
import type { DeviceBoard } from '../device-board.ts';
import { Slots } from '../slots.ts';
import type { HybridJobStore } from './job-store.ts';
import { type HybridJob, type HybridJobEventType, type HybridJobStep, isJobOver } from './model.ts';
import type { S3Files } from './s3-files.ts';
import { failureOf, prepareFolder, saveCheckpoints, saveResults, type WorkFolder } from './work-folder.ts';

/** What to start: an executable with its arguments, and variables of its own. */
export interface ScriptProgram {
  command: readonly string[];
  cwd: string;
  environment: Readonly<Record<string, string>>;
}

export interface HybridJobRunnerOptions {
  clock: Clock;
  store: HybridJobStore;
  board: DeviceBoard;
  s3: S3Files;
  /** Folder of the attempts. */
  jobsDir: string;
  /** Between SIGTERM and SIGKILL. */
  killGraceMs: number;
  /** What a graceful stop does to running jobs; both ways the next cloud brings them to their end. */
  onStop: 'terminate' | 'leave';
  endpoint(): string;
  /** Throws where nothing on this machine can run the job. */
  program(job: HybridJob, folder: WorkFolder): Promise<ScriptProgram>;
  environment(job: HybridJob, folder: WorkFolder, program: ScriptProgram): Record<string, string>;
  logPath(job: HybridJob): string;
  changed(job: HybridJob): void;
  log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void;
}

interface Entry {
  job: HybridJob;
  cancel: AbortController;
  done: Promise<void>;
}

export class HybridJobRunner {
  readonly #options: HybridJobRunnerOptions;
  readonly #open = new Map<string, Entry>();
  /** Each QPU runs one job at a time. */
  readonly #qpus = new Map<string, Slots>();
  readonly #stopping = new AbortController();

  constructor(options: HybridJobRunnerOptions) {
    this.#options = options;
  }

  /** Takes up what an earlier cloud left; jobs that were running keep their device. */
  start(): void {
    const { store, jobsDir } = this.#options;
    // What a kill left between the last status and the end of the clearing up.
    for (const job of store.jobs.values())
      if (isJobOver(job.status) && job.status !== 'FAILED') rmSync(join(jobsDir, job.id), { recursive: true, force: true });
    const left = store.open();
    for (const job of [...left.filter((job) => job.open), ...left.filter((job) => !job.open)]) this.accept(job);
  }

  /** A new job, or one of an earlier process. */
  accept(job: HybridJob): void {
    if (isJobOver(job.status) || this.#open.has(job.arn) || this.#isStopped) return;
    const cancel = new AbortController();
    if (job.status === 'CANCELLING') cancel.abort();
    const done = this.#live(job, cancel.signal)
      .catch((error: unknown) => this.#options.log('error', 'job runner failed', { job: job.id, error: String(error) }))
      .finally(() => this.#open.delete(job.arn));
    this.#open.set(job.arn, { job, cancel, done });
  }

  /** Moves an open job to CANCELLING; it becomes CANCELLED once its process is gone and what it left is stored. */
  cancel(job: HybridJob): void {
    this.#note(job, { status: 'CANCELLING' });
    this.#open.get(job.arn)?.cancel.abort();
  }

  /** Place of a queued job among those of its device, from 1. */
  queuePosition(job: HybridJob): number {
    return this.queued(job.deviceArn).indexOf(job) + 1;
  }

  queued(deviceArn: string): HybridJob[] {
    return [...this.#open.values()].map(({ job }) => job).filter((job) => job.deviceArn === deviceArn && job.status === 'QUEUED');
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([...this.#open.values()].map(({ done }) => done));
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #live(job: HybridJob, cancelled: AbortSignal): Promise<void> {
    const interrupted = AbortSignal.any([cancelled, this.#stopping.signal]);
    const work = async () => {
      const release = this.#options.clock.busy();
      try {
        await (job.open ? this.#resume(job, cancelled) : this.#run(job, cancelled));
      } finally {
        release();
      }
    };
    try {
      await this.#inTurn(job, interrupted, work);
    } catch (error) {
      if (this.#isStopped && !isJobOver(job.status)) return;
      if (cancelled.aborted) this.#end(job, 'CANCELLED');
      else this.#fail(job, error instanceof Error ? error.message : String(error));
    }
  }

  /** One job after the other on a QPU, when it takes work at all; a job that was running stays on it whatever the QPU does meanwhile. */
  async #inTurn(job: HybridJob, interrupted: AbortSignal, work: () => Promise<void>): Promise<void> {
    const { board } = this.#options;
    if (board.get(job.deviceArn)?.type !== 'QPU') return work();
    const qpu = this.#qpus.get(job.deviceArn) ?? new Slots(1);
    this.#qpus.set(job.deviceArn, qpu);
    if (!job.open) this.#note(job, { event: 'WAITING_FOR_PRIORITY' });
    // One with a process is attended to first, even if it is to be cancelled.
    await qpu.acquire(job.open ? this.#stopping.signal : interrupted);
    try {
      if (!job.open) await board.ready(job.deviceArn, interrupted);
      return await work();
    } finally {
      qpu.release();
    }
  }

  async #run(job: HybridJob, cancelled: AbortSignal): Promise<void> {
    const { clock, store, s3, jobsDir, endpoint, program: programFor, environment, logPath } = this.#options;
    // The caller may look at its job while it is queued.
    await new Promise((resolve) => setImmediate(resolve));
    for (const event of ['QUEUED_FOR_EXECUTION', 'STARTING_INSTANCE', 'DOWNLOADING_DATA'] as const) this.#note(job, { event });
    // Of an attempt that was killed before it began.
    rmSync(join(jobsDir, job.id), { recursive: true, force: true });
    const dir = join(jobsDir, job.id, `attempt-${job.attempts + 1}-${randomUUID().slice(0, 8)}`);
    let folder: WorkFolder;
    let program: ScriptProgram;
    try {
      folder = await prepareFolder(job, dir, s3);
      program = await programFor(job, folder);
      cancelled.throwIfAborted();
      this.#stopping.signal.throwIfAborted();
    } catch (error) {
      rmSync(dir, { recursive: true, force: true });
      throw error;
    }
    const log = logPath(job);
    store.openAttempt(job, { dir, endpoint: endpoint(), startedAtMs: clock.now() });
    const process = startAttempt({ ...program, environment: environment(job, folder, program), dir, log });
    const message = `Log: ${log}`;
    this.#note(job, job.status === 'QUEUED' ? { event: 'RUNNING', status: 'RUNNING', message } : { event: 'RUNNING', message });
    await this.#attend(job, process, cancelled);
  }

  /** A job whose process an earlier cloud started. */
  async #resume(job: HybridJob, cancelled: AbortSignal): Promise<void> {
    const { store, endpoint, log, killGraceMs, s3 } = this.#options;
    const { dir, endpoint: itsEndpoint } = job.open!;
    const found = await recoverAttempt(dir);
    if (found !== 'no-end' && 'end' in found) return this.#settle(job, found.end, false);
    if (found !== 'no-end' && itsEndpoint === endpoint()) {
      log('info', 'took over a running job', { job: job.id });
      if (job.status === 'QUEUED') this.#note(job, { event: 'RUNNING', status: 'RUNNING' });
      return this.#attend(job, found.process, cancelled);
    }
    if (found !== 'no-end') {
      log('warn', 'a job of an earlier cloud talks to another endpoint: ended, to run again', { job: job.id });
      found.process.terminate(killGraceMs);
      await found.process.ended;
    }
    await saveCheckpoints(job, dir, s3);
    store.closeAttempt(job);
    cancelled.throwIfAborted();
    log('warn', 'a job died with its cloud and runs again', { job: job.id });
    return this.#run(job, cancelled);
  }

  /** Children live in real time, whatever clock the cloud keeps. */
  async #attend(job: HybridJob, process: AttemptProcess, cancelled: AbortSignal): Promise<void> {
    const { clock, killGraceMs, onStop, store } = this.#options;
    let timedOut = false;
    const terminate = () => process.terminate(killGraceMs);
    const onTimeOut = () => {
      timedOut = true;
      terminate();
    };
    const limitMs = job.maxRuntimeSeconds * 1_000 - Math.max(0, clock.now() - job.open!.startedAtMs);
    const timer = setTimeout(onTimeOut, Math.max(0, limitMs));
    let leave: (left: 'left') => void;
    const left = new Promise<'left'>((resolve) => {
      leave = resolve;
    });
    const onStopping = () => {
      if (onStop === 'terminate') return terminate();
      process.release();
      leave('left');
    };
    const unhook = [onAbort(cancelled, terminate), onAbort(this.#stopping.signal, onStopping)];
    const end = await Promise.race([process.ended, left]);
    clearTimeout(timer);
    for (const off of unhook) off();
    if (end === 'left') return;
    // A process that we ended because the cloud stops neither failed nor finished: the next cloud runs the job again.
    if (this.#isStopped && !cancelled.aborted && !timedOut && end.exitCode !== 0) {
      await saveCheckpoints(job, job.open!.dir, this.#options.s3);
      return store.closeAttempt(job);
    }
    await this.#settle(job, end, timedOut);
  }

  /** May run twice, when the cloud is killed in the middle: the same files go to the same places. */
  async #settle(job: HybridJob, end: AttemptEnd, timedOut: boolean): Promise<void> {
    const { s3, jobsDir, log } = this.#options;
    const { dir } = job.open!;
    const failure = end.error ?? failureOf(dir);
    const onPurpose = timedOut || job.status === 'CANCELLING';
    this.#note(job, { event: 'UPLOADING_RESULTS' });
    let unsaved: string | undefined;
    try {
      await saveCheckpoints(job, dir, s3);
      if (end.exitCode === 0 || onPurpose) {
        const leftOut = await saveResults(job, dir, s3);
        if (leftOut.length > 0) log('warn', 'links and devices among the results were left out', { job: job.id, leftOut });
      }
    } catch (error) {
      unsaved = `The results could not be stored: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (job.status === 'CANCELLING') this.#end(job, 'CANCELLED');
    else if (timedOut) {
      this.#fail(job, `The job ran longer than its ${job.maxRuntimeSeconds} seconds and was stopped.`, 'MAX_RUNTIME_EXCEEDED');
    } else if (end.exitCode !== 0)
      this.#fail(job, `AlgorithmError: ${failure ?? 'the script ended early'}, exit code: ${end.exitCode}`);
    else if (unsaved !== undefined) this.#fail(job, unsaved);
    else this.#end(job, 'COMPLETED');
    // A failed job's folder stays for whoever wants to look.
    if (job.status !== 'FAILED') rmSync(join(jobsDir, job.id), { recursive: true, force: true });
  }

  #end(job: HybridJob, status: 'COMPLETED' | 'CANCELLED'): void {
    this.#note(job, { event: status, status });
  }

  #fail(job: HybridJob, reason: string, event: HybridJobEventType = 'FAILED'): void {
    const log = this.#options.logPath(job);
    const failureReason = existsSync(log) ? `${reason.slice(0, 700)} (log: ${log})` : reason;
    this.#note(job, { event, status: 'FAILED', failureReason, message: failureReason });
  }

  #note(job: HybridJob, step: Omit<HybridJobStep, 'atMs'>): void {
    if (isJobOver(job.status)) return;
    this.#options.store.step(job, { ...step, atMs: this.#options.clock.now() });
    if (step.status !== undefined) this.#options.changed(job);
  }
}

/** Calls `act` when the signal is aborted, at once where it is; returns what calls it off. */
function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
}
