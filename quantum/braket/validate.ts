/** What the service checks before it takes a task: the program, its inputs, and what each device can be asked. */

import { hasNoise } from '../circuit/circuit.ts';
import { QuantumError } from '../errors.ts';
import type { UsedFeature } from '../openqasm/features.ts';
import type { ParsedProgram } from '../openqasm/interpret.ts';
import { parseOpenQasm } from '../openqasm/interpret.ts';
import type { ResultRequest } from '../openqasm/results.ts';
import type { InputValue } from '../openqasm/variables.ts';
import type { Executable } from './executable.ts';
import { jointBasis } from './executable.ts';
import type { ProgramAction, ReadAction } from './schema.ts';
import { BraketValidationError, PROGRAM_SCHEMA, PROGRAM_SET_SCHEMA } from './schema.ts';

export type DeviceKind = 'sv1' | 'dm1' | 'local-sv' | 'local-dm' | 'qpu';

interface DeviceRules {
  readonly name: string;
  readonly mixed: boolean;
  /** Result types at shots = 0, and at shots > 0. */
  readonly exact: readonly ResultRequest['type'][];
  readonly sampled: readonly ResultRequest['type'][];
  readonly noisePragmas: boolean;
  readonly unitaryPragma: boolean;
  /** Loops, branches, subroutines and classical variables. */
  readonly classicalControl: boolean;
  /** Definitions and modifiers of gates. */
  readonly ownGates: boolean;
  readonly programSets: boolean;
  readonly maxQubits: number;
  readonly shots: readonly [number, number];
}

const SAMPLED: readonly ResultRequest['type'][] = ['expectation', 'variance', 'probability', 'sample'];
const BOTH: readonly ResultRequest['type'][] = ['expectation', 'variance', 'probability'];

/**
 * What each kind of device accepts. Qubits are bounded by our simulators, below the 34 of SV1 and the 17 of DM1.
 * source  Amazon Braket developer guide: OpenQASM features by device, result types by device, program sets
 */
const RULES: Readonly<Record<DeviceKind, DeviceRules>> = {
  sv1: {
    name: 'SV1',
    mixed: false,
    exact: [...BOTH, 'amplitude', 'adjoint_gradient'],
    sampled: SAMPLED,
    noisePragmas: false,
    unitaryPragma: true,
    classicalControl: false,
    ownGates: true,
    programSets: false,
    maxQubits: 26,
    shots: [0, 100_000],
  },
  dm1: {
    name: 'DM1',
    mixed: true,
    exact: [...BOTH, 'density_matrix'],
    sampled: SAMPLED,
    noisePragmas: true,
    unitaryPragma: true,
    classicalControl: false,
    ownGates: true,
    programSets: false,
    maxQubits: 13,
    shots: [0, 100_000],
  },
  'local-sv': {
    name: 'the local state vector simulator',
    mixed: false,
    exact: [...BOTH, 'amplitude', 'state_vector', 'density_matrix', 'adjoint_gradient'],
    sampled: SAMPLED,
    noisePragmas: false,
    unitaryPragma: true,
    classicalControl: true,
    ownGates: true,
    programSets: true,
    maxQubits: 26,
    shots: [0, 1_000_000],
  },
  'local-dm': {
    name: 'the local density matrix simulator',
    mixed: true,
    exact: [...BOTH, 'density_matrix'],
    sampled: SAMPLED,
    noisePragmas: true,
    unitaryPragma: true,
    classicalControl: true,
    ownGates: true,
    programSets: true,
    maxQubits: 13,
    shots: [0, 1_000_000],
  },
  qpu: {
    name: 'the QPU',
    mixed: false,
    exact: [],
    sampled: SAMPLED,
    noisePragmas: false,
    unitaryPragma: false,
    classicalControl: false,
    ownGates: false,
    programSets: true,
    maxQubits: 26,
    shots: [1, 100_000],
  },
};

export const MAX_EXECUTABLES = 100;
export const MAX_TOTAL_SHOTS = 200_000;

export interface ActionSummary {
  readonly actionType: typeof PROGRAM_SCHEMA | typeof PROGRAM_SET_SCHEMA;
  readonly programCount: number;
  readonly executableCount: number;
  /** Most qubits of any program. */
  readonly qubitCount: number;
}

