/**
 * The devices of the local Braket, as data. Live and retired devices, their regions, limits and native gates follow the service's
 * list of August 2026. QPUs are emulated: compiled to their native gates and couplers, simulated with the noise of the calibration
 * below, which has the order of magnitude that vendors publish and is a measurement of no machine.
 */
import { type Calibration, type CalibrationMedians, scatteredCalibration } from './calibration.ts';
import { grid, IQM_20, IQM_54, type Lattice, latticeGraph } from './lattice.ts';
import { ALWAYS, type ExecutionWindow } from './windows.ts';

export type DeviceStatus = 'ONLINE' | 'OFFLINE' | 'RETIRED';
export type DeviceType = 'QPU' | 'SIMULATOR';

export interface ProgramSetLimits {
  maximumExecutables: number;
  maximumTotalShots: number;
  minimumTotalShots?: number;
}

/** What a run costs by the price lists; nothing is billed here. */
export interface DevicePrice {
  perTaskMicroUsd: number;
  perShotMicroUsd: number;
  perMinuteMicroUsd: number;
  /** Day to which the rates belong. */
  dateIso: string;
  source: 'vendor price page' | 'third-party table' | 'general knowledge' | 'none found';
  confidence: 'confirmed' | 'weak';
}

export interface BraketDevice {
  arn: string;
  name: string;
  provider: string;
  type: DeviceType;
  status: DeviceStatus;
  /** How the program is run: exactly, as a mixed state, or as a QPU (shots only). */
  kind: 'statevector' | 'density-matrix' | 'qpu';
  qubitCount: number;
  shotsRange: readonly [number, number];
  /** Shots per circuit in a reservation, where they differ. */
  reservationShotsRange?: readonly [number, number];
  /** Neighbours of each qubit; absent where all are connected. */
  connectivity?: Readonly<Record<string, readonly string[]>>;
  nativeGates?: readonly string[];
  programSets?: ProgramSetLimits;
  calibration?: Calibration;
  /** When it takes tasks from its queue. */
  executionWindows: readonly ExecutionWindow[];
  price: DevicePrice;
  /** Tasks that may be open at once; a further one is refused with ServiceQuotaExceededException. */
  concurrentTasks?: number;
  /** Clock time in the queue and in the run, over the options of the service. */
  queueDelayMs?: number;
  runDelayMs?: number;
  location: string;
}

/** Day of the rates below. */
const PRICES_OF = '2026-08-31';

const GATE_QPU_PROGRAM_SETS: ProgramSetLimits = { maximumExecutables: 100, maximumTotalShots: 200_000 };

function simulator(name: string, kind: BraketDevice['kind'], qubitCount: number): BraketDevice {
  return {
    arn: `arn:aws:braket:::device/quantum-simulator/amazon/${name.toLowerCase()}`,
    name,
    provider: 'Amazon Braket',
    type: 'SIMULATOR',
    status: 'ONLINE',
    kind,
    qubitCount,
    shotsRange: [0, 100_000],
    executionWindows: ALWAYS,
    price: {
      perTaskMicroUsd: 0,
      perShotMicroUsd: 0,
      perMinuteMicroUsd: 75_000,
      dateIso: PRICES_OF,
      source: 'general knowledge',
      confidence: 'weak',
    },
    concurrentTasks: 100,
    location: 'us-east-1',
  };
}

interface QpuFacts {
  region: string;
  vendor: string;
  provider: string;
  /** Last part of the ARN, and the name shown where that differs. */
  name: string;
  displayName?: string;
  qubitCount: number;
  shotsRange: readonly [number, number];
  lattice?: Lattice;
  nativeGates: readonly string[];
  medians: CalibrationMedians;
  reservationShotsRange?: readonly [number, number];
  perShotMicroUsd: number;
  priceSource: DevicePrice['source'];
  location: string;
}

function qpu(facts: QpuFacts): BraketDevice {
  const connectivity = facts.lattice ? latticeGraph(facts.lattice) : undefined;
  return {
    arn: `arn:aws:braket:${facts.region}::device/qpu/${facts.vendor}/${facts.name}`,
    name: facts.displayName ?? facts.name,
    provider: facts.provider,
    type: 'QPU',
    status: 'ONLINE',
    kind: 'qpu',
    qubitCount: facts.qubitCount,
    shotsRange: facts.shotsRange,
    ...(facts.reservationShotsRange ? { reservationShotsRange: facts.reservationShotsRange } : {}),
    ...(connectivity ? { connectivity } : {}),
    nativeGates: facts.nativeGates,
    programSets: { ...GATE_QPU_PROGRAM_SETS, ...(facts.shotsRange[0] > 1 ? { minimumTotalShots: facts.shotsRange[0] } : {}) },
    // Ion traps publish one value for the whole device, the others one for every qubit and pair.
    calibration: connectivity ? scatteredCalibration(facts.name, facts.medians, connectivity) : facts.medians,
    executionWindows: ALWAYS,
    price: {
      perTaskMicroUsd: 300_000,
      perShotMicroUsd: facts.perShotMicroUsd,
      perMinuteMicroUsd: 0,
      dateIso: PRICES_OF,
      source: facts.priceSource,
      confidence: facts.priceSource === 'vendor price page' ? 'confirmed' : 'weak',
    },
    location: facts.location,
  };
}

