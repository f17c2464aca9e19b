/** A program on an emulated device: compiled to its native gates, simulated with the noise of the qubits that it lands on. */

import type { Circuit } from '../circuit/circuit.ts';
import { bindParameters, buildCircuit } from '../circuit/circuit.ts';
import type { ObservableFactor } from '../circuit/observable.ts';
import { measurementBasis } from '../circuit/observable.ts';
import type { CompileTarget } from '../compile/compile.ts';
import { compileForDevice } from '../compile/compile.ts';
import { deviceLabels } from '../compile/route.ts';
import { checkNative } from '../compile/verbatim.ts';
import { QuantumError } from '../errors.ts';
import { emitOpenQasm } from '../openqasm/emit.ts';
import type { ResultRequest } from '../openqasm/results.ts';
import { densityProbabilities, simulateDensity } from '../simulator/density-matrix.ts';
import { marginal, probabilities, simulate } from '../simulator/statevector.ts';
import type { DeviceNoise } from './device-noise.ts';
import { isNoisy, misread, noiseRate, withGateNoise } from './device-noise.ts';
import type { Executable } from './executable.ts';
import { BraketValidationError } from './schema.ts';

/** What a device is made of, as far as programs can tell. */
export interface DeviceTarget extends CompileTarget {
  /** Field of the result's additional metadata under which the vendor reports the compiled program; default: it does not. */
  readonly metadata?: 'aqtMetadata' | 'iqmMetadata' | 'rigettiMetadata';
}

export interface DeviceReading {
  /** What is read on the qubits of the program [2^n]. */
  readonly distribution: Float64Array;
  /** The program that ran, in OpenQASM on physical qubits. */
  readonly compiledProgram: string;
}

interface Layout {
  readonly physical: boolean;
  readonly verbatim: boolean;
}

/** Whether a program names physical qubits, and whether it forbids compilation. */
export function layoutOf(source: string): Layout {
  const bare = source.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/\/\/.*$/gm, ' ');
  return { physical: /\$\d/.test(bare), verbatim: /^\s*#?pragma\s+braket\s+verbatim\b/m.test(bare) };
}

/**
 * What the device would refuse in a program that its kind accepts: qubits that it does not have, observables that it cannot turn
 * to, and in a verbatim box gates that it does not have and pairs that it does not connect.
 *
 * throws  BraketValidationError
 */
export function checkOnDevice(
  source: string,
  executable: { readonly circuit: Circuit; readonly results: readonly ResultRequest[] },
  labels: readonly number[],
  target: DeviceTarget,
): void {
  const { physical, verbatim } = layoutOf(source);
  const refuse = (message: string): never => {
    throw new BraketValidationError(message);
  };
  if (physical) {
    const known = new Set(deviceLabels(target.connectivity, target.qubitCount));
    const unknown = labels.find((label) => !known.has(label));
    if (unknown !== undefined) refuse(`A physical qubit of the device wanted, $${unknown} found`);
  }
  for (const request of executable.results) {
    const wide = 'factors' in request ? request.factors.find((factor) => factor.targets.length > 2) : undefined;
    if (wide !== undefined) refuse(`Observables on one or two qubits wanted on a QPU, one on ${wide.targets.length} found`);
  }
  if (!verbatim) return;
  try {
    checkNative(executable.circuit, labels, target);
  } catch (error) {
    if (error instanceof QuantumError) refuse(`${error.message[0]!.toUpperCase()}${error.message.slice(1)}`);
    throw error;
  }
}

/** Runs the program's circuit, turned into the basis of its results, on the device. */
export function readOnDevice(
  source: string,
  executable: Executable,
  labels: readonly number[],
  basis: readonly ObservableFactor[],
  target: DeviceTarget,
  noise: DeviceNoise | null,
): DeviceReading {
  const { circuit, theta } = executable;
  const bound = bindParameters(circuit, Object.fromEntries(circuit.parameters.map((name, i) => [name, theta[i]!])));
  const { physical, verbatim } = layoutOf(source);
  const ran = verbatim
    ? verbatimWith(bound, labels, basis, target)
    : compiledWith(circuit, bound, physical ? labels : null, basis, target);
  const device = ran.labels;
  const noisy = noise !== null && isNoisy(noise);
  const whole = noisy
    ? densityProbabilities(simulateDensity(withGateNoise(ran.circuit, noise, device), []))
    : probabilities(simulate(ran.circuit, []));
  const ideal = marginal(whole, ran.final);
  const flips = ran.final.map((qubit) => (noise === null ? 0 : noiseRate(noise.readout, device[qubit]!)));
  return {
    distribution: misread(ideal, flips),
    compiledProgram: emitOpenQasm(ran.circuit, { physicalQubits: device, verbatim: true }),
  };
}

interface Ran {
  readonly circuit: Circuit;
  readonly labels: readonly number[];
  readonly final: readonly number[];
}

/** Where the last executable of a program was placed: the others differ in numbers only, and the search is not repeated. */
const PLACES = new WeakMap<Circuit, { readonly target: DeviceTarget; readonly labels: readonly number[] }>();

/** The turn into the basis is compiled with the rest, so that it costs a pulse only where one is needed. */
function compiledWith(
  program: Circuit,
  circuit: Circuit,
  physicalQubits: readonly number[] | null,
  basis: readonly ObservableFactor[],
  target: DeviceTarget,
): Ran {
  const turned = buildCircuit(circuit.qubits, (builder) => {
    for (const operation of circuit.operations) builder.append(operation);
    appendBasis(builder, basis);
    builder.measure(...circuit.measured);
  });
  const known = PLACES.get(program);
  const places = physicalQubits ?? (known?.target === target ? known.labels : null);
  const compiled = compileForDevice(turned, [], target, places === null ? {} : { physicalQubits: places });
  PLACES.set(program, { target, labels: compiled.initial.map((qubit) => compiled.labels[qubit]!) });
  return compiled;
}

/** In a verbatim box nothing is touched; only the turn into the basis, which is no part of it, is compiled. */
function verbatimWith(
  circuit: Circuit,
  labels: readonly number[],
  basis: readonly ObservableFactor[],
  target: DeviceTarget,
): Ran {
  const turn = buildCircuit(circuit.qubits, (builder) => appendBasis(builder, basis));
  const compiled = compileForDevice(turn, [], target, { physicalQubits: labels });
  const all = compiled.labels;
  const place = labels.map((label) => all.indexOf(label));
  const move = (qubits: readonly number[]) => qubits.map((qubit) => place[qubit]!);
  return {
    circuit: buildCircuit(all.length, (builder) => {
      for (const operation of circuit.operations) {
        if (operation.kind === 'gate') builder.gate(operation.gate, move(operation.targets), operation.angles);
      }
      for (const operation of compiled.circuit.operations) builder.append(operation);
      if (circuit.measured.length > 0) builder.measure(...circuit.measured.map((qubit) => compiled.final[qubit]!));
    }),
    labels: all,
    final: compiled.final,
  };
}

function appendBasis(builder: Parameters<Parameters<typeof buildCircuit>[1]>[0], basis: readonly ObservableFactor[]): void {
  for (const factor of basis) {
    const { rotation } = measurementBasis(factor);
    if (rotation !== null) builder.unitary(rotation, factor.targets);
  }
}
