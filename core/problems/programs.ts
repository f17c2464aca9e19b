/**
 * A batch of circuits as work for Amazon Braket: which programs run with which inputs, and what their answers mean.
 *
 * One parametric program serves all circuits: exact amplitude encoding with inputs x0.., then the ansatz with inputs theta0...
 *   SV1, 0 shots   expectation pragmas; dF/dtheta by adjoint_gradient of the cotangent-weighted sum; one task a circuit
 *   SV1, shots     one task a circuit, measured in the Z basis
 *   program set    the circuits are rows of inputs of one program, as many to a task as the device takes
 * Latent directions are amplitude-shift pairs everywhere; with shots, angles are parameter-shift pairs.
 */
import {
  amplitudeEncoding,
  type Circuit,
  composeCircuits,
  emitOpenQasm,
  encodingAngles,
  observableOf,
  type ProgramAction,
  type ProgramSetAction,
  type ResultRequest,
} from '@qefm/quantum';
import { type HeadStructure, headAngles, headAnsatz, headReadout } from '../model/head-circuit.ts';
import type { Target } from './circuit-files.ts';
import type { CircuitBatch, CircuitRequest, HeadCircuit } from './problem.ts';

/** What one circuit of a request is for: F itself, its adjoint gradient, or one side of a shifted pair. */
export type CircuitRole =
  | { kind: 'value' }
  | { kind: 'adjoint' }
  | { kind: 'angle'; index: number; sign: 1 | -1 }
  | { kind: 'direction'; index: number; sign: 1 | -1 };

export interface PlannedCircuit {
  request: number;
  role: CircuitRole;
}

export interface CompiledTask {
  /** JSON of braket.ir.openqasm.program or braket.ir.openqasm.program_set, version 1. */
  action: ProgramAction | ProgramSetAction;
  /** The task's total; of each circuit: this divided by the number of circuits. */
  shots: number;
  /** In the order of the task's executables. */
  circuits: PlannedCircuit[];
  /** Requests that need this task, ascending. */
  requestIndices: number[];
}

export interface CompiledBatch {
  target: Target;
  tasks: CompiledTask[];
}

/** A rotation by theta has the exact derivative (F(theta + pi/2) - F(theta - pi/2)) / 2. */
const SHIFT = Math.PI / 2;
const SIGNS = [1, -1] as const;

/** Throws RangeError when amplitudes, angles or cotangents do not fit the circuit. */
export function compileBatch(batch: CircuitBatch, target: Target): CompiledBatch {
  checkShapes(batch);
  const { circuit, requests } = batch;
  const planned = requests.flatMap((request, index) =>
    rolesOf(request, circuit, target).map((role): PlannedCircuit => ({ request: index, role })),
  );
  const program = headProgram(circuit);
  if (target.kind === 'program-set') return { target, tasks: programSets(batch, planned, program, target) };
  const source = target.shots === 0 ? emitOpenQasm(program, { results: readoutPragmas(circuit) }) : measuredSource(program);
  const tasks = planned.map((one): CompiledTask => {
    const request = requests[one.request]!;
    const text = one.role.kind === 'adjoint' ? adjointSource(program, circuit, request) : source;
    return {
      action: {
        braketSchemaHeader: { name: 'braket.ir.openqasm.program', version: '1' },
        source: text,
        inputs: Object.fromEntries(program.parameters.map((name, i) => [name, inputsOf(one, request, circuit)[i]!])),
      },
      shots: target.shots,
      circuits: [one],
      requestIndices: [one.request],
    };
  });
  return { target, tasks };
}

/** The circuits of one request, in the order in which they are compiled and read. */
export function rolesOf(request: CircuitRequest, structure: HeadStructure, target: Target): CircuitRole[] {
  if (request.kind === 'expectations') return [{ kind: 'value' }];
  const roles: CircuitRole[] = [];
  if (request.angles && isExact(target)) roles.push({ kind: 'adjoint' });
  if (request.angles && !isExact(target)) {
    for (let index = 0; index < headAngles(structure); index++)
      for (const sign of SIGNS) roles.push({ kind: 'angle', index, sign });
  }
  for (let index = 0; index < request.directions.length; index++) {
    for (const sign of SIGNS) roles.push({ kind: 'direction', index, sign });
  }
  return roles;
}

