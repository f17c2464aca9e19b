/** Random parametric circuits: value and gradient of Pauli sums, ours against pennylane-lightning (lightning_worker.py). */

import {
  type Angle,
  addAngles,
  adjoint,
  buildCircuit,
  type Circuit,
  type CircuitBuilder,
  type Control,
  compileCircuit,
  emitOpenQasm,
  GATES,
  type Observable,
  observableOf,
  type PauliSum,
  parameter,
  pauliTerm,
  pauliText,
  runAction,
  seeded,
  standardFactor,
} from '../../quantum/index.ts';
import { programAction, runOptions } from '../support/quantum-actions.ts';
import { Draft } from './draft.ts';
import type { ExactCase } from './exact-peer.ts';
import { circuitJson, randomUnitary } from './random-circuit.ts';

/** The ways in which our package tells a gradient. `small blocks` and the many qubits walk the state in more than one block. */
const ROUTES = ['adjoint', 'compiled circuit', 'compiled circuit of small blocks', 'pragma adjoint_gradient'] as const;
type Route = (typeof ROUTES)[number];
const CATALOGUE = [...GATES.values()];
const MOST_QUBITS = 7;
/** Above the 2^13 amplitudes of a block. */
const MANY_QUBITS = 14;
const SMALL_BLOCK_BITS = 4;

export const GRADIENT_FEATURES: readonly string[] = [
  ...CATALOGUE.map((spec) => `gate ${spec.openQasm}`),
  ...CATALOGUE.filter((spec) => spec.parameters.length > 0).map((spec) => `derivative of ${spec.openQasm}`),
  ...ROUTES.map((route) => `way ${route}`),
  ...Array.from({ length: MOST_QUBITS }, (_, i) => `qubits ${i + 1}`),
  `qubits ${MANY_QUBITS}`,
  ...['number', 'parameter', 'multiple', 'multiple and offset', 'sum of parameters'].map((kind) => `angle ${kind}`),
  ...['parameter of no gate', 'parameter of one gate', 'parameter of several gates'],
  ...['control on 0', 'control on 1', 'two controls', 'derivative under a control'],
  ...['unitary on one qubit', 'unitary on two qubits'],
  ...['observable X', 'observable Y', 'observable Z', 'observable constant', 'one string', 'sum of strings', 'string twice'],
  ...['string of one letter', 'string of several letters'],
];

/** A number, or an expression of up to two parameters; says which kind it is. */
function angle(draft: Draft, names: readonly string[]): Angle {
  const number = () => 6 * (draft.random.uniform() - 0.5);
  const name = draft.pick(names);
  const [kind, value] = draft.pick<readonly [string, Angle]>([
    ['number', number()],
    ['parameter', parameter(name)],
    ['multiple', parameter(name, draft.pick([-2, -1, -0.5, 0.5, 2]))],
    ['multiple and offset', parameter(name, number(), number())],
    ['sum of parameters', addAngles(parameter(name, number()), parameter(draft.pick(names), 1, number()))],
  ]);
  draft.use(`angle ${kind}`);
  return value;
}

function gate(draft: Draft, builder: CircuitBuilder, names: readonly string[]): void {
  if (draft.chance(0.05)) {
    const width = draft.qubits > 1 && draft.chance(0.5) ? 2 : 1;
    draft.use(`unitary on ${width === 1 ? 'one qubit' : 'two qubits'}`);
    builder.unitary(randomUnitary(draft.random, width), draft.choose(width));
    return;
  }
  const spec = draft.pick(CATALOGUE.filter((one) => one.qubits <= draft.qubits));
  const count = draft.chance(0.25) ? Math.min(1 + draft.random.integer(2), draft.qubits - spec.qubits) : 0;
  const wires = draft.choose(spec.qubits + count);
  const controls = wires.slice(0, count).map((qubit): Control => ({ qubit, value: draft.chance(0.5) ? 1 : 0 }));
  const angles = spec.parameters.map(() => angle(draft, names));
  const differs = angles.some((one) => typeof one !== 'number');
  draft.use(`gate ${spec.openQasm}`, ...controls.map(({ value }) => `control on ${value}`));
  if (differs) draft.use(`derivative of ${spec.openQasm}`);
  if (differs && count > 0) draft.use('derivative under a control');
  if (count === 2) draft.use('two controls');
  builder.gate(spec.name, wires.slice(count), angles, controls);
}

function randomCircuit(draft: Draft): Circuit {
  const names = Array.from({ length: 1 + draft.random.integer(5) }, (_, i) => `t${i}`);
  return buildCircuit(draft.qubits, (builder) => {
    builder.declare(...names);
    // No parameter stays without effect by chance alone: every qubit is turned first.
    for (let qubit = 0; qubit < draft.qubits; qubit++) builder.gate('ry', [qubit], [parameter(draft.pick(names), 0.7, qubit)]);
    const count = 4 + draft.random.integer(20);
    for (let i = 0; i < count; i++) gate(draft, builder, names);
  });
}

