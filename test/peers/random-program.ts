/** One random program over everything that the local simulators accept, with the list of the features it uses. */

import { seeded } from '../../quantum/index.ts';
import { angle, classical } from './classical-part.ts';
import { barrier, broadcast, gate, modifiedGate, noise, ownGate, phase, unitary, verbatim } from './quantum-part.ts';
import { Writer } from './writer.ts';

export interface PeerProgram {
  readonly device: 'local-sv' | 'local-dm';
  readonly shots: number;
  readonly source: string;
  /** The same circuit asked without sampling, where the program samples: what its outcomes are held against. */
  readonly exactSource: string;
  readonly inputs: Readonly<Record<string, number | string>>;
  readonly features: readonly string[];
}

export const SHOTS = 2000;

export function randomProgram(seed: number, index: number): PeerProgram {
  const writer = new Writer(seeded(seed, 'peers', index));
  const mixed = writer.chance(0.35);
  declare(writer);
  body(writer, mixed);
  const start = writer.text;
  const sampled = writer.chance(0.15);
  writer.use(mixed ? 'density matrix simulator' : 'state vector simulator', sampled ? 'sampling' : 'exact results');
  const [ending, exactEnding] = sampled ? sampledResults(writer) : exactResults(writer, mixed);
  return {
    device: mixed ? 'local-dm' : 'local-sv',
    shots: sampled ? SHOTS : 0,
    source: start + ending,
    exactSource: start + exactEnding,
    inputs: writer.inputs,
    features: [...writer.features],
  };
}

function declare(writer: Writer): void {
  if (writer.chance(0.4)) {
    writer.use('input float');
    writer.line('input float theta;');
    writer.inputs['theta'] = Math.round((writer.random.uniform() - 0.5) * 4000) / 1000;
  }
  if (writer.chance(0.15)) {
    writer.use('input int');
    writer.line('input int count;');
    writer.inputs['count'] = 1 + writer.random.integer(4);
  }
  if (writer.chance(0.15)) {
    writer.use('input bit[n]');
    writer.line('input bit[3] mask;');
    writer.inputs['mask'] = `1${writer.random.integer(2)}0`;
  }
  if (writer.physical) writer.use('physical qubits');
  else {
    writer.use('qubit register');
    writer.line(`qubit[${writer.qubits}] q;`);
    writer.line('qubit[1] anc;');
  }
  // Every qubit is used, so that both sides count the same ones.
  for (let i = 0; i < writer.qubits; i++) writer.line(`ry(${writer.number()}) ${writer.qubit(i)};`);
  if (!writer.physical) writer.line(`rx(${writer.number()}) anc;`);
  if (Object.hasOwn(writer.inputs, 'count')) writer.line(`for int e in [1:count] { rx(0.2 * e) ${writer.qubit(0)}; }`);
  if (Object.hasOwn(writer.inputs, 'mask')) writer.line(`if (mask[1]) { x ${writer.qubit(0)}; }`);
}

function body(writer: Writer, mixed: boolean): void {
  const count = 3 + writer.random.integer(7);
  for (let i = 0; i < count; i++) {
    const draw = writer.random.uniform();
    if (draw < 0.3) gate(writer, () => angle(writer));
    else if (draw < 0.4) modifiedGate(writer);
    else if (draw < 0.45) phase(writer);
    else if (draw < 0.5) ownGate(writer);
    else if (draw < 0.54) broadcast(writer);
    else if (draw < 0.57) barrier(writer);
    else if (draw < 0.61) unitary(writer);
    else if (draw < 0.63 && writer.physical) verbatim(writer);
    else if (draw < 0.75 && mixed) noise(writer);
    else classical(writer);
  }
}

const result = (text: string) => `#pragma braket result ${text}\n`;

/** x(q[0]) @ hermitian(…) q[1]: factors on different qubits. */
function observable(writer: Writer, qubits: readonly string[]): string {
  return qubits
    .map((qubit) => {
      const name = writer.pick(['x', 'y', 'z', 'h', 'i', 'hermitian']);
      writer.use(`observable ${name}`);
      return name === 'hermitian' ? `hermitian([[1, 0.5-0.25im], [0.5+0.25im, -0.5]]) ${qubit}` : `${name}(${qubit})`;
    })
    .join(' @ ');
}

function exactResults(writer: Writer, mixed: boolean): [string, string] {
  const size = writer.physical ? writer.qubits : writer.qubits + 1;
  const lines: string[] = [];
  const count = 1 + writer.random.integer(3);
  const kinds = ['expectation', 'variance', 'probability', 'density_matrix', ...(mixed ? [] : ['state_vector', 'amplitude'])];
  for (let i = 0; i < count; i++) {
    const kind = writer.pick(kinds);
    writer.use(`result ${kind}`);
    if (kind === 'state_vector') lines.push(kind);
    else if (kind === 'amplitude') lines.push(`amplitude "${'01'.repeat(size).slice(0, size)}", "${'1'.repeat(size)}"`);
    else if (kind === 'probability' || kind === 'density_matrix') {
      const all = writer.chance(0.5);
      writer.use(all ? `${kind} of all qubits` : `${kind} of some qubits`);
      lines.push(all ? kind : `${kind} ${writer.targets(1 + writer.random.integer(2)).join(', ')}`);
    } else if (writer.chance(0.2) && !writer.physical) {
      writer.use('observable on all qubits');
      lines.push(`${kind} ${writer.pick(['x', 'y', 'z'])} all`);
    } else {
      const width = 1 + writer.random.integer(2);
      writer.use(width === 1 ? 'single observable' : 'tensor product');
      lines.push(`${kind} ${observable(writer, writer.targets(width))}`);
    }
  }
  const text = lines.map(result).join('');
  return [text, text];
}

/** Measurements, or results from samples; in both cases the exact ending tells the distribution or the mean and variance. */
function sampledResults(writer: Writer): [string, string] {
  const qubits = writer.targets(writer.qubits);
  if (writer.chance(0.5)) {
    const [feature, lines] = writer.pick([
      ['measure into bits', [`bit[${qubits.length}] out;`, ...qubits.map((qubit, i) => `out[${i}] = measure ${qubit};`)]],
      ['measure in a declaration', [`bit out = measure ${qubits[0]};`]],
      ['measure with an arrow', [`bit[1] out;`, `measure ${qubits[0]} -> out[0];`]],
    ] as const);
    writer.use(feature);
    // In ascending order: of three and more targets Braket's simulator takes the order the other way round.
    const read = feature === 'measure into bits' ? [...qubits].sort() : qubits.slice(0, 1);
    return [`${lines.join('\n')}\n`, result(`probability ${read.join(', ')}`)];
  }
  const [first, second] = qubits;
  const product = observable(writer, [first!]);
  writer.use('result sample', 'sampled expectation', 'sampled variance', 'sampled probability');
  const means = result(`expectation ${product}`) + result(`variance ${product}`);
  const rest = result(`probability ${second}`);
  return [result(`sample ${product}`) + means + rest, means + rest];
}
