/**
 * Calibration in the words of each vendor's schema: `standardized` (version 1 with every qubit and pair, version 3 device-wide)
 * and `provider`. The SDK's own device emulator builds its noise model from these blocks.
 */
import { type Calibration, fidelityOf, pairsOf } from './calibration.ts';
import type { BraketDevice } from './devices.ts';

type Json = Record<string, unknown>;

const header = (name: string, version = '1') => ({ name: `braket.device_schema.${name}`, version });
const STANDARDIZED = 'standardized_gate_model_qpu_device_properties';

export function calibrationBlocks(vendor: string | undefined, device: BraketDevice, updatedAtIso: string): Json {
  const { calibration } = device;
  if (calibration === undefined) return {};
  if (vendor === 'ionq') return ionqBlocks(calibration, updatedAtIso);
  if (vendor === 'aqt') return aqtBlocks(calibration, device.qubitCount, updatedAtIso);
  if (device.connectivity === undefined) return {};
  return { standardized: qubitByQubit(calibration, device.connectivity) };
}

/** IQM and Rigetti. */
function qubitByQubit(calibration: Calibration, connectivity: Readonly<Record<string, readonly string[]>>): Json {
  const seconds = (value: number) => ({ value, standardError: null, unit: 's' });
  const measured = (name: string, fidelity: number) => ({
    fidelityType: { name, description: null },
    fidelity,
    standardError: null,
  });
  const oneQubitProperties = Object.fromEntries(
    Object.keys(connectivity).map((label) => [
      label,
      {
        T1: seconds(calibration.t1Seconds),
        T2: seconds(calibration.t2Seconds),
        oneQubitFidelity: [
          measured('RANDOMIZED_BENCHMARKING', fidelityOf(calibration.oneQubit, label)),
          measured('READOUT', fidelityOf(calibration.readout, label)),
        ],
      },
    ]),
  );
  const twoQubitProperties = Object.fromEntries(
    pairsOf(connectivity).map((pair) => {
      const fidelity = fidelityOf(calibration.twoQubit, pair);
      return [
        pair,
        { twoQubitGateFidelity: [{ direction: null, gateName: 'CZ', ...measured('RANDOMIZED_BENCHMARKING', fidelity) }] },
      ];
    }),
  );
  return { braketSchemaHeader: header(STANDARDIZED), oneQubitProperties, twoQubitProperties };
}

function ionqBlocks(calibration: Calibration, updatedAtIso: string): Json {
  const [one, two, readout] = wholeDevice(calibration);
  return {
    provider: {
      braketSchemaHeader: header('ionq.ionq_provider_properties'),
      fidelity: { '1Q': { mean: one }, '2Q': { mean: two }, spam: { mean: readout } },
      timing: {
        T1: calibration.t1Seconds,
        T2: calibration.t2Seconds,
        '1Q': 1.3e-4,
        '2Q': 9.7e-4,
        readout: 1.5e-4,
        reset: 5e-5,
      },
      errorMitigation: { 'braket.device_schema.error_mitigation.debias.Debias': { minimumShots: 2_500 } },
    },
    standardized: deviceWide(calibration, updatedAtIso),
  };
}

function aqtBlocks(calibration: Calibration, qubitCount: number, updatedAtIso: string): Json {
  const [one, two, readout] = wholeDevice(calibration);
  const measured = (value: number, uncertainty: number) => ({ value, uncertainty });
  const labels = Array.from({ length: qubitCount }, (_, qubit) => String(qubit));
  return {
    provider: {
      braketSchemaHeader: header('aqt.aqt_provider_properties'),
      properties: {
        single_qubit_gate_fidelity: Object.fromEntries(labels.map((label) => [label, measured(100 * one, 0.01)])),
        mean_two_qubit_gate_fidelity: measured(100 * two, 0.1),
        spam_fidelity_lower_bound: 100 * readout,
        t2_coherence_time_s: measured(calibration.t2Seconds, 0.02),
        t1_s: measured(calibration.t1Seconds, 0.1),
        readout_time_micros: 2_500,
        single_qubit_gate_duration_micros: 15,
        two_qubit_gate_duration_micros: 200,
        updated_at: updatedAtIso,
      },
    },
    standardized: {
      ...deviceWide(calibration, updatedAtIso),
      oneQubitProperties: Object.fromEntries(labels.map((label) => [label, { oneQubitFidelity: benchmarked(one) }])),
      T1: { value: calibration.t1Seconds, standardError: null, unit: 's' },
      T2: { value: calibration.t2Seconds, standardError: null, unit: 's' },
    },
  };
}

const benchmarked = (fidelity: number) => [
  { fidelityType: { name: 'RANDOMIZED_BENCHMARKING', description: null }, fidelity, unit: 'fraction' },
];

function deviceWide(calibration: Calibration, updatedAtIso: string): Json {
  const [one, two, readout] = wholeDevice(calibration);
  return {
    braketSchemaHeader: header(STANDARDIZED, '3'),
    readoutFidelity: [{ fidelity: readout, unit: 'fraction' }],
    singleQubitFidelity: benchmarked(one),
    twoQubitGateFidelity: benchmarked(two),
    updatedAt: updatedAtIso,
  };
}

function wholeDevice({ oneQubit, twoQubit, readout }: Calibration): [number, number, number] {
  const mean = (fidelities: Calibration['oneQubit']) => {
    if (typeof fidelities === 'number') return fidelities;
    const all = Object.values(fidelities);
    return all.reduce((sum, value) => sum + value, 0) / all.length;
  };
  return [mean(oneQubit), mean(twoQubit), mean(readout)];
}
