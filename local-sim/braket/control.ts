/**
 * What the cloud does not have: a way to ask for trouble. Signed like any request of this service, at paths of its own, and never
 * subject to a fault or a quota itself.
 *
 *   GET, PUT  /local-sim/faults               the faults in force; PUT puts the given ones in their place
 *   PUT       /local-sim/device/{deviceArn}   {"status": "ONLINE" | "OFFLINE" | "RETIRED"}, tasks under way included
 */
import type { MemberReader } from '../members.ts';
import { readMembers } from '../members.ts';
import type { Members, Operation, Route } from '../rest-json.ts';
import { ServiceError } from '../service.ts';
import type { DeviceBoard } from './device-board.ts';
import { type BraketFaults, readFaults, replaceFaults } from './faults.ts';

export const CONTROL_ROUTES: Readonly<Record<string, Route>> = {
  GetFaults: { method: 'GET', path: '/local-sim/faults', status: 200 },
  PutFaults: { method: 'PUT', path: '/local-sim/faults', status: 200 },
  PutDeviceStatus: { method: 'PUT', path: '/local-sim/device/{deviceArn}', status: 200 },
};

export function controlOperations(faults: BraketFaults, board: DeviceBoard): Record<string, Operation> {
  const operation =
    (act: (reader: MemberReader) => Members): Operation =>
    (members) =>
      act(readMembers(members, 'ValidationException'));
  return {
    GetFaults: operation(() => ({ ...faults })),
    PutFaults: operation((reader) => {
      replaceFaults(faults, readFaults(reader));
      return { ...faults };
    }),
    PutDeviceStatus: operation((reader) => {
      const deviceArn = reader.string('deviceArn', { min: 1, max: 256 });
      const status = reader.oneOf('status', ['ONLINE', 'OFFLINE', 'RETIRED']);
      if (!board.get(deviceArn)) throw new ServiceError('ResourceNotFoundException', `Device ${deviceArn} was not found.`, 404);
      board.setStatus(deviceArn, status);
      return { deviceArn, status };
    }),
  };
}
