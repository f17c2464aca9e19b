/** The device that a task or a hybrid job asks for, and how the service answers where it cannot be had. */
import type { MemberReader } from '../members.ts';
import { ServiceError } from '../service.ts';
import type { BraketDevice } from './devices.ts';

/** Throws for a device that is not known, retired or offline. */
export function usableDevice(
  reader: MemberReader,
  deviceArn: string,
  deviceOf: (arn: string) => BraketDevice | undefined,
): BraketDevice {
  const device = deviceOf(deviceArn);
  if (!device) throw reader.refuse(`Device ${deviceArn} is not known.`);
  if (device.status === 'RETIRED') throw new ServiceError('DeviceRetiredException', `Device ${deviceArn} has been retired.`, 410);
  if (device.status === 'OFFLINE') throw new ServiceError('DeviceOfflineException', `Device ${deviceArn} is offline.`, 424);
  return device;
}
