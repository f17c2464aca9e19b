/**
 * 'Braket Device Status Change': told when a device becomes ONLINE, OFFLINE or RETIRED, by the control endpoint or by a fault. A closed
 * execution window changes no status, here as in the service, and so tells nothing.
 *
 * Like the statuses themselves the changes are in no journal: a restarted cloud has its table of devices anew.
 *
 * source  EventBridge reference, Amazon Braket events, for the name; no published example shows the detail, which has GetDevice's words
 */
import { type AwsEvent, type Change, ChangeEvents, uuidFrom } from '../change-events.ts';
import type { CloudContext } from '../service.ts';
import { summarizeDevice } from './describe.ts';
import type { DeviceBoard } from './device-board.ts';
import type { DeviceStatus } from './devices.ts';

interface WatchedDevice {
  arn: string;
  changes: (Change & { status: DeviceStatus })[];
}

export interface DeviceEventsOptions {
  context: CloudContext;
  board: DeviceBoard;
  post(event: AwsEvent): Promise<void>;
  warn(message: string, fields: Record<string, unknown>): void;
}

/** Tells of every change from now on; the function that is returned resolves when nothing is on its way any more. */
export function tellDeviceChanges({ context, board, post, warn }: DeviceEventsOptions): () => Promise<void> {
  const { clock } = context;
  const startedAtMs = clock.now();
  const events = new ChangeEvents<WatchedDevice>({
    clock,
    key: ({ arn }) => arn,
    event: ({ arn, changes }, index) => {
      const { status, atMs } = changes[index]!;
      return {
        id: uuidFrom('braket-device-event', arn, startedAtMs, index),
        source: 'aws.braket',
        detailType: 'Braket Device Status Change',
        // A simulator's ARN names no region.
        region: arn.split(':')[3] || context.region,
        timeMs: atMs,
        resources: [arn],
        detail: { ...summarizeDevice(board.get(arn)!), deviceStatus: status },
      };
    },
    markSent: ({ changes }, index) => {
      changes[index]!.sent = true;
    },
    post,
    warn,
  });
  for (const { arn, status } of board.all()) {
    const device: WatchedDevice = { arn, changes: [] };
    let last = status;
    board.watch(arn, (now) => {
      if (now === last) return;
      last = now;
      device.changes.push({ status: now, atMs: clock.now(), sent: false });
      events.flush(device);
    });
  }
  return () => events.stop();
}
