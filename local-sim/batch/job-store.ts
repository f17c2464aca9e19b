/** Definitions, queues and jobs on disk: a journal of what changed. Children of an array follow from their parent. */
import { join } from 'node:path';
import { type Journal, openJournal } from '../journal.ts';
import type { Attempt, ComputeEnvironment, Job, JobDefinition, JobQueue, JobRequest, JobStatus, OpenAttempt } from './model.ts';

export interface StatusChange {
  status: JobStatus;
  atMs: number;
  statusReason?: string;
  startedAtMs?: number;
  stoppedAtMs?: number;
}

type JournalRecord =
  | { record: 'definition'; definition: JobDefinition }
  | { record: 'queue'; queue: JobQueue }
  | { record: 'compute-environment'; environment: ComputeEnvironment }
  | { record: 'job'; job: JobRequest }
  | { record: 'status'; id: string; change: StatusChange }
  | { record: 'attempt-opened'; id: string; attempt: OpenAttempt }
  /** Without an attempt, the open one is forgotten and does not count: the cloud, not the job, broke it off. */
  | { record: 'attempt-closed'; id: string; attempt?: Attempt }
  | { record: 'ended'; id: string; how: 'cancelled' | 'terminated'; reason: string }
  | { record: 'sent'; id: string; change: number }
  | { record: 'tags'; arn: string; tags: Record<string, string> };

export interface Tagged {
  arn: string;
  tags: Record<string, string>;
}

export class JobStore {
  /** All revisions, by ARN. */
  readonly definitions = new Map<string, JobDefinition>();
  readonly queues = new Map<string, JobQueue>();
  readonly environments = new Map<string, ComputeEnvironment>();
  /** Jobs, array parents and their children, by id, oldest first. */
  readonly jobs = new Map<string, Job>();
  readonly #children = new Map<string, Job[]>();
  readonly #journal: Journal<JournalRecord>;

  constructor(dir: string) {
    this.#journal = openJournal<JournalRecord>(join(dir, 'journal.jsonl'));
    for (const record of this.#journal.recovered) this.#apply(record);
  }

  /** Empty for a job that is no array. */
  children(job: Job): readonly Job[] {
    return this.#children.get(job.id) ?? [];
  }

  tagged(arn: string): Tagged | undefined {
    const job = this.jobs.get(arn.split(':job/')[1] ?? '');
    return job ?? this.definitions.get(arn) ?? this.queues.get(arn) ?? this.environments.get(arn);
  }

  putDefinition(definition: JobDefinition): void {
    this.#write({ record: 'definition', definition });
  }

  putQueue(queue: JobQueue): void {
    this.#write({ record: 'queue', queue });
  }

  putEnvironment(environment: ComputeEnvironment): void {
    this.#write({ record: 'compute-environment', environment });
  }

  create(job: JobRequest): Job {
    this.#write({ record: 'job', job });
    return this.jobs.get(job.id)!;
  }

  change(job: Job, change: StatusChange): void {
    this.#write({ record: 'status', id: job.id, change });
  }

  openAttempt(job: Job, attempt: OpenAttempt): void {
    this.#write({ record: 'attempt-opened', id: job.id, attempt });
  }

  closeAttempt(job: Job, attempt?: Attempt): void {
    this.#write({ record: 'attempt-closed', id: job.id, ...(attempt ? { attempt } : {}) });
  }

  markEnded(job: Job, how: 'cancelled' | 'terminated', reason: string): void {
    this.#write({ record: 'ended', id: job.id, how, reason });
  }

  markSent(job: Job, change: number): void {
    this.#write({ record: 'sent', id: job.id, change });
  }

  setTags(arn: string, tags: Record<string, string>): void {
    this.#write({ record: 'tags', arn, tags });
  }

  close(): void {
    this.#journal.close();
  }

  #write(record: JournalRecord): void {
    this.#journal.append(record);
    this.#apply(record);
  }

  #apply(record: JournalRecord): void {
    switch (record.record) {
      case 'definition':
        this.definitions.set(record.definition.arn, record.definition);
        return;
      case 'queue':
        this.queues.set(record.queue.arn, record.queue);
        return;
      case 'compute-environment':
        this.environments.set(record.environment.arn, record.environment);
        return;
      case 'job':
        this.#applyJob(record.job);
        return;
      case 'status': {
        const job = this.jobs.get(record.id)!;
        const { status, atMs, statusReason, startedAtMs, stoppedAtMs } = record.change;
        job.status = status;
        if (statusReason === undefined) delete job.statusReason;
        else job.statusReason = statusReason;
        if (startedAtMs !== undefined) job.startedAtMs = startedAtMs;
        if (stoppedAtMs !== undefined) job.stoppedAtMs = stoppedAtMs;
        job.changes.push({ status, atMs, sent: false, ...(statusReason === undefined ? {} : { statusReason }) });
        return;
      }
      case 'attempt-opened':
        this.jobs.get(record.id)!.open = record.attempt;
        return;
      case 'attempt-closed': {
        const job = this.jobs.get(record.id)!;
        delete job.open;
        if (record.attempt) job.finished.push(record.attempt);
        return;
      }
      case 'ended': {
        const job = this.jobs.get(record.id)!;
        job.endReason = record.reason;
        if (record.how === 'cancelled') job.isCancelled = true;
        else job.isTerminated = true;
        return;
      }
      case 'sent':
        this.jobs.get(record.id)!.changes[record.change]!.sent = true;
        return;
      case 'tags': {
        const owner = this.tagged(record.arn);
        if (owner) owner.tags = record.tags;
      }
    }
  }

  #applyJob(request: JobRequest): void {
    const fresh = (own: Partial<Job>): Job => ({
      ...request,
      status: 'SUBMITTED',
      finished: [],
      isCancelled: false,
      isTerminated: false,
      changes: [{ status: 'SUBMITTED', atMs: request.createdAtMs, sent: false }],
      ...own,
    });
    this.jobs.set(request.id, fresh({}));
    if (request.arraySize === undefined) return;
    const children = Array.from({ length: request.arraySize }, (_, arrayIndex) =>
      fresh({ id: `${request.id}:${arrayIndex}`, arn: `${request.arn}:${arrayIndex}`, parentId: request.id, arrayIndex }),
    );
    this.#children.set(request.id, children);
    for (const child of children) this.jobs.set(child.id, child);
  }
}
