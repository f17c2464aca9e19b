/**
 * Moves jobs from SUBMITTED to their end: dependencies, a queue by priority and age, as many at once as there are vCPUs, and
 * attempts as child processes. All state is in the store; after a restart a process that is still ours goes on, and an
 * attempt that was broken off together with its cloud is run again without being counted.
 */
import { randomUUID } from 'node:crypto';
import { join, relative } from 'node:path';
import { type AttemptEnd, type AttemptProcess, recoverAttempt, startAttempt } from '../attempt-process.ts';
import type { Clock } from '../clock.ts';
import type { JobStore, StatusChange } from './job-store.ts';
import { isOver, type Job, type JobStatus, type LocalImage } from './model.ts';
import { triesAgain } from './retry.ts';

export interface JobRunnerOptions {
  clock: Clock;
  store: JobStore;
  /** Folder of the attempts' logs. */
  jobsDir: string;
  vcpus: number;
  killGraceMs: number;
  onStop: 'terminate' | 'leave';
  endpoint(): string;
  image(name: string): LocalImage | undefined;
  /** Environment of one attempt, complete. */
  environment(job: Job, attempt: number, image: LocalImage): Record<string, string>;
  changed(job: Job): void;
  log(level: 'info' | 'warn' | 'error', message: string, fields: Record<string, unknown>): void;
}

interface Live {
  job: Job;
  process: AttemptProcess;
  timedOut: boolean;
  /** Of the attempt's time-out. */
  timer?: NodeJS.Timeout;
}

const EXITED = 'Essential container in task exited';
const TIMED_OUT = 'Job attempt duration exceeded timeout';
const DEPENDENCY_FAILED = 'Dependent Job failed';

