/**
 * Prices as dated data. A rate is null where no source was found: such a device is refused, never guessed.
 * The table is a claim about the day it bears; `compareWithDeviceCost` holds it against what the service says today.
 */
import { DeviceRetired, DeviceUnknown, RateUnknown } from '../contracts/errors.ts';
import type { Device } from '../contracts/primitives.ts';

export type PriceSource = 'vendor price page' | 'third-party table' | 'general knowledge' | 'none found';

export interface DevicePrice {
  arn: string;
  name: string;
  kind: 'simulator' | 'qpu';
  status: 'live' | 'retired';
  perTaskMicroUsd: number | null;
  perShotMicroUsd: number | null;
  perMinuteMicroUsd: number | null;
  /** Shortest time charged for one task, seconds. */
  minimumSeconds: number;
  source: PriceSource;
  /** `confirmed` was read at the source; `weak` was repeated by others or is remembered; `unknown` has no rate. */
  confidence: 'confirmed' | 'weak' | 'unknown';
}

export interface ServicePrice {
  what:
    | 'lambda-gb-second'
    | 'lambda-request'
    | 'state-transition'
    | 's3-put'
    | 's3-get'
    | 'batch-vcpu-hour'
    | 'batch-gb-hour'
    | 'batch-gpu-hour';
  unit: string;
  rateMicroUsd: number;
  source: PriceSource;
  confidence: 'confirmed' | 'weak';
}

export interface PriceTable {
  date: string;
  devices: readonly DevicePrice[];
  services: readonly ServicePrice[];
}

const qpu = (
  arn: string,
  name: string,
  perShotMicroUsd: number | null,
  source: PriceSource,
  status: DevicePrice['status'] = 'live',
): DevicePrice => ({
  arn: `arn:aws:braket:${arn}`,
  name,
  kind: 'qpu',
  status,
  perTaskMicroUsd: perShotMicroUsd === null ? null : 300_000,
  perShotMicroUsd,
  perMinuteMicroUsd: null,
  minimumSeconds: 0,
  source,
  confidence: perShotMicroUsd === null ? 'unknown' : source === 'vendor price page' ? 'confirmed' : 'weak',
});

const simulator = (id: string, name: string, status: DevicePrice['status'] = 'live'): DevicePrice => ({
  arn: `arn:aws:braket:::device/quantum-simulator/amazon/${id}`,
  name,
  kind: 'simulator',
  status,
  perTaskMicroUsd: 0,
  perShotMicroUsd: 0,
  perMinuteMicroUsd: 75_000,
  minimumSeconds: 3,
  source: 'general knowledge',
  confidence: 'weak',
});

/** Rates in US dollars of August 2026, US East where a service differs by region. */
export const priceTable: PriceTable = {
  date: '2026-08-31',
  devices: [
    simulator('sv1', 'Amazon SV1'),
    simulator('dm1', 'Amazon DM1'),
    simulator('tn1', 'Amazon TN1', 'retired'),
    qpu('us-east-1::device/qpu/ionq/Forte-1', 'IonQ Forte-1', 80_000, 'vendor price page'),
    qpu('us-east-1::device/qpu/ionq/Forte-Enterprise-1', 'IonQ Forte Enterprise-1', 80_000, 'vendor price page'),
    qpu('eu-north-1::device/qpu/iqm/Garnet', 'IQM Garnet', 1_450, 'vendor price page'),
    qpu('eu-north-1::device/qpu/iqm/Emerald', 'IQM Emerald', 1_600, 'third-party table'),
    qpu('us-west-1::device/qpu/rigetti/Cepheus-1-108Q', 'Rigetti Cepheus-1-108Q', 425, 'third-party table'),
    qpu('eu-north-1::device/qpu/aqt/Ibex-Q1', 'AQT Ibex-Q1', null, 'none found'),
    qpu('us-east-1::device/qpu/quera/Aquila', 'QuEra Aquila', 10_000, 'vendor price page'),
    qpu('us-east-1::device/qpu/ionq/Aria-1', 'IonQ Aria-1', 30_000, 'vendor price page', 'retired'),
    qpu('us-east-1::device/qpu/ionq/Aria-2', 'IonQ Aria-2', 30_000, 'vendor price page', 'retired'),
    qpu('us-west-1::device/qpu/rigetti/Ankaa-3', 'Rigetti Ankaa-3', 900, 'vendor price page', 'retired'),
  ],
  services: [
    { what: 'lambda-gb-second', unit: 'GB-s', rateMicroUsd: 16.6667, source: 'general knowledge', confidence: 'weak' },
    { what: 'lambda-request', unit: 'requests', rateMicroUsd: 0.2, source: 'general knowledge', confidence: 'weak' },
    { what: 'state-transition', unit: 'transitions', rateMicroUsd: 25, source: 'general knowledge', confidence: 'weak' },
    { what: 's3-put', unit: 'writes', rateMicroUsd: 5, source: 'general knowledge', confidence: 'weak' },
    { what: 's3-get', unit: 'reads', rateMicroUsd: 0.4, source: 'general knowledge', confidence: 'weak' },
    { what: 'batch-vcpu-hour', unit: 'vCPU-h', rateMicroUsd: 40_480, source: 'general knowledge', confidence: 'weak' },
    { what: 'batch-gpu-hour', unit: 'GPU-h', rateMicroUsd: 1_006_000, source: 'general knowledge', confidence: 'weak' },
    { what: 'batch-gb-hour', unit: 'GB-h', rateMicroUsd: 4_445, source: 'general knowledge', confidence: 'weak' },
  ],
};

