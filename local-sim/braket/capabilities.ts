/**
 * The `deviceCapabilities` document of GetDevice, in the schemas that the Braket SDK parses
 * (braket.device_schema: one schema for simulators, one for each QPU vendor).
 */
import { calibrationBlocks } from './calibration-blocks.ts';
import { type BraketDevice, deviceRegion } from './devices.ts';

type Json = Record<string, unknown>;

const header = (name: string, version = '1') => ({ name: `braket.device_schema.${name}`, version });

const OBSERVABLES = ['x', 'y', 'z', 'h', 'i'];
const NOISE_PRAGMAS = [
  'bit_flip',
  'phase_flip',
  'pauli_channel',
  'depolarizing',
  'two_qubit_depolarizing',
  'two_qubit_dephasing',
  'amplitude_damping',
  'generalized_amplitude_damping',
  'phase_damping',
  'kraus',
].map((name) => `braket_noise_${name}`);

interface ResultTypeRow {
  name: string;
  observables: readonly string[] | null;
  shots: 'exact' | 'sampled' | 'any';
  kinds: readonly BraketDevice['kind'][];
}

const RESULT_TYPES: readonly ResultTypeRow[] = [
  { name: 'AdjointGradient', observables: OBSERVABLES, shots: 'exact', kinds: ['statevector'] },
  { name: 'Amplitude', observables: null, shots: 'exact', kinds: ['statevector'] },
  { name: 'DensityMatrix', observables: null, shots: 'exact', kinds: ['density-matrix'] },
  { name: 'Expectation', observables: OBSERVABLES, shots: 'any', kinds: ['statevector', 'density-matrix', 'qpu'] },
  { name: 'Probability', observables: null, shots: 'any', kinds: ['statevector', 'density-matrix', 'qpu'] },
  { name: 'Sample', observables: OBSERVABLES, shots: 'sampled', kinds: ['statevector', 'density-matrix', 'qpu'] },
  { name: 'Variance', observables: OBSERVABLES, shots: 'any', kinds: ['statevector', 'density-matrix', 'qpu'] },
];

const PRAGMA_OF: Readonly<Record<string, string>> = {
  AdjointGradient: 'adjoint_gradient',
  DensityMatrix: 'density_matrix',
};

/** Names of the result pragmas that a kind of device computes, as OpenQASM writes them. */
export function supportedResultPragmas(kind: BraketDevice['kind']): string[] {
  return RESULT_TYPES.filter((row) => row.kinds.includes(kind)).map((row) => PRAGMA_OF[row.name] ?? row.name.toLowerCase());
}

/** `gateNames` are the Braket names of the gate catalogue, all of which every device takes; QPUs compile them. */
export function deviceCapabilities(device: BraketDevice, gateNames: readonly string[], updatedAtIso: string): Json {
  const deviceParameters = { title: `Parameters of ${device.name}`, type: 'object' };
  const common = { service: service(device, updatedAtIso), action: actions(device, gateNames), deviceParameters };
  if (device.type === 'SIMULATOR') {
    return {
      braketSchemaHeader: header('simulators.gate_model_simulator_device_capabilities'),
      ...common,
      paradigm: {
        braketSchemaHeader: header('simulators.gate_model_simulator_paradigm_properties'),
        qubitCount: device.qubitCount,
      },
    };
  }
  const vendor = device.arn.split('/')[2];
  return {
    braketSchemaHeader: header(`${vendor}.${vendor}_device_capabilities`, vendor === 'rigetti' ? '2' : '1'),
    ...common,
    paradigm: {
      braketSchemaHeader: header('gate_model_qpu_paradigm_properties'),
      qubitCount: device.qubitCount,
      nativeGateSet: device.nativeGates ?? [],
      connectivity: { fullyConnected: device.connectivity === undefined, connectivityGraph: device.connectivity ?? {} },
    },
    ...calibrationBlocks(vendor, device, updatedAtIso),
  };
}

function service(device: BraketDevice, updatedAtIso: string): Json {
  const usd = (microUsd: number) => microUsd / 1e6;
  return {
    braketSchemaHeader: header('device_service_properties'),
    executionWindows: device.executionWindows,
    shotsRange: device.shotsRange,
    ...(device.reservationShotsRange ? { reservationShotsRange: device.reservationShotsRange } : {}),
    deviceCost:
      device.type === 'QPU'
        ? { price: usd(device.price.perShotMicroUsd), unit: 'shot' }
        : { price: usd(device.price.perMinuteMicroUsd), unit: 'minute' },
    deviceDocumentation: { summary: `${device.provider} ${device.name}, emulated by the local cloud` },
    deviceLocation: device.location,
    updatedAt: updatedAtIso,
    getTaskPollIntervalMillis: device.type === 'QPU' ? 1_000 : 200,
  };
}

function actions(device: BraketDevice, gateNames: readonly string[]): Json {
  const exactAllowed = device.shotsRange[0] === 0;
  const supportedResultTypes = RESULT_TYPES.filter((row) => row.kinds.includes(device.kind)).map((row) => ({
    name: row.name,
    observables: row.observables,
    minShots: row.shots === 'sampled' || !exactAllowed ? 1 : 0,
    maxShots: row.shots === 'exact' ? 0 : device.shotsRange[1],
  }));
  const resultPragmas = supportedResultPragmas(device.kind).map((name) => `braket_result_type_${name}`);
  const isQpu = device.type === 'QPU';
  const program = {
    actionType: 'braket.ir.openqasm.program',
    version: ['1'],
    supportedOperations: gateNames,
    supportedModifiers: isQpu
      ? []
      : [
          { name: 'ctrl', max_qubits: null },
          { name: 'negctrl', max_qubits: null },
          { name: 'pow', exponent_types: ['int', 'float'] },
          { name: 'inv' },
        ],
    supportedPragmas: [
      ...resultPragmas,
      ...(isQpu ? ['verbatim'] : ['braket_unitary_matrix']),
      ...(device.kind === 'density-matrix' ? NOISE_PRAGMAS : []),
    ],
    forbiddenPragmas: device.kind === 'density-matrix' ? [] : NOISE_PRAGMAS,
    supportedResultTypes,
    requiresAllQubitsMeasurement: false,
    supportPhysicalQubits: isQpu,
    requiresContiguousQubitIndices: !isQpu,
    disabledQubitRewiringSupported: isQpu,
  };
  if (!device.programSets) return { 'braket.ir.openqasm.program': program };
  return {
    'braket.ir.openqasm.program': program,
    'braket.ir.openqasm.program_set': { actionType: 'braket.ir.openqasm.program_set', version: ['1'], ...device.programSets },
  };
}

/**
 * OpenQASM is left out for a client over HTTP whose user agent names no BraketSchemas from 1.8.0 on, since older schemas do not know
 * it. Siblings in the process send no user agent and get all.
 */
export function capabilitiesFor({ userAgent }: { userAgent: string }, capabilities: Json): Json {
  if (userAgent === '') return capabilities;
  const [, major, minor] = /BraketSchemas\/(\d+)\.(\d+)/.exec(userAgent) ?? [];
  if (Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 8)) return capabilities;
  const kept = Object.entries(capabilities['action'] as Json).filter(([name]) => !name.startsWith('braket.ir.openqasm.'));
  return { ...capabilities, action: Object.fromEntries(kept) };
}

/** True for a regionless device, and for one in the caller's region: what SearchDevices of that region lists. */
export function isListedIn(device: BraketDevice, region: string): boolean {
  const own = deviceRegion(device.arn);
  return own === '' || own === region;
}
