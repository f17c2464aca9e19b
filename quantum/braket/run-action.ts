/** A Braket action in, the objects that Braket writes to S3 out: the one entry for a simulated Braket, local or in a Lambda. */

import type { Random } from '../random.ts';
import { seeded } from '../random.ts';
import type { DeviceNoise } from './device-noise.ts';
import { checkNoise } from './device-noise.ts';
import { exactValues, sampledValues } from './executable.ts';
import type { GateModelTaskResult, JsonValue } from './schema.ts';
import { header, readAction } from './schema.ts';
import type { ActionSummary, DeviceKind, PreparedAction } from './validate.ts';
import { prepareAction } from './validate.ts';

export type { DeviceNoise } from './device-noise.ts';
export { BraketValidationError } from './schema.ts';
export type { ActionSummary, DeviceKind } from './validate.ts';

export interface ActionOptions {
  readonly device: DeviceKind;
  /** Total shots; 0 asks for exact results (simulators only). */
  readonly shots: number;
  readonly seed: number | string;
  /** For the metadata of the result. */
  readonly taskId: string;
  readonly deviceArn: string;
  readonly deviceParameters?: JsonValue;
  /** ISO 8601; this package has no clock. */
  readonly createdAt: string;
  readonly endedAt: string;
  readonly executionDurationMs?: number;
  /** Bucket and key prefix where the files will lie; echoed in the result of a program set. */
  readonly s3Location?: readonly [string, string];
  /** Noise of a device of kind 'qpu'; default: an ideal device. */
  readonly noise?: DeviceNoise;
  /** Executables of a program set that shall fail, as they do on a real device. */
  readonly failures?: readonly { readonly programIndex: number; readonly inputsIndex: number; readonly failureReason: string }[];
}

export interface ActionFiles {
  readonly summary: ActionSummary;
  /** Path below the output directory → JSON; 'results.json' is always there. */
  readonly files: Readonly<Record<string, JsonValue>>;
  readonly successfulShots: number;
}

/** Checks an action without running it: what CreateQuantumTask would do. Throws BraketValidationError. */
export function inspectAction(action: unknown, options: Pick<ActionOptions, 'device' | 'shots'>): ActionSummary {
  return prepareAction(readAction(action), options.device, options.shots).summary;
}

/**
 * Runs an action (parsed JSON of braket.ir.openqasm.program or …program_set, version 1).
 *
 * returns  a gate_model_task_result in 'results.json', or the files of a program_set_task_result
 * random   the outcomes are a function of seed, program index and inputs index
 * throws   BraketValidationError where the service would refuse the task
 */
export function runAction(action: unknown, options: ActionOptions): ActionFiles {
  if (options.noise !== undefined) checkNoise(options.noise);
  const read = readAction(action);
  const prepared = prepareAction(read, options.device, options.shots);
  return read.kind === 'program' ? runProgram(action as JsonValue, prepared, options) : runProgramSet(prepared, options);
}

function deviceNoise(options: ActionOptions): DeviceNoise | null {
  return options.device === 'qpu' ? (options.noise ?? null) : null;
}

