/**
 * This package's side of every workload: the one place that names its entry points, so a faster one is plugged in here for both benchmarks.
 * `prepare` is what a user does once per circuit (its time is shown apart), `run` what he repeats.
 */
import {
  compileCircuit,
  compileModel,
  compileSingle,
  densityExpectation,
  POOL_FROM_QUBITS,
  pauliSum,
  pauliTerm,
  probabilities,
  sampleIndices,
  seeded,
  simulateDensity,
  throughNormalisation,
} from '../../../quantum/index.ts';
import type { KernelPool } from '../../../quantum/threads/node.ts';
import { parametricCircuit } from './plain.ts';
import type { Workload } from './workloads.ts';

/** One run. The numbers are what rivals must agree with, in the order that test/peers/worker.py tells. */
export type Run = () => ArrayLike<number>;

export { POOL_FROM_QUBITS };

export function prepare(load: Workload, pool?: KernelPool): Run {
  const { work, circuit: plain, observable, thetas = [], inputs = [], noise, shots = 0 } = load;
  const circuit = parametricCircuit(plain, noise);
  const theta = Float64Array.from(plain.theta);
  const H = pauliSum(observable);
  switch (work) {
    case 'forward':
    case 'pauli': {
      const compiled = compileCircuit(circuit, pool === undefined ? {} : { pool });
      return () => [compiled.expectation(H, theta)];
    }
    case 'single': {
      const compiled = compileSingle(circuit);
      return () => [compiled.expectation(H, theta)];
    }
    case 'gradient': {
      const compiled = compileCircuit(circuit, pool === undefined ? { gradients: true } : { gradients: true, pool });
      return () => compiled.gradient(H, theta).gradient;
    }
    case 'batch': {
      const angles = thetas.map((values) => Float64Array.from(values));
      const compiled = compileCircuit(circuit);
      return () => angles.map((values) => compiled.expectation(H, values));
    }
    case 'noisy':
      return () => [densityExpectation(simulateDensity(circuit, theta), H)];
    case 'sample': {
      const masks = observable.map((_, q) => 2 ** (plain.qubits - 1 - q));
      let draw = 0;
      const compiled = compileCircuit(circuit);
      return () => {
        const indices = sampleIndices(probabilities(compiled.run(theta)), shots, seeded('bench', draw++));
        let sum = 0;
        for (const index of indices) for (const mask of masks) sum += index & mask ? -1 : 1;
        return [sum / shots];
      };
    }
    case 'encoded':
      return encodedSamples(inputs.map((input) => Float64Array.from(input)));
  }

  /** Values, then the sum over samples of the gradient in the angles, then of the gradient in the inputs. */
  function encodedSamples(vectors: readonly Float64Array[]): Run {
    const model = compileModel(
      circuit,
      observable.map(([, text]) => pauliTerm(text)),
    );
    const weights = observable.map(([coefficient]) => coefficient);
    const means = new Float64Array(weights.length);
    const [size, angles] = [2 ** plain.qubits, theta.length];
    const [psi, gradPsi] = [new Float64Array(size), new Float64Array(size)];
    return () => {
      const out = new Float64Array(vectors.length + angles + size);
      const gradTheta = out.subarray(vectors.length, vectors.length + angles);
      model.setTheta(theta);
      for (const [i, x] of vectors.entries()) {
        let norm = 0;
        for (let k = 0; k < size; k++) norm += x[k]! * x[k]!;
        norm = Math.sqrt(norm);
        for (let k = 0; k < size; k++) psi[k] = x[k]! / norm;
        model.expectations(psi, means);
        for (let q = 0; q < means.length; q++) out[i] = out[i]! + weights[q]! * means[q]!;
        model.vjp(weights, gradTheta, gradPsi);
        const gradX = throughNormalisation(x, gradPsi);
        for (let k = 0; k < size; k++) out[vectors.length + angles + k] = out[vectors.length + angles + k]! + gradX[k]!;
      }
      return out;
    };
  }
}
