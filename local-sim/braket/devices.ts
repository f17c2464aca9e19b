/**
 * The devices of the local Braket, as data. Live and retired devices and their regions follow the service's list of
 * August 2026. QPUs are emulated: an ideal simulation, then the noise below. The error rates have the order of magnitude
 * that vendors publish; they are not a calibration of any machine, and connectivity is a lattice of the right size.
 */

export type DeviceStatus = 'ONLINE' | 'OFFLINE' | 'RETIRED';
export type DeviceType = 'QPU' | 'SIMULATOR';

/** Probabilities per gate (depolarising: total weight of X, Y and Z) and of a flipped bit per measurement. */
export interface DeviceNoise {
  depolarizing1q: number;
  depolarizing2q: number;
  readout: number;
}

export interface ProgramSetLimits {
  maximumExecutables: number;
  maximumTotalShots: number;
  minimumTotalShots?: number;
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
  /** Neighbours of each qubit; absent where all are connected. */
  connectivity?: Readonly<Record<string, readonly string[]>>;
  nativeGates?: readonly string[];
  programSets?: ProgramSetLimits;
  noise?: DeviceNoise;
  /** Only for the spending limits of the emulator; nothing is billed. */
  price: { perTaskMicroUsd: number; perShotMicroUsd: number; perMinuteMicroUsd: number };
  /** Tasks that may be open at once; a further one is refused with ServiceQuotaExceededException. */
  concurrentTasks?: number;
  /** Clock time in the queue and in the run, over the options of the service. */
  queueDelayMs?: number;
  runDelayMs?: number;
  location: string;
}

export interface Lattice {
  /** For each row: column of its first qubit, and number of qubits. */
  rows: readonly (readonly [firstColumn: number, length: number])[];
  firstLabel: number;
}

/** Neighbours on a square lattice whose rows may be shifted and of different length. */
export function latticeGraph({ rows, firstLabel }: Lattice): Record<string, string[]> {
  const labels = new Map<string, number>();
  let label = firstLabel;
  rows.forEach(([firstColumn, length], row) => {
    for (let column = firstColumn; column < firstColumn + length; column++) labels.set(`${row},${column}`, label++);
  });
  const graph: Record<string, string[]> = {};
  for (const [place, own] of labels) {
    const [row, column] = place.split(',').map(Number) as [number, number];
    const around = [`${row - 1},${column}`, `${row},${column - 1}`, `${row},${column + 1}`, `${row + 1},${column}`];
    graph[own] = around.flatMap((neighbour) => (labels.has(neighbour) ? [String(labels.get(neighbour))] : []));
  }
  return graph;
}

const grid = (rowCount: number, columnCount: number, firstLabel: number): Lattice => ({
  rows: Array.from({ length: rowCount }, () => [0, columnCount] as const),
  firstLabel,
});

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
    price: { perTaskMicroUsd: 0, perShotMicroUsd: 0, perMinuteMicroUsd: 75_000 },
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
  noise: DeviceNoise;
  perShotMicroUsd: number;
  location: string;
}

function qpu(facts: QpuFacts): BraketDevice {
  return {
    arn: `arn:aws:braket:${facts.region}::device/qpu/${facts.vendor}/${facts.name}`,
    name: facts.displayName ?? facts.name,
    provider: facts.provider,
    type: 'QPU',
    status: 'ONLINE',
    kind: 'qpu',
    qubitCount: facts.qubitCount,
    shotsRange: facts.shotsRange,
    ...(facts.lattice ? { connectivity: latticeGraph(facts.lattice) } : {}),
    nativeGates: facts.nativeGates,
    programSets: { ...GATE_QPU_PROGRAM_SETS, ...(facts.shotsRange[0] > 1 ? { minimumTotalShots: facts.shotsRange[0] } : {}) },
    noise: facts.noise,
    price: { perTaskMicroUsd: 300_000, perShotMicroUsd: facts.perShotMicroUsd, perMinuteMicroUsd: 0 },
    location: facts.location,
  };
}

const IONQ_NATIVE = ['GPi', 'GPi2', 'ZZ'];
const IQM_NATIVE = ['cz', 'prx'];
const ION_TRAP_NOISE: DeviceNoise = { depolarizing1q: 0.0003, depolarizing2q: 0.006, readout: 0.004 };
const TRANSMON_NOISE: DeviceNoise = { depolarizing1q: 0.001, depolarizing2q: 0.008, readout: 0.02 };

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
    nativeGates: IONQ_NATIVE,
    noise: ION_TRAP_NOISE,
    perShotMicroUsd: 80_000,
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
    nativeGates: IONQ_NATIVE,
    noise: ION_TRAP_NOISE,
    perShotMicroUsd: 80_000,
    location: 'Basel, Switzerland',
  }),
  qpu({
    region: 'eu-north-1',
    vendor: 'iqm',
    provider: 'IQM',
    name: 'Garnet',
    qubitCount: 20,
    shotsRange: [1, 20_000],
    lattice: {
      rows: [
        [1, 2],
        [0, 5],
        [0, 5],
        [0, 5],
        [1, 3],
      ],
      firstLabel: 1,
    },
    nativeGates: IQM_NATIVE,
    noise: TRANSMON_NOISE,
    perShotMicroUsd: 1_450,
    location: 'Espoo, Finland',
  }),
  qpu({
    region: 'eu-north-1',
    vendor: 'iqm',
    provider: 'IQM',
    name: 'Emerald',
    qubitCount: 54,
    shotsRange: [1, 20_000],
    lattice: grid(6, 9, 1),
    nativeGates: IQM_NATIVE,
    noise: TRANSMON_NOISE,
    perShotMicroUsd: 1_600,
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
    noise: TRANSMON_NOISE,
    perShotMicroUsd: 425,
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
    noise: { depolarizing1q: 0.0005, depolarizing2q: 0.015, readout: 0.005 },
    perShotMicroUsd: 23_500,
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
        noise: ION_TRAP_NOISE,
        perShotMicroUsd: 30_000,
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
      noise: TRANSMON_NOISE,
      perShotMicroUsd: 900,
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