function pick(rows: readonly (readonly number[])[], qubits: readonly number[]): number[][] {
  return rows.map((row) => qubits.map((qubit) => row[qubit]!));
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function runProgram(action: JsonValue, prepared: PreparedAction, options: ActionOptions): ActionFiles {
  const executable = prepared.programs[0]!.executables[0]!;
  const { circuit, labels } = executable;
  const measured = circuit.measured.length > 0 ? circuit.measured : range(circuit.qubits);
  const outcome =
    options.shots === 0
      ? { resultTypes: exactValues(executable) }
      : sampledOutcome(
          sampledValues(executable, options.shots, seeded(options.seed, 'measure', 0, 0), deviceNoise(options)),
          measured,
        );
  const result: GateModelTaskResult = {
    braketSchemaHeader: header('braket.task_result.gate_model_task_result'),
    ...outcome,
    // As the local simulators do: labels only where the program measures, otherwise positions.
    measuredQubits: circuit.measured.length > 0 ? measured.map((qubit) => labels[qubit]!) : measured,
    taskMetadata: taskMetadata(options),
    additionalMetadata: {
      action,
      ...(options.device === 'qpu'
        ? {}
        : {
            simulatorMetadata: {
              braketSchemaHeader: asJson(header('braket.task_result.simulator_metadata')),
              executionDuration: Math.round(options.executionDurationMs ?? 0),
            },
          }),
    },
  };
  return { summary: prepared.summary, files: { 'results.json': asJson(result) }, successfulShots: options.shots };
}

function sampledOutcome(sampled: ReturnType<typeof sampledValues>, measured: readonly number[]) {
  return { measurements: pick(sampled.rows, measured), resultTypes: sampled.values };
}

function taskMetadata(options: ActionOptions): GateModelTaskResult['taskMetadata'] {
  return {
    braketSchemaHeader: asJson(header('braket.task_result.task_metadata')),
    id: options.taskId,
    shots: options.shots,
    deviceId: options.deviceArn,
    ...(options.deviceParameters === undefined ? {} : { deviceParameters: options.deviceParameters }),
    createdAt: options.createdAt,
    endedAt: options.endedAt,
    status: 'COMPLETED',
  };
}

/** The interfaces of schema.ts are JSON by construction; TypeScript does not see it for want of index signatures. */
function asJson(value: object): JsonValue {
  return value as unknown as JsonValue;
}

function runProgramSet(prepared: PreparedAction, options: ActionOptions): ActionFiles {
  const files: Record<string, JsonValue> = {};
  const { shotsPerExecutable, programs } = prepared;
  let failed = 0;
  programs.forEach(({ program, executables }, programIndex) => {
    const folder = `programs/${programIndex}`;
    files[`${folder}/program.json`] = asJson(program);
    executables.forEach((executable, inputsIndex) => {
      const failure = options.failures?.find((one) => one.programIndex === programIndex && one.inputsIndex === inputsIndex);
      if (failure !== undefined) failed++;
      const random = seeded(options.seed, 'measure', programIndex, inputsIndex);
      files[`${folder}/executables/${inputsIndex}.json`] =
        failure === undefined
          ? executableResult(executable, inputsIndex, shotsPerExecutable, random, deviceNoise(options))
          : executableFailure(inputsIndex, failure.failureReason);
    });
    files[`${folder}/results.json`] = {
      braketSchemaHeader: asJson(header('braket.task_result.program_result')),
      executableResults: executables.map((_, k) => `executables/${k}.json`),
      source: 'program.json',
      additionalMetadata: {},
    };
  });
  const successfulShots = shotsPerExecutable * (prepared.summary.executableCount - failed);
  files['metadata.json'] = {
    braketSchemaHeader: asJson(header('braket.task_result.program_set_task_metadata')),
    id: options.taskId,
    deviceId: options.deviceArn,
    requestedShots: options.shots,
    successfulShots,
    programMetadata: programs.map(({ executables }) => ({ executables: executables.map(() => ({})) })),
    ...(options.deviceParameters === undefined ? {} : { deviceParameters: options.deviceParameters }),
    createdAt: options.createdAt,
    endedAt: options.endedAt,
    status: 'COMPLETED',
    totalFailedExecutables: failed,
  };
  files['results.json'] = {
    braketSchemaHeader: asJson(header('braket.task_result.program_set_task_result')),
    programResults: programs.map((_, i) => `programs/${i}/results.json`),
    taskMetadata: 'metadata.json',
    ...(options.s3Location === undefined ? {} : { s3Location: [...options.s3Location] }),
  };
  return { summary: prepared.summary, files, successfulShots };
}

function executableResult(
  executable: PreparedAction['programs'][number]['executables'][number],
  inputsIndex: number,
  shots: number,
  random: Random,
  noise: DeviceNoise | null,
): JsonValue {
  const { circuit, labels } = executable;
  const measured = circuit.measured.length > 0 ? circuit.measured : range(circuit.qubits);
  const { rows } = sampledValues(executable, shots, random, noise);
  return {
    braketSchemaHeader: asJson(header('braket.task_result.program_set_executable_result')),
    inputsIndex,
    measurements: pick(rows, measured),
    measuredQubits: circuit.measured.length > 0 ? measured.map((qubit) => labels[qubit]!) : measured,
  };
}

function executableFailure(inputsIndex: number, failureReason: string): JsonValue {
  return {
    braketSchemaHeader: asJson(header('braket.task_result.program_set_executable_failure')),
    inputsIndex,
    failureMetadata: { failureReason, retryable: false, category: 'DEVICE' },
  };
}
