/** The engine of this project: `@qefm/quantum` behind the emulator's devices. */
import {
  type ActionOptions,
  BraketValidationError,
  type DeviceKind,
  type DeviceTarget,
  GATES,
  inspectAction,
  type JsonValue,
  runAction,
} from '@qefm/quantum';
import { noiseOf } from './calibration.ts';
import type { BraketDevice } from './devices.ts';
import { ActionRefused, type BraketEngine, type EngineOutput, type EngineRequest } from './engine.ts';

const KIND: Readonly<Record<BraketDevice['kind'], DeviceKind>> = { statevector: 'sv1', 'density-matrix': 'dm1', qpu: 'qpu' };

/** Noise is simulated on the density matrix; 12 qubits are 256 MiB of it. */
const MAX_NOISY_QUBITS = 12;

export function quantumEngine(): BraketEngine & { run(request: EngineRequest): EngineOutput } {
  return {
    gateNames: [...GATES.values()].map((spec) => spec.openQasm),
    check({ action, device, shots, noisy }) {
      try {
        const { actionType, programCount, executableCount, qubitCount } = inspectAction(JSON.parse(action), {
          device: KIND[device.kind],
          shots,
          ...targetOf(device),
        });
        checkWidth(device, qubitCount, noisy);
        return actionType === 'braket.ir.openqasm.program_set' ? { actionType, programCount, executableCount } : { actionType };
      } catch (error) {
        if (!(error instanceof BraketValidationError)) throw error;
        const failures = error.programSetValidationFailures.map((failure) => ({ ...failure, errors: [...failure.errors] }));
        throw new ActionRefused(error.message, failures);
      }
    },
    run(request) {
      const { files, successfulShots } = runAction(JSON.parse(request.action), actionOptions(request));
      return {
        files: Object.fromEntries(Object.entries(files).map(([path, document]) => [path, JSON.stringify(document)])),
        successfulShots,
      };
    },
  };
}

function checkWidth(device: BraketDevice, qubitCount: number, noisy: boolean): void {
  if (qubitCount > device.qubitCount)
    throw new ActionRefused(`Device ${device.arn} has ${device.qubitCount} qubits, the program uses ${qubitCount}.`);
  if (device.kind === 'qpu' && device.calibration && noisy && qubitCount > MAX_NOISY_QUBITS) {
    throw new ActionRefused(
      `The local cloud emulates noisy QPUs up to ${MAX_NOISY_QUBITS} qubits, the program uses ${qubitCount}; with its noise switched off it takes more.`,
    );
  }
}

function actionOptions(request: EngineRequest): ActionOptions {
  const { device, noisy } = request;
  return {
    device: KIND[device.kind],
    shots: request.shots,
    seed: request.seed,
    taskId: request.taskArn,
    deviceArn: device.arn,
    ...nonEmptyParameters(request.deviceParameters),
    createdAt: request.createdAtIso,
    endedAt: request.endedAtIso,
    executionDurationMs: request.executionDurationMs,
    s3Location: [request.bucket, request.directory],
    failures: request.failures,
    ...targetOf(device),
    ...(noisy && device.calibration ? { noise: noiseOf(device.calibration) } : {}),
  };
}

const METADATA: Readonly<Record<string, NonNullable<DeviceTarget['metadata']>>> = {
  aqt: 'aqtMetadata',
  iqm: 'iqmMetadata',
  rigetti: 'rigettiMetadata',
};

/** What programs are compiled for; the managed simulators run them as they are. */
function targetOf(device: BraketDevice): { target?: DeviceTarget } {
  if (device.kind !== 'qpu' || device.nativeGates === undefined) return {};
  const metadata = METADATA[device.arn.split('/')[2] ?? ''];
  return {
    target: {
      qubitCount: device.qubitCount,
      nativeGates: device.nativeGates,
      connectivity: device.connectivity ?? null,
      ...(metadata === undefined ? {} : { metadata }),
    },
  };
}

/** A task without parameters is described with `{}`, but the schemas of results take parameters in full or none. */
function nonEmptyParameters(text: string): { deviceParameters?: JsonValue } {
  const deviceParameters = JSON.parse(text) as Record<string, JsonValue>;
  return Object.keys(deviceParameters).length === 0 ? {} : { deviceParameters };
}
