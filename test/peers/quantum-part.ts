/** Random gates, modifiers, definitions, matrices and noise. */

import { CHANNELS, GATES } from '../../quantum/index.ts';
import type { Writer } from './writer.ts';

const CATALOGUE = [...GATES.values()];
const angles = (count: number, angle: () => string) => {
  if (count === 0) return '';
  return `(${Array.from({ length: count }, angle).join(', ')})`;
};

/** One gate of the catalogue; `angle` writes its arguments. */
export function gate(writer: Writer, angle: () => string = () => writer.number()): void {
  const spec = writer.pick(CATALOGUE.filter((one) => one.qubits <= writer.qubits));
  writer.use(`gate ${spec.openQasm}`);
  const targets = writer.targets(spec.qubits).join(', ');
  writer.line(`${spec.openQasm}${angles(spec.parameters.length, angle)}${targets === '' ? '' : ` ${targets}`};`);
}

/** Fractional powers only of gates on one qubit: of others Braket's simulator takes another branch of the root. */
export function modifiedGate(writer: Writer): void {
  const room = writer.qubits - 1;
  // The eigenvalue -1 of gpi is -1 up to rounding, so the branch of its root is a matter of luck.
  const spec = writer.pick(CATALOGUE.filter((one) => one.qubits === 1 && one.name !== 'gpi'));
  const modifiers: string[] = [];
  let controls = 0;
  const kinds = ['ctrl', 'negctrl', 'ctrl(n)', 'inv', 'pow integer', 'pow fraction'];
  for (const kind of writer.random.shuffled(kinds).slice(0, 1 + writer.random.integer(2))) {
    const wanted = kind === 'ctrl(n)' ? 2 : kind.endsWith('ctrl') ? 1 : 0;
    if (controls + wanted > room || clashes(kind, modifiers)) continue;
    controls += wanted;
    writer.use(`modifier ${kind}`);
    if (kind === 'pow integer') modifiers.push(`pow(${writer.random.integer(5) - 2})`);
    else if (kind === 'pow fraction') modifiers.push(`pow(${(writer.random.uniform() * 2).toFixed(3)})`);
    else modifiers.push(kind.replace('(n)', '(2)'));
  }
  // Controls first: what stands closer to the gate acts before.
  modifiers.sort((a, b) => Number(!a.includes('ctrl')) - Number(!b.includes('ctrl')));
  const before = modifiers.map((one) => `${one} @ `).join('');
  writer.use(`gate ${spec.openQasm}`);
  const parameters = angles(spec.parameters.length, () => writer.number());
  writer.line(`${before}${spec.openQasm}${parameters} ${writer.neighbours(controls + 1).join(', ')};`);
}

/**
 * A power of a power stands for several gates, of which no root is taken; an inverse and a power are taken in the order that they
 * are written in, which Braket's simulator ignores; of ctrl and negctrl together it gets some wrong from four qubits on.
 */
function clashes(kind: string, modifiers: readonly string[]): boolean {
  const powers = (one: string) => one.startsWith('pow') || one === 'inv';
  const controls = (one: string) => one.includes('ctrl');
  return (powers(kind) && modifiers.some(powers)) || (controls(kind) && modifiers.some(controls));
}

export function phase(writer: Writer): void {
  writer.use('gphase');
  writer.line(`gphase(${writer.number()});`);
  if (!writer.chance(0.5)) return;
  writer.use('controlled gphase');
  writer.line(`ctrl @ gphase(${writer.number()}) ${writer.targets(1)[0]};`);
}

export function ownGate(writer: Writer): void {
  const name = writer.name();
  writer.use('gate definition');
  const body = writer.pick([
    'rx(s) a; cnot a, c; rz(s * t + 0.1) c;',
    'ctrl @ ry(t - s) a, c; h a;',
    'inv @ pow(2) @ s a; swap a, c; gphase(s);',
    'U(s, t, 0.3) a; negctrl @ x a, c;',
  ]);
  writer.line(`gate ${name}(s, t) a, c { ${body} }`);
  writer.line(`${name}(${writer.number()}, ${writer.number()}) ${writer.neighbours(2).join(', ')};`);
  if (!writer.chance(0.4)) return;
  const single = writer.name();
  writer.use('modified gate definition');
  writer.line(`gate ${single}(s) a { rx(s) a; }`);
  writer.line(`ctrl @ inv @ ${single}(${writer.number()}) ${writer.neighbours(2).join(', ')};`);
}

/** Gates over registers and parts of them. */
export function broadcast(writer: Writer): void {
  if (writer.physical) return;
  const last = writer.qubits - 1;
  const [feature, operand] = writer.pick([
    ['whole register', 'q'],
    ['qubit range', `q[0:${last}]`],
    ['qubit range with step', `q[0:2:${last}]`],
    ['qubit set', `q[{0, ${last}}]`],
    ['negative index', 'q[-1]'],
  ] as const);
  writer.use(feature);
  writer.line(`ry(${writer.number()}) ${operand};`);
}

export function barrier(writer: Writer): void {
  writer.use('barrier');
  writer.line(writer.chance(0.3) ? 'barrier;' : `barrier ${writer.targets(2).join(', ')};`);
}

export function unitary(writer: Writer): void {
  const t = writer.random.uniform() * 3;
  const [c, s] = [String(Math.cos(t)), String(Math.sin(t))];
  writer.use('pragma unitary');
  if (writer.chance(0.5)) writer.line(`#pragma braket unitary([[${c}, ${s}im], [${s}im, ${c}]]) ${writer.targets(1)[0]}`);
  else {
    const rows = `[[1, 0, 0, 0], [0, ${c}, -${s}, 0], [0, ${s}, ${c}, 0], [0, 0, 0, 1im]]`;
    writer.line(`#pragma braket unitary(${rows}) ${writer.targets(2).join(', ')}`);
  }
}

export function verbatim(writer: Writer): void {
  writer.use('pragma verbatim');
  writer.line('#pragma braket verbatim');
  writer.line('box {');
  gate(writer);
  gate(writer);
  writer.line('}');
}

export function noise(writer: Writer): void {
  const names = [...CHANNELS.keys(), 'kraus'];
  const name = writer.pick(names);
  writer.use(`noise ${name}`);
  if (name === 'kraus') {
    const p = 0.1 + 0.8 * writer.random.uniform();
    const [kept, flipped] = [Math.sqrt(1 - p), Math.sqrt(p)];
    const operators = `[[${kept}, 0], [0, ${kept}]], [[0, -${flipped}im], [${flipped}im, 0]]`;
    writer.line(`#pragma braket noise kraus(${operators}) ${writer.targets(1)[0]}`);
    return;
  }
  const spec = CHANNELS.get(name)!;
  const most = (0.9 * Math.min(spec.most, 0.75)) / spec.probabilities.length;
  const probabilities = spec.probabilities.map(() => (0.001 + writer.random.uniform() * most).toFixed(4)).join(', ');
  writer.line(`#pragma braket noise ${name}(${probabilities}) ${writer.targets(spec.qubits).join(', ')}`);
}