const IONQ_NATIVE = ['GPi', 'GPi2', 'ZZ'];
const IQM_NATIVE = ['cz', 'prx'];
const IONQ: CalibrationMedians = { oneQubit: 0.9997, twoQubit: 0.994, readout: 0.996, t1Seconds: 100, t2Seconds: 1 };
const AQT: CalibrationMedians = { oneQubit: 0.9995, twoQubit: 0.985, readout: 0.995, t1Seconds: 1.1, t2Seconds: 0.2 };
const TRANSMON: CalibrationMedians = { oneQubit: 0.999, twoQubit: 0.992, readout: 0.98, t1Seconds: 40e-6, t2Seconds: 20e-6 };

const LIVE: readonly BraketDevice[] = [
  simulator('SV1', 'statevector', 34),
  simulator('DM1', 'density-matrix', 17),
  qpu({
    region: 'us-east-1',
    vendor: 'ionq',
    provider: 'IonQ',
    name: 'Forte-1',
    displayName: 'Forte 1',
    qubitCount: 36,
    shotsRange: [100, 5_000],
    reservationShotsRange: [1, 5_000],
    nativeGates: IONQ_NATIVE,
    medians: IONQ,
    perShotMicroUsd: 80_000,
    priceSource: 'vendor price page',
    location: 'Maryland, USA',
  }),
  qpu({
    region: 'us-east-1',
    vendor: 'ionq',
    provider: 'IonQ',
    name: 'Forte-Enterprise-1',
    displayName: 'Forte Enterprise 1',
    qubitCount: 36,
    shotsRange: [100, 5_000],
    reservationShotsRange: [1, 5_000],
    nativeGates: IONQ_NATIVE,
    medians: IONQ,
    perShotMicroUsd: 80_000,
    priceSource: 'vendor price page',
    location: 'Basel, Switzerland',
  }),
  qpu({
    region: 'eu-north-1',
    vendor: 'iqm',
    provider: 'IQM',
    name: 'Garnet',
    qubitCount: 20,
    shotsRange: [1, 20_000],
    lattice: IQM_20,
    nativeGates: IQM_NATIVE,
    medians: TRANSMON,
    perShotMicroUsd: 1_450,
    priceSource: 'vendor price page',
    location: 'Espoo, Finland',
  }),
  qpu({
    region: 'eu-north-1',
    vendor: 'iqm',
    provider: 'IQM',
    name: 'Emerald',
    qubitCount: 54,
    shotsRange: [1, 20_000],
    lattice: IQM_54,
    nativeGates: IQM_NATIVE,
    medians: TRANSMON,
    perShotMicroUsd: 1_600,
    priceSource: 'third-party table',
    location: 'Munich, Germany',
  }),
  qpu({
    region: 'us-west-1',
    vendor: 'rigetti',
    provider: 'Rigetti',
    name: 'Cepheus-1-108Q',
    qubitCount: 108,
    shotsRange: [1, 50_000],
    lattice: grid(9, 12, 0),
    nativeGates: ['rx', 'rz', 'cz'],
    medians: TRANSMON,
    perShotMicroUsd: 425,
    priceSource: 'third-party table',
    location: 'California, USA',
  }),
  qpu({
    region: 'eu-north-1',
    vendor: 'aqt',
    provider: 'AQT',
    name: 'Ibex-Q1',
    displayName: 'IBEX Q1',
    qubitCount: 12,
    shotsRange: [1, 2_000],
    nativeGates: ['prx', 'xx', 'rz'],
    medians: AQT,
    perShotMicroUsd: 23_500,
    priceSource: 'none found',
    location: 'Innsbruck, Austria',
  }),
];

const RETIRED: readonly BraketDevice[] = [
  { ...simulator('TN1', 'statevector', 50), status: 'RETIRED' },
  ...['Aria-1', 'Aria-2'].map(
    (name): BraketDevice => ({
      ...qpu({
        region: 'us-east-1',
        vendor: 'ionq',
        provider: 'IonQ',
        name,
        displayName: name.replace('-', ' '),
        qubitCount: 25,
        shotsRange: [1, 10_000],
        nativeGates: ['GPi', 'GPi2', 'MS'],
        medians: IONQ,
        perShotMicroUsd: 30_000,
        priceSource: 'vendor price page',
        location: 'Maryland, USA',
      }),
      status: 'RETIRED',
    }),
  ),
  {
    ...qpu({
      region: 'us-west-1',
      vendor: 'rigetti',
      provider: 'Rigetti',
      name: 'Ankaa-3',
      qubitCount: 82,
      shotsRange: [1, 50_000],
      lattice: {
        rows: [
          [0, 12],
          [0, 12],
          [0, 12],
          [0, 12],
          [0, 12],
          [0, 12],
          [0, 10],
        ],
        firstLabel: 0,
      },
      nativeGates: ['rx', 'rz', 'iswap'],
      medians: TRANSMON,
      perShotMicroUsd: 900,
      priceSource: 'vendor price page',
      location: 'California, USA',
    }),
    status: 'RETIRED',
  },
];

export const DEFAULT_DEVICES: readonly BraketDevice[] = [...LIVE, ...RETIRED];

/** Region that an ARN names, empty for the managed simulators. */
export function deviceRegion(arn: string): string {
  return arn.split(':')[3] ?? '';
}