export interface PreparedProgram {
  readonly program: ProgramAction;
  readonly executables: readonly (Executable & { readonly labels: readonly number[] })[];
}

export interface PreparedAction {
  readonly summary: ActionSummary;
  readonly programs: readonly PreparedProgram[];
  readonly shotsPerExecutable: number;
}

function refuse(message: string): never {
  throw new BraketValidationError(message);
}

/** Checks an action for a device and a number of shots, and prepares its executables; throws BraketValidationError. */
export function prepareAction(action: ReadAction, device: DeviceKind, shots: number): PreparedAction {
  const rules = RULES[device];
  const [least, most] = rules.shots;
  if (!Number.isInteger(shots) || shots < least || shots > most) {
    refuse(`Shots in ${least}..${most} wanted for ${rules.name}, ${shots} found`);
  }
  if (action.kind === 'program') {
    const executable = prepareOne(action.program, scalarInputs(action.program), rules, shots);
    return {
      summary: { actionType: PROGRAM_SCHEMA, programCount: 1, executableCount: 1, qubitCount: executable.circuit.qubits },
      programs: [{ program: action.program, executables: [executable] }],
      shotsPerExecutable: shots,
    };
  }
  return prepareSet(action.programs, rules, shots);
}

function prepareSet(programs: readonly ProgramAction[], rules: DeviceRules, shots: number): PreparedAction {
  if (!rules.programSets) refuse(`Program sets are not supported by ${rules.name}`);
  if (shots === 0) refuse('Shots must not be zero. Result types are not supported with program set.');
  const rows = programs.map((program, programIndex) => inputRows(program, programIndex));
  const executableCount = rows.reduce((sum, list) => sum + list.length, 0);
  if (executableCount > MAX_EXECUTABLES)
    refuse(`At most ${MAX_EXECUTABLES} executables in a program set wanted, ${executableCount} found`);
  if (shots > MAX_TOTAL_SHOTS) refuse(`At most ${MAX_TOTAL_SHOTS} shots for a program set wanted, ${shots} found`);
  if (shots % executableCount !== 0) {
    refuse(`Total shots must be divisible by number of executables. (${shots} shots, ${executableCount} executables)`);
  }
  const prepared = programs.map((program, programIndex) => ({
    program,
    executables: rows[programIndex]!.map((inputs, inputsIndex) => {
      try {
        const executable = prepareOne(program, inputs, rules, shots / executableCount);
        if (executable.results.length > 0) refuse('Result types are not supported with program set.');
        return executable;
      } catch (error) {
        if (!(error instanceof BraketValidationError)) throw error;
        throw new BraketValidationError(`Program ${programIndex}: ${error.message}`, [
          { programIndex, inputsIndex, errors: [error.message] },
        ]);
      }
    }),
  }));
  const qubitCount = Math.max(...prepared.flatMap(({ executables }) => executables.map((one) => one.circuit.qubits)));
  return {
    summary: { actionType: PROGRAM_SET_SCHEMA, programCount: programs.length, executableCount, qubitCount },
    programs: prepared,
    shotsPerExecutable: shots / executableCount,
  };
}

type Inputs = Readonly<Record<string, InputValue>>;

/** What one input may be is told by its declaration, which the parser checks. */
function scalarInputs(program: ProgramAction): Inputs {
  const { inputs } = program;
  for (const [name, value] of Object.entries(inputs ?? {})) {
    if (typeof value === 'object') refuse(`One number for input '${name}' wanted outside a program set, a list found`);
  }
  return inputs ?? {};
}

/** One set of inputs per executable: the k-th entries of all lists. */
function inputRows(program: ProgramAction, programIndex: number): Inputs[] {
  const entries = Object.entries(program.inputs ?? {});
  if (entries.length === 0) return [{}];
  const fail = (message: string): never => {
    throw new BraketValidationError(message, [{ programIndex, errors: [message] }]);
  };
  const lists = entries.map(([name, value]): [string, readonly (number | string)[]] =>
    typeof value === 'object' ? [name, value] : fail('All Program inputs must be lists when using ProgramSet'),
  );
  const [length = 0] = lists.map(([, list]) => list.length);
  if (lists.some(([, list]) => list.length !== length))
    fail('All Program inputs must have the same length when using ProgramSet');
  if (length === 0) fail('At least one entry in each input list wanted');
  return Array.from({ length }, (_, k) => Object.fromEntries(lists.map(([name, list]) => [name, list[k]!])));
}