/** Exact results, which program sets never give. */
export function isExact({ kind, shots }: Target): boolean {
  return kind === 'sv1' && shots === 0;
}

/** Circuits that share one task. */
export function circuitsPerTask(target: Target): number {
  if (target.kind === 'sv1') return 1;
  const { maximumExecutables, maximumTotalShots, shots } = target;
  const bySize = maximumTotalShots === undefined ? maximumExecutables : Math.floor(maximumTotalShots / shots);
  if (bySize < 1) throw new RangeError(`${shots} shots of one circuit exceed the device's ${maximumTotalShots} of a program set`);
  return Math.min(maximumExecutables, bySize);
}

function programSets(batch: CircuitBatch, planned: readonly PlannedCircuit[], program: Circuit, target: Target): CompiledTask[] {
  const source = measuredSource(program);
  const size = circuitsPerTask(target);
  const tasks: CompiledTask[] = [];
  for (let start = 0; start < planned.length; start += size) {
    const circuits = planned.slice(start, start + size);
    const rows = circuits.map((one) => inputsOf(one, batch.requests[one.request]!, batch.circuit));
    const inputs = Object.fromEntries(program.parameters.map((name, i) => [name, rows.map((row) => row[i]!)]));
    tasks.push({
      action: {
        braketSchemaHeader: { name: 'braket.ir.openqasm.program_set', version: '1' },
        programs: [{ braketSchemaHeader: { name: 'braket.ir.openqasm.program', version: '1' }, source, inputs }],
      },
      shots: target.shots * circuits.length,
      circuits,
      requestIndices: [...new Set(circuits.map(({ request }) => request))],
    });
  }
  return tasks;
}

/** Encoding, then ansatz; parameters x0 .. x(2^n - 2), theta0 .. theta(P - 1). */
function headProgram(structure: HeadStructure): Circuit {
  return composeCircuits(amplitudeEncoding(structure.qubits), headAnsatz(structure));
}

function measuredSource(program: Circuit): string {
  return emitOpenQasm(program, { measureAll: true });
}

function readoutPragmas(structure: HeadStructure): ResultRequest[] {
  return observableOf(headReadout(structure)).map(({ factors }) => ({ type: 'expectation', factors, everyQubit: false }));
}

function adjointSource(program: Circuit, circuit: HeadCircuit, request: CircuitRequest): string {
  if (request.kind !== 'gradient') throw new RangeError('an adjoint gradient belongs to a gradient request');
  const observable = observableOf(headReadout(circuit)).map((term, i) => ({ ...term, coefficient: request.cotangent[i]! }));
  const parameters = headAnsatz(circuit).parameters;
  return emitOpenQasm(program, { results: [{ type: 'adjoint_gradient', observable, parameters }] });
}

/** Values of the program's parameters for one circuit. */
function inputsOf({ role }: PlannedCircuit, request: CircuitRequest, { theta }: HeadCircuit): number[] {
  const angles = theta.slice();
  if (role.kind === 'angle') angles[role.index]! += role.sign * SHIFT;
  let vector = request.amplitudes;
  if (role.kind === 'direction' && request.kind === 'gradient') {
    const direction = request.directions[role.index]!;
    vector = vector.map((value, i) => (value + role.sign * direction[i]!) * Math.SQRT1_2);
  }
  return [...encodingAngles(vector), ...angles];
}

function checkShapes({ circuit, requests }: CircuitBatch): void {
  const wanted = headAngles(circuit);
  if (circuit.theta.length !== wanted) throw new RangeError(`the circuit wants ${wanted} angles, found ${circuit.theta.length}`);
  const size = 2 ** circuit.qubits;
  const observables = headReadout(circuit).length;
  for (const [index, request] of requests.entries()) {
    const vectors = request.kind === 'gradient' ? [request.amplitudes, ...request.directions] : [request.amplitudes];
    if (vectors.some((vector) => vector.length !== size))
      throw new RangeError(`request ${index}: vectors of ${size} amplitudes wanted`);
    if (request.kind === 'gradient' && request.cotangent.length !== observables) {
      throw new RangeError(`request ${index}: ${observables} cotangents wanted, found ${request.cotangent.length}`);
    }
  }
}
