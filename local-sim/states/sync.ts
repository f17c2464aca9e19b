/** The `.sync` integrations: start a child, follow it to its end, give it up when the task is given up. */
import { createHash } from 'node:crypto';
import { sleep } from '../clock.ts';
import { StatesError } from './errors.ts';
import type { Engine } from './execution.ts';
import { fromSdkCase, toSdkCase } from './integrations.ts';
import { type JsonObject, toJson } from './json.ts';
import type { TaskResource } from './resources.ts';

export interface Following {
  readonly engine: Engine;
  readonly resource: TaskResource;
  readonly args: JsonObject;
  /** Names this attempt of this task, the same after a restart. */
  readonly startedBy: string;
  readonly executionArn: string;
  /** The child that an earlier process started, if its start is on record. */
  readonly submittedId: string | undefined;
  /** False once the task timed out or was aborted. */
  isOpen(): boolean;
  submitted(id: string, output: JsonObject): void;
  onCancel(cancel: () => void): void;
  undo(step: () => void): void;
}

/** An id in the form of a UUID, the same for the same text. */
export function derivedUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** Follows a nested execution; the result is undefined when the task was given up meanwhile. @throws StatesError States.TaskFailed */
export async function followExecution(following: Following): Promise<JsonObject | undefined> {
  const { engine, args, resource } = following;
  let arn = following.submittedId ?? engine.startedBy(following.startedBy);
  if (arn === undefined || following.submittedId === undefined) {
    const free = engine.clock.busy();
    try {
      if (arn === undefined) {
        const input = args['Input'] ?? {};
        const started = engine.startNested({
          stateMachineArn: String(args['StateMachineArn']),
          name: typeof args['Name'] === 'string' ? args['Name'] : derivedUuid(following.startedBy),
          input: typeof input === 'string' ? input : JSON.stringify(input),
          startedBy: following.startedBy,
        });
        arn = started.executionArn;
      }
      following.submitted(arn, { ExecutionArn: arn, StartDate: engine.clock.now(), SdkHttpMetadata: { HttpStatusCode: 200 } });
    } finally {
      free();
    }
  }
  const child = arn;
  following.onCancel(() => {
    engine
      .call('states', 'StopExecution', { executionArn: child, cause: 'The task that started it was given up.' })
      .catch((error: unknown) =>
        engine.log('warn', 'a nested execution could not be stopped', { executionArn: child, error: String(error) }),
      );
  });
  await new Promise<void>((resolve) => {
    following.undo(engine.onEnd(child, resolve));
    following.undo(resolve);
  });
  if (!following.isOpen()) return undefined;
  const told = await engine.call('states', 'DescribeExecution', { executionArn: child });
  const members: Record<string, unknown> = {};
  for (const name of [
    'error',
    'cause',
    'executionArn',
    'input',
    'inputDetails',
    'name',
    'output',
    'outputDetails',
    'stateMachineArn',
    'status',
  ]) {
    if (told[name] !== undefined) members[name] = told[name];
  }
  const described = fromSdkCase(toJson(members)) as JsonObject;
  for (const [name, member] of [
    ['StartDate', 'startDate'],
    ['StopDate', 'stopDate'],
  ] as const) {
    const date = told[member];
    if (date instanceof Date) described[name] = date.getTime();
  }
  if (described['Status'] !== 'SUCCEEDED') throw new StatesError('States.TaskFailed', JSON.stringify(described));
  if (resource.pattern === 'sync2') {
    for (const name of ['Input', 'Output'])
      if (typeof described[name] === 'string') described[name] = JSON.parse(described[name]);
  }
  return described;
}

const FIRST_POLL_MS = 100;
const LAST_POLL_MS = 2_000;

/** Follows a Batch job by asking for it, ever less often. @throws StatesError States.TaskFailed with the job as cause */
export async function followBatchJob(following: Following): Promise<JsonObject | undefined> {
  const { engine } = following;
  let jobId = following.submittedId;
  if (jobId === undefined) {
    const free = engine.clock.busy();
    try {
      const sent = toSdkCase(following.args) as JsonObject;
      const answer = await engine.call('batch', 'SubmitJob', sent);
      jobId = String(answer['jobId']);
      if (!following.isOpen()) {
        terminate(engine, jobId);
        return undefined;
      }
      const { $metadata: _, ...members } = answer;
      following.submitted(jobId, { ...(fromSdkCase(toJson(members)) as JsonObject), SdkHttpMetadata: { HttpStatusCode: 200 } });
    } finally {
      free();
    }
  }
  const id = jobId;
  following.onCancel(() => terminate(engine, id));
  const wake = new AbortController();
  following.undo(() => wake.abort(new Error('given up')));
  for (let pollMs = FIRST_POLL_MS; following.isOpen(); pollMs = Math.min(pollMs * 1.5, LAST_POLL_MS)) {
    const free = engine.clock.busy();
    let job: Record<string, unknown> | undefined;
    try {
      const answer = await engine.call('batch', 'DescribeJobs', { jobs: [id] });
      job = (answer['jobs'] as Record<string, unknown>[] | undefined)?.[0];
    } finally {
      free();
    }
    if (!job) throw new StatesError('States.TaskFailed', `Batch does not know the job ${id} any more`);
    if (job['status'] === 'SUCCEEDED') return fromSdkCase(toJson(job)) as JsonObject;
    if (job['status'] === 'FAILED') throw new StatesError('States.TaskFailed', JSON.stringify(fromSdkCase(toJson(job))));
    try {
      await sleep(engine.clock, pollMs, wake.signal);
    } catch {
      return undefined;
    }
  }
  return undefined;
}

function terminate(engine: Engine, jobId: string): void {
  engine
    .call('batch', 'TerminateJob', { jobId, reason: 'The task that submitted it was given up.' })
    .catch((error: unknown) => engine.log('warn', 'a Batch job could not be terminated', { jobId, error: String(error) }));
}
