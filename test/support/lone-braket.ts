/** The emulated Braket alone, in this thread and on a virtual clock, with short words for what tests do with it. */
import { quantumEngine } from '../../local-sim/braket/quantum-engine.ts';
import { type BraketOptions, createBraket } from '../../local-sim/braket.ts';
import { virtualClock } from '../../local-sim/clock.ts';
import type { Service } from '../../local-sim/service.ts';
import { eventually, type LoneCloud, type LoneCloudOptions, loneCloud } from './lone-service.ts';

export const SV1 = 'arn:aws:braket:::device/quantum-simulator/amazon/sv1';
export const GARNET = 'arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet';
export const FORTE = 'arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1';

const header = (name: string) => ({ braketSchemaHeader: { name, version: '1' } });
export const program = (...lines: string[]) =>
  JSON.stringify({ ...header('braket.ir.openqasm.program'), source: ['OPENQASM 3.0;', ...lines].join('\n') });
export const programSet = (...programs: string[]) =>
  JSON.stringify({ ...header('braket.ir.openqasm.program_set'), programs: programs.map((one) => JSON.parse(one)) });
export const BELL = program('bit[2] b;', 'qubit[2] q;', 'h q[0];', 'cnot q[0], q[1];', 'b = measure q;');

export interface TaskView {
  status: string;
  failureReason?: string;
  outputS3Directory: string;
  createdAt: string;
  endedAt?: string;
  numSuccessfulShots?: number;
  queueInfo?: { position: string; message?: string };
}

export interface LoneBraket {
  cloud: LoneCloud;
  service: Service;
  create(args?: Record<string, unknown>): Promise<string>;
  look(arn: string, queue?: boolean): Promise<TaskView>;
  over(arn: string): Promise<TaskView>;
  /** The document that a task left at a path below its folder. */
  result(task: TaskView, path?: string): Record<string, unknown>;
  /** Statuses of a task in the order of their events. */
  statuses(arn: string): unknown[];
  /** Millisecond of the clock at which a task got a status; undefined when it never did or its event is missing. */
  timeOf(arn: string, status: string): number | undefined;
  stop(): Promise<void>;
}

export async function loneBraket(options: BraketOptions = {}, cloudOptions: LoneCloudOptions = {}): Promise<LoneBraket> {
  const cloud = loneCloud({ clock: virtualClock(), ...cloudOptions });
  const service = createBraket(cloud.context, { seed: 7, engine: quantumEngine(), postEvent: cloud.postEvent, ...options });
  await service.start?.();
  let tokens = 0;
  let stopped = false;
  const look = async (quantumTaskArn: string, queue = false) =>
    (await service.call('GetQuantumTask', {
      quantumTaskArn,
      ...(queue ? { additionalAttributeNames: ['QueueInfo'] } : {}),
    })) as unknown as TaskView;
  const eventsOf = (arn: string) => cloud.events.filter((event) => event.resources[0] === arn);
  return {
    cloud,
    service,
    look,
    async create(args = {}) {
      const { quantumTaskArn } = await service.call('CreateQuantumTask', {
        deviceArn: SV1,
        shots: 100,
        outputS3Bucket: 'amazon-braket-test',
        outputS3KeyPrefix: 'tasks',
        action: BELL,
        clientToken: `token-${++tokens}`,
        ...args,
      });
      return quantumTaskArn as string;
    },
    over: (arn) =>
      eventually(async () => {
        const task = await look(arn);
        return ['COMPLETED', 'FAILED', 'CANCELLED'].includes(task.status) && task;
      }),
    result: (task, path = 'results.json') =>
      JSON.parse(cloud.objects.get(`amazon-braket-test/${task.outputS3Directory}/${path}`)!) as Record<string, unknown>,
    statuses: (arn) => eventsOf(arn).map((event) => event.detail['status']),
    timeOf: (arn, status) => eventsOf(arn).find((event) => event.detail['status'] === status)?.timeMs,
    async stop() {
      if (stopped) return;
      stopped = true;
      await service.stop?.();
      cloud.remove();
    },
  };
}
