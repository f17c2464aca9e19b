/** Hybrid jobs on disk: a journal of what changed. Every change of status is also an event that somebody still has to deliver. */
import { join } from 'node:path';
import { type Journal, openJournal } from '../../journal.ts';
import { type HybridJob, type HybridJobRequest, type HybridJobStep, isJobOver, type OpenAttempt } from './model.ts';

type JournalRecord =
  | { record: 'job'; job: HybridJobRequest; tags: Record<string, string> }
  | { record: 'step'; arn: string; step: HybridJobStep }
  | { record: 'attempt-opened'; arn: string; attempt: OpenAttempt }
  | { record: 'attempt-closed'; arn: string }
  | { record: 'sent'; arn: string; change: number }
  | { record: 'tags'; arn: string; tags: Record<string, string> };

export class HybridJobStore {
  /** By ARN, oldest first. */
  readonly jobs = new Map<string, HybridJob>();
  readonly #byClientToken = new Map<string, HybridJob>();
  readonly #byJobToken = new Map<string, HybridJob>();
  readonly #journal: Journal<JournalRecord>;

  constructor(dir: string) {
    this.#journal = openJournal<JournalRecord>(join(dir, 'jobs.jsonl'));
    for (const record of this.#journal.recovered) this.#apply(record);
    this.#journal.forget();
  }

  byClientToken(token: string): HybridJob | undefined {
    return this.#byClientToken.get(token);
  }

  byJobToken(token: string): HybridJob | undefined {
    return this.#byJobToken.get(token);
  }

  open(): HybridJob[] {
    return [...this.jobs.values()].filter((job) => !isJobOver(job.status));
  }

  create(request: HybridJobRequest, tags: Record<string, string>): HybridJob {
    this.#write({ record: 'job', job: request, tags });
    return this.jobs.get(request.arn)!;
  }

  step(job: HybridJob, step: HybridJobStep): void {
    this.#write({ record: 'step', arn: job.arn, step });
  }

  openAttempt(job: HybridJob, attempt: OpenAttempt): void {
    this.#write({ record: 'attempt-opened', arn: job.arn, attempt });
  }

  closeAttempt(job: HybridJob): void {
    this.#write({ record: 'attempt-closed', arn: job.arn });
  }

  markSent(job: HybridJob, change: number): void {
    if (!job.changes[change]!.sent) this.#write({ record: 'sent', arn: job.arn, change });
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
    if (record.record === 'job') {
      const created = { status: 'QUEUED' as const, atMs: record.job.createdAtMs, sent: false };
      const job: HybridJob = {
        ...record.job,
        status: 'QUEUED',
        tags: record.tags,
        steps: [],
        changes: [created],
        attempts: 0,
      };
      this.jobs.set(job.arn, job);
      this.#byClientToken.set(job.clientToken, job);
      this.#byJobToken.set(job.jobToken, job);
      return;
    }
    const job = this.jobs.get(record.arn)!;
    switch (record.record) {
      case 'step': {
        const { status, atMs, failureReason } = record.step;
        job.steps.push(record.step);
        if (failureReason !== undefined) job.failureReason = failureReason;
        if (status === undefined) return;
        job.status = status;
        job.changes.push({ status, atMs, sent: false });
        if (status === 'RUNNING') job.startedAtMs ??= atMs;
        if (isJobOver(status)) job.endedAtMs = atMs;
        return;
      }
      case 'attempt-opened':
        job.open = record.attempt;
        job.attempts++;
        return;
      case 'attempt-closed':
        delete job.open;
        return;
      case 'sent':
        job.changes[record.change]!.sent = true;
        return;
      case 'tags':
        job.tags = record.tags;
    }
  }
}
