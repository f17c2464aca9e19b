/** The JSON documents of Amazon Braket that this package reads and writes, and the reading of an action. */

import type { ResultRequest } from '../openqasm/results.ts';

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface SchemaHeader {
  readonly name: string;
  readonly version: string;
}

export const PROGRAM_SCHEMA = 'braket.ir.openqasm.program';
export const PROGRAM_SET_SCHEMA = 'braket.ir.openqasm.program_set';

export function header(name: string): SchemaHeader {
  return { name, version: '1' };
}

export interface ProgramAction {
  readonly braketSchemaHeader: SchemaHeader;
  readonly source: string;
  /** One number per input; in a program set one list per input, all equally long. */
  readonly inputs?: Readonly<Record<string, number | string | readonly (number | string)[]>> | null;
}

export interface ProgramSetAction {
  readonly braketSchemaHeader: SchemaHeader;
  readonly programs: readonly ProgramAction[];
}

export type Action = ProgramAction | ProgramSetAction;

export type ResultTypeValue = { readonly type: { readonly [key: string]: JsonValue }; readonly value: JsonValue };

export interface GateModelTaskResult {
  readonly braketSchemaHeader: SchemaHeader;
  /** Rows of bits, one per shot, columns in the order of measuredQubits; left out at shots = 0. */
  readonly measurements?: readonly (readonly number[])[];
  readonly measuredQubits: readonly number[];
  readonly resultTypes: readonly ResultTypeValue[];
  readonly taskMetadata: { readonly [key: string]: JsonValue };
  readonly additionalMetadata: { readonly [key: string]: JsonValue };
}

export interface ProgramSetTaskResult {
  readonly braketSchemaHeader: SchemaHeader;
  readonly programResults: readonly string[];
  readonly taskMetadata: string;
  readonly s3Location?: readonly [string, string];
}

/** A request that the service would refuse: `ValidationException` with the fields of its answer. */
export class BraketValidationError extends Error {
  readonly reason: 'ProgramSetValidationFailed' | null;
  readonly programSetValidationFailures: readonly ProgramFailure[];

  constructor(message: string, failures: readonly ProgramFailure[] = []) {
    super(message);
    this.name = 'ValidationException';
    this.reason = failures.length > 0 ? 'ProgramSetValidationFailed' : null;
    this.programSetValidationFailures = failures;
  }
}

export interface ProgramFailure {
  readonly programIndex: number;
  readonly inputsIndex?: number;
  readonly errors: readonly string[];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readHeader(value: Record<string, unknown>, names: readonly string[]): string {
  const found = value['braketSchemaHeader'];
  if (!isRecord(found) || typeof found['name'] !== 'string' || found['version'] !== '1' || !names.includes(found['name'])) {
    throw new BraketValidationError(
      `Action: a braketSchemaHeader with name ${names.join(' or ')} and version 1 wanted, ${JSON.stringify(found) ?? 'none'} found`,
    );
  }
  return found['name'];
}

function readProgram(value: unknown, what: string): ProgramAction {
  if (!isRecord(value)) throw new BraketValidationError(`${what}: an object wanted`);
  readHeader(value, [PROGRAM_SCHEMA]);
  if (typeof value['source'] !== 'string') throw new BraketValidationError(`${what}: a string in 'source' wanted`);
  const inputs = value['inputs'];
  if (inputs !== undefined && inputs !== null && !isRecord(inputs))
    throw new BraketValidationError(`${what}: an object in 'inputs' wanted`);
  for (const [name, entry] of Object.entries(inputs ?? {})) {
    const plain = (x: unknown) => (typeof x === 'number' && Number.isFinite(x)) || typeof x === 'string';
    if (!plain(entry) && !(Array.isArray(entry) && entry.every(plain))) {
      throw new BraketValidationError(`${what}: a number, a bit string or a list of them wanted for input '${name}'`);
    }
  }
  return value as unknown as ProgramAction;
}

export type ReadAction =
  | { readonly kind: 'program'; readonly program: ProgramAction }
  | { readonly kind: 'program-set'; readonly programs: readonly ProgramAction[] };

/** Reads the parsed JSON of an action; throws BraketValidationError for anything that is not one. */
export function readAction(action: unknown): ReadAction {
  if (!isRecord(action)) throw new BraketValidationError('Action: a JSON object wanted');
  if (readHeader(action, [PROGRAM_SCHEMA, PROGRAM_SET_SCHEMA]) === PROGRAM_SCHEMA) {
    return { kind: 'program', program: readProgram(action, 'Action') };
  }
  const programs = action['programs'];
  if (!Array.isArray(programs) || programs.length === 0) {
    throw new BraketValidationError('Action: at least one program in a program set wanted');
  }
  return { kind: 'program-set', programs: programs.map((program, i) => readProgram(program, `Action: program ${i}`)) };
}

/** The requested result as Braket echoes it beside its value. */
export function echoOf(request: ResultRequest, parameters: readonly string[]): ResultTypeValue['type'] {
  switch (request.type) {
    case 'state_vector':
      return { type: 'statevector' };
    case 'amplitude':
      return { type: 'amplitude', states: [...request.states] };
    case 'probability':
      return { type: 'probability', ...(request.targets === null ? {} : { targets: [...request.targets] }) };
    case 'density_matrix':
      return { type: 'densitymatrix', ...(request.targets === null ? {} : { targets: [...request.targets] }) };
    case 'adjoint_gradient':
      return {
        type: 'adjoint_gradient',
        observable: observableText(request),
        targets: request.observable.map((term) => term.factors.flatMap((factor) => [...factor.targets])),
        parameters: request.parameters === 'all' ? [...parameters] : [...request.parameters],
      };
    default:
      return {
        type: request.type,
        observable: request.factors.map((factor) => (factor.name === 'hermitian' ? matrixRows(factor.matrix) : factor.name)),
        ...(request.everyQubit ? {} : { targets: request.factors.flatMap((factor) => [...factor.targets]) }),
      };
  }
}

/** [[[re, im], …], …] of a matrix. */
export function matrixRows(matrix: Float64Array): [number, number][][] {
  const d = Math.round(Math.sqrt(matrix.length / 2));
  return Array.from({ length: d }, (_, r) =>
    Array.from({ length: d }, (_, c): [number, number] => [matrix[2 * (r * d + c)]!, matrix[2 * (r * d + c) + 1]!]),
  );
}

/** SV1 echoes the observable without targets: "-6 * y @ i + 0.75 * y @ z". */
function observableText(request: Extract<ResultRequest, { type: 'adjoint_gradient' }>): string {
  const [first] = request.observable;
  const plain = request.observable.length === 1 && first!.coefficient === 1;
  return request.observable
    .map(({ coefficient, factors }) => {
      const product = factors
        .map((factor) => (factor.name === 'hermitian' ? `hermitian(${JSON.stringify(matrixRows(factor.matrix))})` : factor.name))
        .join(' @ ');
      return plain ? product : `${coefficient} * ${product}`;
    })
    .join(' + ')
    .replaceAll('+ -', '- ');
}