export class JobRunner {
  readonly #options: JobRunnerOptions;
  readonly #live = new Map<string, Live>();
  readonly #open = new Set<Job>();
  readonly #settling = new Set<Promise<void>>();
  #vcpusInUse = 0;
  #stopped = false;
  #started = false;
  #tickDue = false;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  /** Takes up what an earlier cloud left. Jobs submitted before are held until then. */
  async start(): Promise<void> {
    for (const job of this.#options.store.jobs.values()) if (!isOver(job.status)) this.#open.add(job);
    await Promise.all(
      [...this.#open].filter((job) => job.status === 'STARTING' || job.status === 'RUNNING').map((job) => this.#recover(job)),
    );
    this.#started = true;
    this.tick();
  }

  /** A job that was just submitted, with its children if it is an array. */
  accept(job: Job): void {
    for (const one of [job, ...this.#options.store.children(job)]) this.#open.add(one);
    this.tick();
  }

  /** Looks for work soon; call it whenever something may have become possible. */
  tick(): void {
    if (this.#tickDue || this.#stopped || !this.#started) return;
    this.#tickDue = true;
    const release = this.#options.clock.busy();
    setImmediate(() => {
      this.#tickDue = false;
      if (!this.#stopped) this.#schedule();
      release();
    });
  }

  /** CancelJob touches only what has not been placed yet. */
  cancel(job: Job, reason: string): void {
    for (const one of [job, ...this.#options.store.children(job)]) {
      if (isOver(one.status) || one.status === 'STARTING' || one.status === 'RUNNING' || one.endReason !== undefined) continue;
      this.#options.store.markEnded(one, 'cancelled', reason);
    }
    this.tick();
  }

  terminate(job: Job, reason: string): void {
    for (const one of [job, ...this.#options.store.children(job)]) {
      if (isOver(one.status)) continue;
      this.#options.store.markEnded(one, 'terminated', reason);
      this.#live.get(one.id)?.process.terminate(this.#options.killGraceMs);
    }
    this.tick();
  }

  /** Ends the processes, or lets them run on for the next cloud to find. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const { onStop, killGraceMs } = this.#options;
    for (const { process, timer } of this.#live.values()) {
      clearTimeout(timer);
      if (onStop === 'leave') process.release();
      else process.terminate(killGraceMs);
    }
    if (onStop === 'terminate') await Promise.all(this.#settling);
  }

  #schedule(): void {
    const { store } = this.#options;
    for (const job of this.#open) this.#advance(job);
    if (this.#vcpusInUse >= this.#options.vcpus) return;
    const priority = (job: Job) => store.queues.get(job.queueArn)?.priority ?? 0;
    const runnable = [...this.#open]
      .filter((job) => job.status === 'RUNNABLE' && !this.#live.has(job.id))
      .sort((a, b) => priority(b) - priority(a) || a.order - b.order || (a.arrayIndex ?? 0) - (b.arrayIndex ?? 0));
    for (const job of runnable) {
      // Strictly in order: a large job is not starved by small ones behind it.
      if (this.#vcpusInUse + job.vcpus > this.#options.vcpus) break;
      this.#startAttempt(job);
    }
  }

  /** Everything that needs no process: dependencies, cancellation, the state of an array's parent. */
  #advance(job: Job): void {
    const { store } = this.#options;
    if (job.arraySize !== undefined && job.parentId === undefined) {
      this.#advanceParent(job);
      return;
    }
    if (this.#live.has(job.id) || job.open) return;
    if (job.endReason !== undefined) {
      this.#finish(job, 'FAILED', job.endReason);
      return;
    }
    if (job.status === 'SUBMITTED') this.#change(job, { status: 'PENDING' });
    if (job.status !== 'PENDING') return;
    const awaited = this.#dependencies(job);
    if (awaited.some((other) => other === 'gone' || other.status === 'FAILED')) {
      this.#finish(job, 'FAILED', DEPENDENCY_FAILED);
      return;
    }
    if (!awaited.every((other) => other !== 'gone' && other.status === 'SUCCEEDED')) return;
    if (job.vcpus > this.#options.vcpus) {
      this.#finish(job, 'FAILED', `The job asks for ${job.vcpus} vCPUs, this local cloud has ${this.#options.vcpus}`);
      return;
    }
    this.#change(job, { status: 'RUNNABLE' });
    if (job.parentId !== undefined) {
      const parent = store.jobs.get(job.parentId)!;
      if (parent.status === 'SUBMITTED') this.#change(parent, { status: 'PENDING' });
    }
  }

  #advanceParent(parent: Job): void {
    const children = this.#options.store.children(parent);
    if (!children.every((child) => isOver(child.status))) return;
    const failed = children.filter((child) => child.status === 'FAILED').length;
    if (failed === 0) {
      this.#finish(parent, 'SUCCEEDED');
      return;
    }
    this.#finish(parent, 'FAILED', parent.endReason ?? 'Array Child Job failed');
  }

  #dependencies(job: Job): (Job | 'gone')[] {
    const { store } = this.#options;
    return job.dependsOn.flatMap(({ jobId, type }): (Job | 'gone')[] => {
      if (type === 'SEQUENTIAL') {
        if (job.arrayIndex === undefined || job.arrayIndex === 0) return [];
        return [store.jobs.get(`${job.parentId}:${job.arrayIndex - 1}`) ?? 'gone'];
      }
      const id = type === 'N_TO_N' && job.arrayIndex !== undefined ? `${jobId}:${job.arrayIndex}` : (jobId ?? '');
      return [store.jobs.get(id) ?? 'gone'];
    });
  }

  #startAttempt(job: Job): void {
    const { store, clock, jobsDir, image: findImage, environment, endpoint } = this.#options;
    const image = findImage(job.image);
    if (!image) {
      this.#finish(job, 'FAILED', `CannotPullContainerError: no image ${job.image} in this local cloud`);
      return;
    }
    const number = job.finished.length + 1;
    const dir = join(jobsDir, ...job.id.split(':'), `attempt-${number}-${randomUUID().slice(0, 8)}`);
    this.#change(job, { status: 'STARTING' });
    store.openAttempt(job, { dir, endpoint: endpoint(), startedAtMs: clock.now() });
    const process = startAttempt({
      command: [...(image.entryPoint ?? []), ...resolveParameters(job)],
      ...(image.cwd === undefined ? {} : { cwd: image.cwd }),
      environment: environment(job, number, image),
      dir,
    });
    this.#change(job, { status: 'RUNNING', startedAtMs: clock.now() });
    this.#attend(job, process);
  }

  async #recover(job: Job): Promise<void> {
    const { store, endpoint, log, killGraceMs } = this.#options;
    if (!job.open) return this.#backInQueue(job);
    const found = await recoverAttempt(job.open.dir);
    if (found === 'no-end') {
      store.closeAttempt(job);
      return this.#backInQueue(job);
    }
    if ('end' in found) return this.#settle(job, found.end, false);
    if (job.open.endpoint !== endpoint()) {
      log('warn', 'a job of an earlier cloud talks to another endpoint: ended, to run again', { job: job.id });
      found.process.terminate(killGraceMs);
      await found.process.ended;
      store.closeAttempt(job);
      return this.#backInQueue(job);
    }
    log('info', 'took over a running job', { job: job.id });
    if (job.status === 'STARTING') this.#change(job, { status: 'RUNNING', startedAtMs: job.open.startedAtMs });
    this.#attend(job, found.process);
    if (job.endReason !== undefined) found.process.terminate(killGraceMs);
  }

  #attend(job: Job, process: AttemptProcess): void {
    const { clock, killGraceMs } = this.#options;
    const live: Live = { job, process, timedOut: false };
    this.#live.set(job.id, live);
    this.#vcpusInUse += job.vcpus;
    const release = clock.busy();
    // Children live in real time, whatever clock the cloud keeps.
    const limitMs =
      job.timeoutSeconds === undefined ? undefined : job.timeoutSeconds * 1000 - Math.max(0, clock.now() - job.open!.startedAtMs);
    if (limitMs !== undefined) {
      const onTimeOut = () => {
        live.timedOut = true;
        process.terminate(killGraceMs);
      };
      live.timer = setTimeout(onTimeOut, Math.max(0, limitMs));
    }
    const settled = process.ended.then((end) => {
      if (this.#stopped && this.#options.onStop === 'leave') return;
      clearTimeout(live.timer);
      this.#live.delete(job.id);
      this.#vcpusInUse -= job.vcpus;
      this.#settle(job, end, live.timedOut);
      release();
      this.tick();
    });
    this.#settling.add(settled);
    void settled.finally(() => this.#settling.delete(settled));
  }

  #settle(job: Job, end: AttemptEnd, timedOut: boolean): void {
    const { store, clock } = this.#options;
    const open = job.open!;
    // A process that we ended because the cloud stops neither failed nor finished: the next cloud runs the attempt again.
    if (this.#stopped && job.endReason === undefined && !timedOut) {
      store.closeAttempt(job);
      return;
    }
    const statusReason = timedOut ? TIMED_OUT : (job.endReason ?? EXITED);
    const reason = end.error ?? '';
    const stoppedAtMs = clock.now();
    store.closeAttempt(job, {
      exitCode: end.exitCode,
      ...(reason === '' ? {} : { reason }),
      statusReason,
      startedAtMs: open.startedAtMs,
      stoppedAtMs,
      logStreamName: relative(this.#options.jobsDir, open.dir),
    });
    if (end.exitCode === 0 && !timedOut && job.endReason === undefined) {
      this.#finish(job, 'SUCCEEDED', EXITED);
      return;
    }
    this.#options.log('warn', 'a job attempt failed', { job: job.id, exitCode: end.exitCode, statusReason, logs: open.dir });
    const endedOnPurpose = timedOut || job.endReason !== undefined;
    if (endedOnPurpose || !triesAgain(job, { exitCode: end.exitCode, reason, statusReason }))
      this.#finish(job, 'FAILED', statusReason);
    else this.#change(job, { status: 'RUNNABLE', statusReason });
  }

  /** An attempt that never counted leaves the job where it was before it. */
  #backInQueue(job: Job): void {
    if (job.endReason !== undefined) this.#finish(job, 'FAILED', job.endReason);
    else this.#change(job, { status: 'RUNNABLE' });
  }

  #finish(job: Job, status: JobStatus, statusReason?: string): void {
    const change = { status, stoppedAtMs: this.#options.clock.now() };
    this.#change(job, statusReason === undefined ? change : { ...change, statusReason });
    this.#open.delete(job);
    this.tick();
  }

  #change(job: Job, change: Omit<StatusChange, 'atMs'>): void {
    this.#options.store.change(job, { ...change, atMs: this.#options.clock.now() });
    this.#options.changed(job);
  }
}

/** `Ref::name` arguments become the job's parameters; one without a value stays as it is written. */
export function resolveParameters(job: Pick<Job, 'command' | 'parameters'>): string[] {
  return job.command.map((word) => (word.startsWith('Ref::') ? (job.parameters[word.slice(5)] ?? word) : word));
}
