/**
 * Quantum tasks and spending limits on disk: a journal of what changed, and one file per open task for its action, which may
 * be large and is dropped when the task is over. Every change of status is also an event that somebody still has to deliver.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Journal, openJournal } from '../journal.ts';

export const TASK_STATUSES = ['CREATED', 'QUEUED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLING', 'CANCELLED'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** One change of status, and whether its event has been handed over. */
export interface TaskChange {
  status: TaskStatus;
  atMs: number;
  sent: boolean;
}

/** What CreateQuantumTask fixed. */
export interface TaskRequest {
  arn: string;
  id: string;
  region: string;
  deviceArn: string;
  shots: number;
  outputS3Bucket: string;
  outputS3Directory: string;
  deviceParameters: string;
  clientToken: string;
  /** Hash of the request without its token: the same token with another hash is refused. */
  requestHash: string;
  seed: number;
  createdAtMs: number;
  actionType: string;
  programCount?: number;
  executableCount?: number;
  priceMicroUsd: { perTask: number; perShot: number };
  /** The hybrid job that made it. */
  jobArn?: string;
  /** Made by a job on the device of that job: goes before all others there. */
  hasPriority?: boolean;
  associations?: unknown[];
  experimentalCapabilities?: Record<string, unknown>;
}

export interface Task extends TaskRequest {
  status: TaskStatus;
  tags: Record<string, string>;
  changes: TaskChange[];
  endedAtMs?: number;
  failureReason?: string;
  numSuccessfulShots?: number;
}

export interface TaskOutcome {
  endedAtMs?: number;
  failureReason?: string;
  numSuccessfulShots?: number;
}

/** What CreateSpendingLimit and UpdateSpendingLimit fixed. */
export interface SpendingLimitTerms {
  arn: string;
  region: string;
  deviceArn: string;
  limitMicroUsd: number;
  startAtMs: number;
  endAtMs: number;
  createdAtMs: number;
  updatedAtMs: number;
  clientToken: string;
  tags: Record<string, string>;
}

/** One change of what is spent under a limit, and whether its event has been handed over. */
export interface SpendChange {
  atMs: number;
  sent: boolean;
  settledMicroUsd: number;
  queuedMicroUsd: number;
  /** The limit and its period as they were then. */
  limitMicroUsd: number;
  startAtMs: number;
  endAtMs: number;
}

export interface SpendingLimit extends SpendingLimitTerms {
  changes: SpendChange[];
}

type JournalRecord =
  | { record: 'task'; task: TaskRequest; tags: Record<string, string> }
  | { record: 'status'; arn: string; status: TaskStatus; atMs: number; outcome?: TaskOutcome }
  | { record: 'sent'; arn: string; change: number }
  | { record: 'tags'; arn: string; tags: Record<string, string> }
  | { record: 'limit'; limit: SpendingLimitTerms }
  | { record: 'spend'; arn: string; change: Omit<SpendChange, 'sent'> }
  | { record: 'spend-sent'; arn: string; change: number }
  | { record: 'limit-gone'; arn: string };

export function isOver(status: TaskStatus): boolean {
  return status === 'COMPLETED' || status === 'FAILED' || status === 'CANCELLED';
}

export class TaskStore {
  readonly tasks = new Map<string, Task>();
  readonly limits = new Map<string, SpendingLimit>();
  readonly #byToken = new Map<string, Task>();
  readonly #journal: Journal<JournalRecord>;
  readonly #actionDir: string;

  constructor(dir: string) {
    this.#actionDir = join(dir, 'actions');
    mkdirSync(this.#actionDir, { recursive: true });
    this.#journal = openJournal<JournalRecord>(join(dir, 'journal.jsonl'));
    for (const record of this.#journal.recovered) this.#apply(record);
    const open = new Set([...this.tasks.values()].filter((task) => !isOver(task.status)).map((task) => `${task.id}.json`));
    for (const file of readdirSync(this.#actionDir)) if (!open.has(file)) rmSync(join(this.#actionDir, file));
  }

  byToken(clientToken: string): Task | undefined {
    return this.#byToken.get(clientToken);
  }

  create(request: TaskRequest, action: string, tags: Record<string, string>): Task {
    writeFileSync(this.#actionPath(request.id), action);
    this.#write({ record: 'task', task: request, tags });
    return this.tasks.get(request.arn)!;
  }

  action(task: Task): string {
    return readFileSync(this.#actionPath(task.id), 'utf8');
  }

  change(task: Task, status: TaskStatus, atMs: number, outcome?: TaskOutcome): void {
    this.#write({ record: 'status', arn: task.arn, status, atMs, ...(outcome ? { outcome } : {}) });
    if (isOver(status)) rmSync(this.#actionPath(task.id), { force: true });
  }

  markSent(task: Task, change: number): void {
    if (!task.changes[change]!.sent) this.#write({ record: 'sent', arn: task.arn, change });
  }

  setTags(arn: string, tags: Record<string, string>): void {
    this.#write({ record: 'tags', arn, tags });
  }

  putLimit(limit: SpendingLimitTerms): void {
    this.#write({ record: 'limit', limit });
  }

  noteSpend(limit: SpendingLimit, atMs: number, settledMicroUsd: number, queuedMicroUsd: number): void {
    const { arn, limitMicroUsd, startAtMs, endAtMs } = limit;
    const change = { atMs, settledMicroUsd, queuedMicroUsd, limitMicroUsd, startAtMs, endAtMs };
    this.#write({ record: 'spend', arn, change });
  }

  markSpendSent(limit: SpendingLimit, change: number): void {
    if (this.limits.has(limit.arn) && !limit.changes[change]!.sent) this.#write({ record: 'spend-sent', arn: limit.arn, change });
  }

  deleteLimit(arn: string): void {
    this.#write({ record: 'limit-gone', arn });
  }

  close(): void {
    this.#journal.close();
  }

  #actionPath(id: string): string {
    return join(this.#actionDir, `${id}.json`);
  }

  #write(record: JournalRecord): void {
    this.#journal.append(record);
    this.#apply(record);
  }

  #apply(record: JournalRecord): void {
    switch (record.record) {
      case 'task': {
        const created: TaskChange = { status: 'CREATED', atMs: record.task.createdAtMs, sent: false };
        const task: Task = { ...record.task, status: 'CREATED', tags: record.tags, changes: [created] };
        this.tasks.set(task.arn, task);
        this.#byToken.set(task.clientToken, task);
        return;
      }
      case 'status': {
        const task = this.tasks.get(record.arn)!;
        task.status = record.status;
        task.changes.push({ status: record.status, atMs: record.atMs, sent: false });
        Object.assign(task, record.outcome);
        return;
      }
      case 'sent':
        this.tasks.get(record.arn)!.changes[record.change]!.sent = true;
        return;
      case 'tags': {
        const owner = this.tasks.get(record.arn) ?? this.limits.get(record.arn);
        if (owner) owner.tags = record.tags;
        return;
      }
      case 'limit':
        this.limits.set(record.limit.arn, { ...record.limit, changes: this.limits.get(record.limit.arn)?.changes ?? [] });
        return;
      case 'spend':
        this.limits.get(record.arn)?.changes.push({ ...record.change, sent: false });
        return;
      case 'spend-sent': {
        const change = this.limits.get(record.arn)?.changes[record.change];
        if (change) change.sent = true;
        return;
      }
      case 'limit-gone':
        this.limits.delete(record.arn);
    }
  }
}
