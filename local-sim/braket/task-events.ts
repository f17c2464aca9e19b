/** The 'Braket Task State Change' event of one change of a task, and what faults do to its journey. */
import type { AwsEvent, Passage } from '../change-events.ts';
import { uuidFrom } from '../change-events.ts';
import { type BraketFaults, eventIsHit } from './faults.ts';
import { isOver, type Task, type TaskStatus } from './task-store.ts';

export function taskEvent(task: Task, index: number): AwsEvent {
  const change = task.changes[index]!;
  return {
    id: uuidFrom('braket-event', task.arn, index),
    source: 'aws.braket',
    detailType: 'Braket Task State Change',
    region: task.region,
    timeMs: change.atMs,
    resources: [task.arn],
    detail: {
      quantumTaskArn: task.arn,
      status: change.status,
      deviceArn: task.deviceArn,
      shots: String(task.shots),
      outputS3Bucket: task.outputS3Bucket,
      outputS3Directory: task.outputS3Directory,
      createdAt: new Date(task.createdAtMs).toISOString(),
      eventName: index === 0 ? 'INSERT' : 'MODIFY',
      ...(isOver(change.status) ? { endedAt: new Date(task.endedAtMs ?? change.atMs).toISOString() } : {}),
    },
  };
}

/** Of a task or a hybrid job. */
export function changePassage(
  owner: { arn: string; changes: readonly { status: TaskStatus; atMs: number }[] },
  index: number,
  faults: BraketFaults,
  seed: number,
): Passage {
  const { status, atMs } = owner.changes[index]!;
  const hit = (fault: keyof Pick<BraketFaults, 'dropEvents' | 'duplicateEvents' | 'lateEvents' | 'reorderEvents'>) =>
    eventIsHit(faults[fault], status, seed, fault, owner.arn, index);
  if (hit('dropEvents')) return { times: 0 };
  const times = hit('duplicateEvents') ? 2 : 1;
  return {
    times,
    ...(hit('lateEvents') ? { notBeforeMs: atMs + (faults.lateMs ?? 1_000) } : {}),
    ...(hit('reorderEvents') && !isOver(status) ? { afterNext: true } : {}),
  };
}
