/** What a device says of itself, asked afresh before circuits are made for it. Nothing is ever replaced by another device. */
import { GetDeviceCommand, ResourceNotFoundException } from '@aws-sdk/client-braket';
import { z } from 'zod';
import { DeviceOffline, DeviceRetired, DeviceUnknown } from '../../core/contracts/errors.ts';
import type { ErrorRates } from '../../core/guards/noise.ts';
import { priceTable } from '../../core/guards/price-table.ts';
import type { Target } from '../../core/problems/circuit-files.ts';
import { braketClient } from './clients.ts';
import { readConfig } from './config.ts';

const Capabilities = z.looseObject({
  service: z.looseObject({ shotsRange: z.tuple([z.number(), z.number()]) }),
  action: z.record(
    z.string(),
    z.looseObject({
      maximumExecutables: z.number().optional(),
      maximumTotalShots: z.number().optional(),
      supportedResultTypes: z.array(z.looseObject({ name: z.string() })).nullish(),
    }),
  ),
});

const PROGRAM = 'braket.ir.openqasm.program';
const PROGRAM_SET = 'braket.ir.openqasm.program_set';

/** Region a device's tasks and results live in; throws DeviceUnknown when this deployment has none for it. */
export function deviceRegion(arn: string): string {
  const { DEVICE_REGIONS, QUANTUM_BUCKETS } = readConfig();
  const priced = priceTable.devices.find((device) => device.arn === arn);
  if (priced?.status === 'retired')
    throw new DeviceRetired(`device ${priced.name} (${arn}) is retired; choose another in campaign.json`);
  const region = DEVICE_REGIONS[arn];
  if (region === undefined)
    throw new DeviceUnknown(`device ${arn} is not in the manifest; known: ${Object.keys(DEVICE_REGIONS).join(', ')}`);
  if (QUANTUM_BUCKETS[region] === undefined) {
    throw new DeviceUnknown(
      `device ${arn} lives in ${region}; this deployment has a bucket for results in ${Object.keys(QUANTUM_BUCKETS).join(', ')} only`,
    );
  }
  return region;
}

export function resultsBucket(arn: string): string {
  return readConfig().QUANTUM_BUCKETS[deviceRegion(arn)]!;
}

/** Device-wide fidelities, as the third version of the standardised properties states them. */
const Fidelities = z.array(z.looseObject({ fidelity: z.number() })).min(1);
const Standardized = z.looseObject({
  readoutFidelity: Fidelities,
  singleQubitFidelity: Fidelities,
  twoQubitGateFidelity: Fidelities,
});

/** Mean errors as the device's own calibration states them; null when it publishes none in the standardised form. */
export async function errorRates(arn: string): Promise<ErrorRates | null> {
  const { deviceCapabilities } = await braketClient(deviceRegion(arn)).send(new GetDeviceCommand({ deviceArn: arn }));
  const { standardized } = JSON.parse(String(deviceCapabilities)) as { standardized?: unknown };
  const parsed = Standardized.safeParse(standardized);
  if (!parsed.success) return null;
  const { readoutFidelity, singleQubitFidelity, twoQubitGateFidelity } = parsed.data;
  return {
    oneQubit: 1 - singleQubitFidelity[0]!.fidelity,
    twoQubit: 1 - twoQubitGateFidelity[0]!.fidelity,
    readout: 1 - readoutFidelity[0]!.fidelity,
  };
}

/** The price the service itself states, USD per unit; null when it states none. */
export async function statedCost(arn: string): Promise<{ price: number; unit: string } | null> {
  const { deviceCapabilities } = await braketClient(deviceRegion(arn)).send(new GetDeviceCommand({ deviceArn: arn }));
  const parsed = z
    .looseObject({ service: z.looseObject({ deviceCost: z.looseObject({ price: z.number(), unit: z.string() }) }) })
    .safeParse(JSON.parse(String(deviceCapabilities)));
  return parsed.success ? parsed.data.service.deviceCost : null;
}

/** How work is to be cut for the device; throws when it is retired, offline, unknown or takes no such work. */
export async function resolveTarget(arn: string, shots: number): Promise<Target> {
  const region = deviceRegion(arn);
  let device: { deviceStatus?: string | undefined; deviceCapabilities?: unknown };
  try {
    device = await braketClient(region).send(new GetDeviceCommand({ deviceArn: arn }));
  } catch (error) {
    if (error instanceof ResourceNotFoundException) throw new DeviceUnknown(`Braket knows no device ${arn}`);
    throw error;
  }
  if (device.deviceStatus === 'RETIRED') throw new DeviceRetired(`device ${arn} is retired; choose another in campaign.json`);
  if (device.deviceStatus === 'OFFLINE') throw new DeviceOffline(`device ${arn} is offline`);
  const capabilities = Capabilities.parse(JSON.parse(String(device.deviceCapabilities)));
  const [fewestShots, mostShots] = capabilities.service.shotsRange;
  if (shots < fewestShots || shots > mostShots) {
    throw new DeviceUnknown(`device ${arn} takes ${fewestShots} to ${mostShots} shots, the campaign asks for ${shots}`);
  }
  const sets = capabilities.action[PROGRAM_SET];
  if (sets !== undefined && shots > 0) {
    const { maximumExecutables = 100, maximumTotalShots } = sets;
    return { kind: 'program-set', shots, maximumExecutables, ...(maximumTotalShots === undefined ? {} : { maximumTotalShots }) };
  }
  const resultTypes = capabilities.action[PROGRAM]?.supportedResultTypes?.map(({ name }) => name) ?? [];
  // Exact gradients, or counts one task a circuit.
  if (resultTypes.includes('AdjointGradient') || (shots > 0 && resultTypes.includes('Expectation'))) {
    return { kind: 'sv1', shots, maximumExecutables: 1 };
  }
  throw new DeviceUnknown(`device ${arn} has no exact gradients: ask for shots in campaign.json, or name SV1`);
}