/** Programs parsed without inputs, so that the executables of one program share the work. */
const PARSED = new WeakMap<ProgramAction, ParsedProgram | null>();

function parse(program: ProgramAction, inputs: Inputs): ParsedProgram {
  try {
    let symbolic = PARSED.get(program);
    if (symbolic === undefined) {
      symbolic = parseSymbolic(program.source);
      PARSED.set(program, symbolic);
    }
    return symbolic ?? parseOpenQasm(program.source, { inputs, compact: true });
  } catch (error) {
    if (error instanceof QuantumError) return refuse(`OpenQASM: ${error.message}`);
    throw error;
  }
}

/** null where the program needs the values of its inputs to be understood, or is wrong; parsing with values then tells which. */
function parseSymbolic(source: string): ParsedProgram | null {
  try {
    return parseOpenQasm(source, { compact: true });
  } catch (error) {
    if (error instanceof QuantumError) return null;
    throw error;
  }
}

function prepareOne(program: ProgramAction, inputs: Inputs, rules: DeviceRules, shots: number) {
  const parsed = parse(program, inputs);
  const { circuit, results, labels } = parsed;
  if (circuit.qubits === 0) refuse('A program with at least one qubit wanted');
  if (circuit.qubits > rules.maxQubits) {
    refuse(`At most ${rules.maxQubits} qubits wanted for ${rules.name}, ${circuit.qubits} found`);
  }
  checkOperations(parsed, rules);
  checkResults(parsed, rules, shots);
  const theta = Float64Array.from(circuit.parameters, (name) => {
    const value = Object.hasOwn(inputs, name) ? inputs[name] : refuse(`Missing input variable '${name}'.`);
    if (typeof value === 'number') return value;
    return refuse(
      `One number for input '${name}' wanted, ${typeof value === 'string' ? `the bit string "${value}"` : 'a list'} found`,
    );
  });
  return { circuit, theta, results, labels, mixed: rules.mixed };
}

const OWN_GATES: ReadonlySet<UsedFeature['feature']> = new Set(['gate definitions', 'gate modifiers']);

function checkOperations({ circuit, verbatim, physical, features }: ParsedProgram, rules: DeviceRules): void {
  for (const { feature, line, column } of features) {
    const accepted = OWN_GATES.has(feature) ? rules.ownGates : rules.classicalControl;
    if (!accepted) refuse(`OpenQASM: line ${line}:${column} a feature of ${rules.name} wanted, ${feature} found`);
  }
  if (hasNoise(circuit) && !rules.noisePragmas) refuse(`Noise instructions are not supported by ${rules.name}`);
  const unitary = circuit.operations.some((operation) => operation.kind === 'gate' && operation.matrix !== undefined);
  if (unitary && !rules.unitaryPragma) refuse(`Unitaries given as a matrix are not supported by ${rules.name}`);
  if (verbatim && rules.name === RULES.qpu.name && !physical) refuse('Physical qubits wanted in a verbatim box');
}

function checkResults({ circuit, results }: ParsedProgram, rules: DeviceRules, shots: number): void {
  if (shots === 0 && results.length === 0) refuse('Result types must be specified in the IR when shots=0');
  if (results.length > 0 && circuit.measured.length > 0) refuse('Either result types or measure instructions wanted, both found');
  const allowed = shots === 0 ? rules.exact : rules.sampled;
  for (const request of results) {
    if (!allowed.includes(request.type)) {
      const other = shots === 0 ? rules.sampled : rules.exact;
      refuse(
        other.includes(request.type)
          ? `Result type ${request.type} is not available when shots${shots === 0 ? '=0' : '>0'}`
          : `Result type ${request.type} is not supported by ${rules.name}`,
      );
    }
    if (request.type !== 'amplitude') continue;
    for (const state of request.states) {
      if (state.length !== circuit.qubits) {
        refuse(
          `Length of state ${state} for result type amplitude must be equivalent to number of qubits ${circuit.qubits} in circuit`,
        );
      }
    }
  }
  if (shots > 0) jointBasis(results, circuit.qubits);
}
