/** What Braket's result files say about a batch: mean values with standard errors, and gradients by the shift rules. */
import { type JsonValue, meansOfZ, pauliMasks } from '@qefm/quantum';
import { z } from 'zod';
import { QuantumTaskFailed } from '../contracts/errors.ts';
import { type HeadStructure, headReadout } from '../model/head-circuit.ts';
import type { CircuitBatch, CircuitRequest, CircuitResult } from './problem.ts';
import { type CircuitRole, type CompiledBatch, type CompiledTask, isExact } from './programs.ts';

/** The objects below a task's output prefix: path to parsed JSON; `results.json` is always wanted. */
export type ResultFiles = Readonly<Record<string, JsonValue>>;

/** Mean values of one circuit. */
interface Means {
  values: Float64Array;
  /** Measurements behind them; 0 for exact values. */
  shots: number;
}

type Answer = { role: CircuitRole } & ({ means: Means } | { slopes: Float64Array });

const GateModelResult = z.looseObject({
  measurements: z.array(z.array(z.int())).nullish(),
  measurementProbabilities: z.record(z.string(), z.number()).nullish(),
  measuredQubits: z.array(z.int()).nullish(),
  resultTypes: z.array(z.looseObject({ type: z.looseObject({ type: z.string() }), value: z.unknown() })).nullish(),
});
const AdjointValue = z.looseObject({ gradient: z.record(z.string(), z.number()) });
const ProgramSetResult = z.looseObject({ programResults: z.array(z.unknown()) });
const ProgramResult = z.looseObject({ executableResults: z.array(z.unknown()) });
const ExecutableResult = z.looseObject({
  inputsIndex: z.int(),
  failureMetadata: z.looseObject({ failureReason: z.string() }).nullish(),
  measurements: z.array(z.array(z.int())).nullish(),
  measurementProbabilities: z.record(z.string(), z.number()).nullish(),
  measuredQubits: z.array(z.int()).nullish(),
});

/**
 * One result a request, in order.
 *
 * files   one set a task, in the order of the compiled tasks
 * throws  QuantumTaskFailed for a failed or missing executable, an absent or malformed document, or a value that is not finite
 */
export function collectBatch(
  batch: CircuitBatch,
  { target, tasks }: CompiledBatch,
  files: readonly ResultFiles[],
): CircuitResult[] {
  if (files.length !== tasks.length)
    throw new QuantumTaskFailed(`results of ${tasks.length} tasks wanted, found ${files.length}`);
  const answers: Answer[][] = batch.requests.map(() => []);
  for (const [index, task] of tasks.entries()) {
    const where = `task ${index}`;
    const found = isExact(target)
      ? [exactAnswer(task, batch.circuit, files[index]!, where)]
      : measuredMeans(task, batch.circuit, target.kind, files[index]!, where);
    for (const [position, { request, role }] of task.circuits.entries()) {
      answers[request]!.push({ role, ...found[position]! });
    }
  }
  return batch.requests.map((request, index) => assemble(request, answers[index]!, batch.circuit.theta.length));
}

function assemble(request: CircuitRequest, answers: readonly Answer[], angles: number): CircuitResult {
  if (request.kind === 'expectations') {
    const { values, shots } = meansOf(answers[0]!);
    if (shots === 0) return { kind: 'expectations', values };
    return {
      kind: 'expectations',
      values,
      standardErrors: values.map((mean) => Math.sqrt(Math.max(0, 1 - mean * mean) / shots)),
    };
  }
  const theta = new Float64Array(request.angles ? angles : 0);
  const directions = new Float64Array(request.directions.length);
  for (const answer of answers) {
    const { role } = answer;
    if (role.kind === 'adjoint' && 'slopes' in answer) theta.set(answer.slopes);
    else if (role.kind === 'angle') theta[role.index]! += (role.sign * weighted(request.cotangent, answer)) / 2;
    else if (role.kind === 'direction') directions[role.index]! += role.sign * weighted(request.cotangent, answer);
  }
  return { kind: 'gradient', theta, directions };
}

function meansOf(answer: Answer): Means {
  if ('means' in answer) return answer.means;
  throw new QuantumTaskFailed('mean values wanted, a gradient found');
}

/** F = sum_i cotangent_i <O_i>. */
function weighted(cotangent: Float64Array, answer: Answer): number {
  return meansOf(answer).values.reduce((sum, mean, i) => sum + cotangent[i]! * mean, 0);
}

function exactAnswer(
  task: CompiledTask,
  structure: HeadStructure,
  files: ResultFiles,
  where: string,
): { means: Means } | { slopes: Float64Array } {
  const { resultTypes } = parse(GateModelResult, files['results.json'], `${where}: results.json`);
  const results = resultTypes ?? [];
  if (task.circuits[0]!.role.kind === 'adjoint') {
    const { gradient } = parse(AdjointValue, results[0]?.value, `${where}: adjoint_gradient`);
    const theta = Float64Array.from({ length: Object.keys(gradient).length }, (_, p) => gradient[`theta${p}`] ?? Number.NaN);
    return { slopes: finite(theta, where) };
  }
  const wanted = headReadout(structure).length;
  if (results.length !== wanted)
    throw new QuantumTaskFailed(`${where}: ${wanted} expectation values wanted, found ${results.length}`);
  const values = Float64Array.from(results, ({ type, value }) =>
    type.type === 'expectation' ? Number(value ?? Number.NaN) : Number.NaN,
  );
  return { means: { values: finite(values, where), shots: 0 } };
}