function randomSum(draft: Draft): PauliSum {
  const count = draft.pick([1, 2, 3, 5, 8]);
  const terms = Array.from({ length: count }, () => {
    const width = 1 + draft.random.integer(draft.qubits);
    const text = draft.choose(width).map((qubit) => `${draft.pick(['X', 'Y', 'Z'])}${qubit}`);
    return pauliTerm(text.join(' '), draft.random.normal());
  });
  if (draft.chance(0.2)) terms.push(pauliTerm(pauliText(terms[0]!), draft.random.normal()));
  if (draft.chance(0.2)) terms.push(pauliTerm('I', draft.random.normal()));
  return terms;
}

/** Number of gates with a parameter in their angles. */
function gatesOf(circuit: Circuit, name: string): number {
  const has = (one: Angle) => typeof one !== 'number' && one.terms.some((term) => term.parameter === name);
  return circuit.operations.filter((operation) => operation.kind === 'gate' && operation.angles.some(has)).length;
}

function noteUse(draft: Draft, circuit: Circuit, sum: PauliSum): void {
  for (const name of circuit.parameters)
    draft.use(`parameter of ${['no gate', 'one gate'][gatesOf(circuit, name)] ?? 'several gates'}`);
  const texts = sum.map(pauliText);
  draft.use(sum.length === 1 ? 'one string' : 'sum of strings');
  if (new Set(texts).size < texts.length) draft.use('string twice');
  for (const { factors } of sum) {
    draft.use(...factors.map(({ pauli }) => `observable ${pauli}`));
    if (factors.length === 0) draft.use('observable constant');
    else draft.use(factors.length === 1 ? 'string of one letter' : 'string of several letters');
  }
}

/** Text of a program that asks for the gradient in all parameters; the constant is i on a qubit. */
function programText(circuit: Circuit, sum: PauliSum): string {
  const observable: Observable = observableOf(sum).map((term) =>
    term.factors.length > 0 ? term : { ...term, factors: [standardFactor('i', 0)] },
  );
  return emitOpenQasm(circuit, { results: [{ type: 'adjoint_gradient', observable, parameters: 'all' }] });
}

function pragmaGradient(circuit: Circuit, theta: readonly number[], sum: PauliSum): number[] {
  const inputs = Object.fromEntries(circuit.parameters.map((name, i) => [name, theta[i]!]));
  const { files } = runAction(programAction(programText(circuit, sum), inputs), runOptions('sv1', 0));
  const { resultTypes } = files['results.json'] as unknown as {
    resultTypes: { value: { expectation: number; gradient: Record<string, number> } }[];
  };
  const { expectation, gradient } = resultTypes[0]!.value;
  // A parameter that is missing is NaN, so that it disagrees.
  return [expectation, ...circuit.parameters.map((name) => gradient[name] ?? Number.NaN)];
}

function ours(route: Route, circuit: Circuit, theta: readonly number[], sum: PauliSum): number[] {
  if (route === 'pragma adjoint_gradient') return pragmaGradient(circuit, theta, sum);
  const options =
    route === 'adjoint' ? null : { gradients: true, ...(route === 'compiled circuit' ? {} : { blockBits: SMALL_BLOCK_BITS }) };
  const { value, gradient } =
    options === null ? adjoint(circuit, theta, sum) : compileCircuit(circuit, options).gradient(sum, theta);
  return [value, ...gradient];
}

/** Values: ⟨H⟩, then d⟨H⟩/dθ in the order of the circuit's parameters, in units of H and per radian. */
export function gradientCase(seed: number, index: number): ExactCase {
  const random = seeded(seed, 'gradient peers', index);
  const draft = new Draft(random, random.uniform() < 0.04 ? MANY_QUBITS : 1 + random.integer(MOST_QUBITS));
  const route = draft.pick(ROUTES);
  const circuit = randomCircuit(draft);
  const sum = randomSum(draft);
  const theta = circuit.parameters.map(() => 2 * random.normal());
  draft.use(`way ${route}`, `qubits ${draft.qubits}`);
  noteUse(draft, circuit, sum);
  const observable = sum.map((term) => [term.coefficient, term.factors.length === 0 ? '' : pauliText(term)]);
  return {
    question: { circuit: circuitJson(circuit), theta, observable },
    features: [...draft.features],
    ours: () => ours(route, circuit, theta, sum),
    source: () =>
      `${route}, ${circuit.parameters.map((name, i) => `${name} = ${theta[i]}`).join(', ')}\n${programText(circuit, sum)}`,
  };
}
