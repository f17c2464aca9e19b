/** Circuits asked for, and their results, as tensor files: what AskCircuits, SubmitCircuits, CollectResults and TellProblem hand on. */
import { z } from 'zod';
import { Sha256 } from '../contracts/primitives.ts';
import type { TensorFile } from '../contracts/tensors.ts';
import type { CircuitBatch, CircuitRequest, CircuitResult } from './problem.ts';

/** How a device takes work: exact values from result pragmas, or counts from program sets. */
export const Target = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('sv1'), shots: z.int().min(0), maximumExecutables: z.int().min(1) }),
  z.strictObject({
    kind: z.literal('program-set'),
    /** Of each circuit. */
    shots: z.int().min(1),
    maximumExecutables: z.int().min(1),
    /** Of a whole program set, where the device names a limit. */
    maximumTotalShots: z.int().min(1).optional(),
  }),
]);

/** Header; tensors `theta` [P], `amplitudes` [R, 2^n], `cotangents` [G, observables], `directions` [sum of counts, 2^n]. */
export const CircuitsHeader = z.strictObject({
  schema: z.literal('circuits/1'),
  qubits: z.int().min(1),
  layers: z.int().min(0),
  entangler: z.enum(['ring', 'line', 'none']),
  target: Target,
  requests: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('expectations') }),
      z.strictObject({ kind: z.literal('gradient'), angles: z.boolean(), directions: z.int().min(0) }),
    ]),
  ),
});

/** Header; tensors `values` and `standardErrors`, one after the other as the requests say. */
export const ResultsHeader = z.strictObject({
  schema: z.literal('circuit-results/1'),
  circuits: Sha256,
  requests: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('expectations'), values: z.int().min(0), standardErrors: z.boolean() }),
      z.strictObject({ kind: z.literal('gradient'), theta: z.int().min(0), directions: z.int().min(0) }),
    ]),
  ),
  /** What the device did for it. */
  tasks: z.int().min(0),
  circuitsRun: z.int().min(0),
  shots: z.int().min(0),
});

export type Target = z.infer<typeof Target>;
export type CircuitsHeader = z.infer<typeof CircuitsHeader>;
export type ResultsHeader = z.infer<typeof ResultsHeader>;

function concatenate(arrays: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((length, array) => length + array.length, 0));
  let offset = 0;
  for (const array of arrays) {
    all.set(array, offset);
    offset += array.length;
  }
  return all;
}

/** Hands out consecutive pieces of an array. */
function reader(all: Float64Array, name: string) {
  let offset = 0;
  return (length: number): Float64Array => {
    if (offset + length > all.length)
      throw new RangeError(`tensor ${name} is too short: ${offset + length} values wanted, ${all.length} found`);
    offset += length;
    return all.slice(offset - length, offset);
  };
}

function float64(file: TensorFile<unknown>, name: string): Float64Array {
  const data = file.tensors[name]?.data;
  if (!(data instanceof Float64Array)) throw new RangeError(`tensor ${name} of type f64 was wanted`);
  return data;
}

export function writeCircuits({ circuit, requests }: CircuitBatch, target: Target): TensorFile<CircuitsHeader> {
  const dimension = 2 ** circuit.qubits;
  const gradients = requests.filter((request) => request.kind === 'gradient');
  const cotangents = concatenate(gradients.map((request) => request.cotangent));
  const directions = concatenate(gradients.flatMap((request) => request.directions));
  return {
    header: {
      schema: 'circuits/1',
      qubits: circuit.qubits,
      layers: circuit.layers,
      entangler: circuit.entangler,
      target,
      requests: requests.map((request) =>
        request.kind === 'expectations'
          ? { kind: 'expectations' }
          : { kind: 'gradient', angles: request.angles, directions: request.directions.length },
      ),
    },
    tensors: {
      theta: { shape: [circuit.theta.length], data: circuit.theta },
      amplitudes: { shape: [requests.length, dimension], data: concatenate(requests.map((request) => request.amplitudes)) },
      cotangents: {
        shape: [gradients.length, gradients.length === 0 ? 0 : cotangents.length / gradients.length],
        data: cotangents,
      },
      directions: { shape: [directions.length / dimension, dimension], data: directions },
    },
  };
}

export function readCircuits(file: TensorFile<CircuitsHeader>): { batch: CircuitBatch; target: Target } {
  const { qubits, layers, entangler, target, requests: kinds } = file.header;
  const dimension = 2 ** qubits;
  const amplitudes = reader(float64(file, 'amplitudes'), 'amplitudes');
  const cotangents = reader(float64(file, 'cotangents'), 'cotangents');
  const directions = reader(float64(file, 'directions'), 'directions');
  const observables = file.tensors['cotangents']?.shape[1] ?? 0;
  const requests = kinds.map((request): CircuitRequest => {
    if (request.kind === 'expectations') return { kind: 'expectations', amplitudes: amplitudes(dimension) };
    return {
      kind: 'gradient',
      amplitudes: amplitudes(dimension),
      cotangent: cotangents(observables),
      angles: request.angles,
      directions: Array.from({ length: request.directions }, () => directions(dimension)),
    };
  });
  return { batch: { circuit: { qubits, layers, entangler, theta: float64(file, 'theta') }, requests }, target };
}

export function writeResults(
  results: readonly CircuitResult[],
  facts: { circuits: string; tasks: number; circuitsRun: number; shots: number },
): TensorFile<ResultsHeader> {
  const values: Float64Array[] = [];
  const errors: Float64Array[] = [];
  const requests = results.map((result): ResultsHeader['requests'][number] => {
    if (result.kind === 'gradient') {
      values.push(result.theta, result.directions);
      return { kind: 'gradient', theta: result.theta.length, directions: result.directions.length };
    }
    values.push(result.values);
    if (result.standardErrors !== undefined) errors.push(result.standardErrors);
    return { kind: 'expectations', values: result.values.length, standardErrors: result.standardErrors !== undefined };
  });
  const data = concatenate(values);
  const standardErrors = concatenate(errors);
  return {
    header: { schema: 'circuit-results/1', requests, ...facts },
    tensors: { values: { shape: [data.length], data }, standardErrors: { shape: [standardErrors.length], data: standardErrors } },
  };
}

export function readResults(file: TensorFile<ResultsHeader>): CircuitResult[] {
  const values = reader(float64(file, 'values'), 'values');
  const errors = reader(float64(file, 'standardErrors'), 'standardErrors');
  return file.header.requests.map((request): CircuitResult => {
    if (request.kind === 'gradient')
      return { kind: 'gradient', theta: values(request.theta), directions: values(request.directions) };
    const result = { kind: 'expectations' as const, values: values(request.values) };
    return request.standardErrors ? { ...result, standardErrors: errors(request.values) } : result;
  });
}