function measuredMeans(
  task: CompiledTask,
  structure: HeadStructure,
  kind: 'sv1' | 'program-set',
  files: ResultFiles,
  where: string,
): { means: Means }[] {
  const shotsEach = task.shots / task.circuits.length;
  const document = files['results.json'];
  if (kind === 'sv1') {
    return [{ means: measured(parse(GateModelResult, document, `${where}: results.json`), structure, shotsEach, where) }];
  }
  const { programResults } = parse(ProgramSetResult, document, `${where}: results.json`);
  const { value: program, folder } = follow(programResults[0], files, '', where);
  const { executableResults } = parse(ProgramResult, program, `${where}: program 0`);
  const found = new Map<number, { means: Means }>();
  for (const entry of executableResults) {
    const executable = parse(ExecutableResult, follow(entry, files, folder, where).value, `${where}: executable`);
    const at = `${where}, executable ${executable.inputsIndex}`;
    if (executable.failureMetadata != null) throw new QuantumTaskFailed(`${at}: ${executable.failureMetadata.failureReason}`);
    found.set(executable.inputsIndex, { means: measured(executable, structure, shotsEach, at) });
  }
  return task.circuits.map((_, index) => {
    const one = found.get(index);
    if (one === undefined) throw new QuantumTaskFailed(`${where}: executable ${index} of ${task.circuits.length} has no result`);
    return one;
  });
}

/** An entry is the object itself, or the path of a file relative to the folder of the document that names it. */
function follow(entry: unknown, files: ResultFiles, folder: string, where: string): { value: unknown; folder: string } {
  if (typeof entry !== 'string') return { value: entry, folder };
  const path = folder === '' ? entry : `${folder}/${entry}`;
  const value = files[path];
  if (value === undefined) throw new QuantumTaskFailed(`${where}: file ${path} is missing`);
  return { value, folder: path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '' };
}

/** Devices give rows of bits or relative frequencies by bit string; absent fields may be null. */
interface Outcomes {
  measurements?: readonly (readonly number[])[] | null | undefined;
  measurementProbabilities?: Record<string, number> | null | undefined;
  measuredQubits?: readonly number[] | null | undefined;
}

/** Mean values of the head's observables, recomputed by us from outcomes in the Z basis. */
function measured(
  { measurements, measurementProbabilities, measuredQubits }: Outcomes,
  structure: HeadStructure,
  shots: number,
  where: string,
): Means {
  const { qubits } = structure;
  const order = measuredQubits ?? Array.from({ length: qubits }, (_, i) => i);
  if (order.length !== qubits || !order.every((qubit) => qubit >= 0 && qubit < qubits) || new Set(order).size !== qubits) {
    throw new QuantumTaskFailed(`${where}: measured qubits 0 to ${qubits - 1} wanted, found ${order.join(', ')}`);
  }
  const distribution = new Float64Array(2 ** qubits);
  let total = 0;
  const add = (bits: readonly number[], weight: number) => {
    if (bits.length !== qubits || !bits.every((bit) => bit === 0 || bit === 1)) {
      throw new QuantumTaskFailed(`${where}: outcomes of ${qubits} bits wanted, found ${bits.join('')}`);
    }
    // Qubit 0 is the most significant bit of an outcome.
    const index = bits.reduce<number>((sum, bit, position) => sum + bit * 2 ** (qubits - 1 - order[position]!), 0);
    distribution[index]! += weight;
    total += weight;
  };
  const counted = measurements ?? [];
  for (const bits of counted) add(bits, 1);
  if (counted.length === 0) {
    for (const [text, probability] of Object.entries(measurementProbabilities ?? {})) add([...text].map(Number), probability);
    if (!(Math.abs(total - 1) < 1e-6))
      throw new QuantumTaskFailed(`${where}: no measurements, and probabilities that sum to ${total}`);
  }
  const masks = headReadout(structure).map((term) => pauliMasks(term, qubits).zMask);
  const values = meansOfZ(
    distribution.map((weight) => weight / total),
    masks,
  );
  return { values: finite(values, where), shots: counted.length > 0 ? counted.length : shots };
}

function finite(values: Float64Array, where: string): Float64Array {
  if (!values.every(Number.isFinite)) throw new QuantumTaskFailed(`${where}: a result is missing or not a finite number`);
  return values;
}

function parse<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new QuantumTaskFailed(`${where}: ${issue.path.join('.')}${issue.path.length > 0 ? ': ' : ''}${issue.message}`);
}
