/** A Braket action in, the objects that Braket writes to S3 out: the one entry for a simulated Braket, local or in a Lambda. */

import type { Random } from '../random.ts';
import { seeded } from '../random.ts';
import type { DeviceNoise } from './device-noise.ts';
import { checkNoise } from './device-noise.ts';
import { exactValues, jointBasis, readDistribution, sampledValues } from './executable.ts';
import type { DeviceTarget } from './on-device.ts';
import { checkOnDevice, readOnDevice } from './on-device.ts';
import type { GateModelTaskResult, JsonValue, ProgramAction, ReadAction } from './schema.ts';
import { BraketValidationError, header, PROGRAM_SCHEMA, readAction } from './schema.ts';
import type { ActionSummary, DeviceKind, PreparedAction } from './validate.ts';
import { prepareAction } from './validate.ts';

export type { DeviceNoise, NoiseRates } from './device-noise.ts';
export type { DeviceTarget } from './on-device.ts';
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
  /** Qubits, couplers and native gates of a device of kind 'qpu', for which programs are compiled; default: nothing is compiled. */
  readonly target?: DeviceTarget;
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
export function inspectAction(action: unknown, options: CheckOptions): ActionSummary {
  return prepareFor(action, options).summary;
}

type CheckOptions = Pick<ActionOptions, 'device' | 'shots' | 'target'>;

/** A program set is refused with the failures of all its programs, not of the first one alone. */
function prepareFor(action: unknown, options: CheckOptions): PreparedAction {
  const read = readAction(action);
  try {
    return prepareRead(read, options);
  } catch (error) {
    if (!(error instanceof BraketValidationError) || error.programSetValidationFailures.length === 0 || read.kind === 'program')
      throw error;
    const failures = read.programs.flatMap((program, programIndex) => failuresOf(program, programIndex, options));
    throw new BraketValidationError(error.message, failures.length > 0 ? failures : error.programSetValidationFailures);
  }
}

function failuresOf(program: ProgramAction, programIndex: number, options: CheckOptions) {
  try {
    const [first] = Object.values(program.inputs ?? {});
    const shots = Array.isArray(first) ? Math.max(1, first.length) : 1;
    prepareRead({ kind: 'program-set', programs: [program] }, { ...options, shots });
    return [];
  } catch (error) {
    if (!(error instanceof BraketValidationError)) throw error;
    return error.programSetValidationFailures.map((failure) => ({ ...failure, programIndex }));
  }
}

function prepareRead(read: ReadAction, options: CheckOptions): PreparedAction {
  const prepared = prepareAction(read, options.device, options.shots);
  const target = options.device === 'qpu' ? options.target : undefined;
  if (target === undefined) return prepared;
  prepared.programs.forEach(({ program, executables }, programIndex) => {
    // The executables of a program differ in numbers only.
    const [first] = executables;
    try {
      if (first !== undefined) checkOnDevice(program.source, first, first.labels, target);
    } catch (error) {
      if (!(error instanceof BraketValidationError) || read.kind === 'program') throw error;
      throw new BraketValidationError(`Program ${programIndex}: ${error.message}`, [{ programIndex, errors: [error.message] }]);
    }
  });
  return prepared;
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
  const prepared = prepareFor(action, options);
  return prepared.summary.actionType === PROGRAM_SCHEMA
    ? runProgram(action as JsonValue, prepared, options)
    : runProgramSet(prepared, options);
}

type PreparedExecutable = PreparedAction['programs'][number]['executables'][number];

/** What is read on the device, and the program that ran where a device compiles. */
function reading(source: string, executable: PreparedExecutable, options: ActionOptions) {
  const noise = options.device === 'qpu' ? (options.noise ?? null) : null;
  const { target } = options;
  if (options.device !== 'qpu' || target === undefined)
    return { distribution: readDistribution(executable, noise), compiledProgram: null };
  const basis = jointBasis(executable.results, executable.circuit.qubits);
  return readOnDevice(source, executable, executable.labels, basis, target, noise);
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
  const random = seeded(options.seed, 'measure', 0, 0);
  const read = options.shots === 0 ? null : reading(prepared.programs[0]!.program.source, executable, options);
  const outcome =
    read === null
      ? { resultTypes: exactValues(executable) }
      : sampledOutcome(sampledValues(executable, options.shots, random, read.distribution), measured);
  const result: GateModelTaskResult = {
    braketSchemaHeader: header('braket.task_result.gate_model_task_result'),
    ...outcome,
    // As the local simulators do: labels only where the program measures, otherwise positions.
    measuredQubits: circuit.measured.length > 0 ? measured.map((qubit) => labels[qubit]!) : measured,
    taskMetadata: taskMetadata(options),
    additionalMetadata: {
      action,
      ...(options.device === 'qpu'
        ? vendorMetadata(read?.compiledProgram ?? null, options.target)
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

/** The program that ran, where the vendor reports it: the SDK's `get_compiled_circuit`. */
function vendorMetadata(compiledProgram: string | null, target: DeviceTarget | undefined): { readonly [key: string]: JsonValue } {
  if (compiledProgram === null || target?.metadata === undefined) return {};
  const name = target.metadata.replace(/Metadata$/, '');
  return { [target.metadata]: { braketSchemaHeader: asJson(header(`braket.task_result.${name}_metadata`)), compiledProgram } };
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
          ? executableResult(
              executable,
              inputsIndex,
              shotsPerExecutable,
              random,
              reading(program.source, executable, options).distribution,
            )
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
  executable: PreparedExecutable,
  inputsIndex: number,
  shots: number,
  random: Random,
  read: Float64Array,
): JsonValue {
  const { circuit, labels } = executable;
  const measured = circuit.measured.length > 0 ? circuit.measured : range(circuit.qubits);
  const { rows } = sampledValues(executable, shots, random, read);
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