/** The exact simulator inside a Lambda, as a row of the table: it costs its Lambda seconds and nothing else. */
const insideLambda: DevicePrice = {
  arn: 'lambda',
  name: 'exact simulator inside the Lambda',
  kind: 'simulator',
  status: 'live',
  perTaskMicroUsd: 0,
  perShotMicroUsd: 0,
  perMinuteMicroUsd: 0,
  minimumSeconds: 0,
  source: 'vendor price page',
  confidence: 'confirmed',
};

/** Row of a device; throws DeviceUnknown or DeviceRetired. */
export function findDevice(device: Device, prices: PriceTable = priceTable): DevicePrice {
  if (device === 'lambda') return insideLambda;
  const row = prices.devices.find(({ arn }) => arn === device);
  if (row === undefined) {
    const known = prices.devices.filter(({ status }) => status === 'live').map(({ arn }) => arn);
    throw new DeviceUnknown(
      `no device ${device} in the price table of ${prices.date}; it knows ${['lambda', ...known].join(', ')}`,
    );
  }
  if (row.status === 'retired') throw new DeviceRetired(`${row.name} (${device}) is retired; choose another device`);
  return row;
}

export interface DeviceRate {
  perTaskMicroUsd: number;
  perShotMicroUsd: number;
  perMinuteMicroUsd: number;
  minimumSeconds: number;
}

/** Rates of a device; throws DeviceUnknown, DeviceRetired, or RateUnknown where the table has no figure. */
export function deviceRate(device: Device, prices: PriceTable = priceTable): DeviceRate {
  const { name, perTaskMicroUsd, perShotMicroUsd, perMinuteMicroUsd, minimumSeconds } = findDevice(device, prices);
  if (perShotMicroUsd === null || perTaskMicroUsd === null) {
    throw new RateUnknown(
      `no price per shot is known for ${name} (${device}) in the table of ${prices.date}; a paid device without a rate is refused`,
    );
  }
  return { perTaskMicroUsd, perShotMicroUsd, perMinuteMicroUsd: perMinuteMicroUsd ?? 0, minimumSeconds };
}

/** Rate of a service of the cloud, in micro-dollars a unit; throws RateUnknown. */
export function serviceRate(what: ServicePrice['what'], prices: PriceTable = priceTable): ServicePrice {
  const row = prices.services.find((price) => price.what === what);
  if (row === undefined) throw new RateUnknown(`no price for ${what} in the table of ${prices.date}`);
  return row;
}

/** True when running there costs money beyond Lambda time. */
export function isPaid(device: Device): boolean {
  return device !== 'lambda';
}

/** True for hardware; only there does noise decide. Throws DeviceUnknown or DeviceRetired. */
export function isQpu(device: Device, prices: PriceTable = priceTable): boolean {
  return findDevice(device, prices).kind === 'qpu';
}

/**
 * Holds the table against `deviceCost` of GetDevice: null when they agree, or a sentence.
 * `price` is in US dollars per `unit` ('shot', 'task' or 'minute'), as the service states it.
 */
export function compareWithDeviceCost(
  device: Device,
  stated: { price: number; unit: string },
  prices: PriceTable = priceTable,
): string | null {
  const rate = deviceRate(device, prices);
  const unit = stated.unit.toLowerCase();
  const ours =
    unit === 'shot'
      ? rate.perShotMicroUsd
      : unit === 'task'
        ? rate.perTaskMicroUsd
        : unit === 'minute'
          ? rate.perMinuteMicroUsd
          : null;
  if (ours === null) return `the service prices ${device} by ${stated.unit}, the table of ${prices.date} has no such rate`;
  const theirs = stated.price * 1e6;
  if (Math.abs(ours - theirs) <= 1e-6 * Math.max(ours, theirs, 1)) return null;
  return `the service states ${stated.price} USD per ${unit} for ${device}, the table of ${prices.date} says ${ours / 1e6}`;
}
