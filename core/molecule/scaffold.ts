import type { Chemistry, Outcome } from './chemistry.ts';
import { elementSymbols } from './elements.ts';
import type { MolecularGraph } from './graph.ts';
import { AROMATIC } from './graph.ts';

/**
 * Murcko scaffold of a molecule without stereo, as a SMILES that is not yet canonical: ring systems, what links them, and atoms double-bonded to
 * either. Empty for a molecule without rings. Where a substituent was cut off, a hydrogen takes its place.
 *
 * source  Bemis and Murcko 1996, J. Med. Chem. 39:2887; exocyclic double bonds kept as RDKit keeps them
 */
export function scaffoldText(graph: MolecularGraph): string {
  const kept = scaffoldAtoms(graph);
  return kept === undefined ? '' : writeSubgraph(graph, kept);
}

/** The same, canonical: the text by which compounds are grouped. */
export async function murckoScaffold(graph: MolecularGraph, chemistry: Chemistry): Promise<Outcome<string>> {
  const text = scaffoldText(graph);
  if (text === '') return { ok: true, value: '' };
  return chemistry.withSmiles(text, (molecule) => molecule.get_smiles());
}

/** Flags of the atoms that belong to the scaffold; undefined when there is no ring. */
function scaffoldAtoms(graph: MolecularGraph): Uint8Array | undefined {
  if (!graph.atomInRing.includes(1)) return undefined;
  const atoms = graph.atomicNumbers.length;
  const kept = new Uint8Array(atoms).fill(1);
  const degree = new Int32Array(atoms);
  for (let a = 0; a < atoms; a++) degree[a] = graph.neighbourStart[a + 1]! - graph.neighbourStart[a]!;
  // Peel atoms of degree one until only rings and the chains between them are left.
  const peel: number[] = [];
  for (let a = 0; a < atoms; a++) if (degree[a]! <= 1 && graph.atomInRing[a] === 0) peel.push(a);
  for (let a = peel.pop(); a !== undefined; a = peel.pop()) {
    kept[a] = 0;
    for (let i = graph.neighbourStart[a]!; i < graph.neighbourStart[a + 1]!; i++) {
      const n = graph.neighbourAtoms[i]!;
      if (kept[n] === 1 && --degree[n]! === 1 && graph.atomInRing[n] === 0) peel.push(n);
    }
  }
  const core = kept.slice();
  for (let b = 0; b < graph.bondFrom.length; b++) {
    if (graph.bondOrders[b] !== 2) continue;
    const from = graph.bondFrom[b]!;
    const to = graph.bondTo[b]!;
    if (core[from] !== core[to]) kept[from] = kept[to] = 1;
  }
  return kept;
}

/** Depth-first SMILES of the kept atoms; every atom in brackets, so that hydrogens are exact. */
function writeSubgraph(graph: MolecularGraph, kept: Uint8Array): string {
  const visited = new Uint8Array(kept.length);
  const closures = new Map<number, { digit: number; atoms: number[] }>();
  const arrival = new Map<number, number>();
  let nextDigit = 1;
  // First pass: which bonds close rings.
  const order: number[] = [];
  const mark = (start: number): void => {
    const stack: { atom: number; bond: number }[] = [{ atom: start, bond: -1 }];
    while (stack.length > 0) {
      const { atom, bond } = stack.pop()!;
      if (visited[atom] === 1) continue;
      visited[atom] = 1;
      arrival.set(atom, bond);
      order.push(atom);
      for (let i = graph.neighbourStart[atom]!; i < graph.neighbourStart[atom + 1]!; i++) {
        const n = graph.neighbourAtoms[i]!;
        if (kept[n] === 1 && visited[n] === 0) stack.push({ atom: n, bond: graph.neighbourBonds[i]! });
      }
    }
  };
  const fragments: string[] = [];
  const treeBonds = (): Set<number> => new Set([...arrival.values()].filter((bond) => bond >= 0));
  for (let start = 0; start < kept.length; start++) {
    if (kept[start] === 0 || visited[start] === 1) continue;
    mark(start);
    const tree = treeBonds();
    for (let b = 0; b < graph.bondFrom.length; b++) {
      const from = graph.bondFrom[b]!;
      const to = graph.bondTo[b]!;
      if (kept[from] === 0 || kept[to] === 0 || visited[from] === 0 || tree.has(b) || closures.has(b)) continue;
      closures.set(b, { digit: nextDigit++, atoms: [from, to] });
    }
    fragments.push(writeFrom(graph, kept, start, arrival, closures));
  }
  return fragments.join('.');
}

const bondSymbol = (order: number): string =>
  order === 2 ? '=' : order === 3 ? '#' : order === 4 ? '$' : order === AROMATIC ? ':' : '-';
const ringLabel = (digit: number): string => (digit < 10 ? String(digit) : digit < 100 ? `%${digit}` : `%(${digit})`);

function writeFrom(
  graph: MolecularGraph,
  kept: Uint8Array,
  atom: number,
  arrival: ReadonlyMap<number, number>,
  closures: ReadonlyMap<number, { digit: number; atoms: number[] }>,
): string {
  let hydrogens = graph.hydrogens[atom]!;
  let text = '';
  const branches: string[] = [];
  for (let i = graph.neighbourStart[atom]!; i < graph.neighbourStart[atom + 1]!; i++) {
    const n = graph.neighbourAtoms[i]!;
    const bond = graph.neighbourBonds[i]!;
    const order = graph.bondOrders[bond]!;
    if (kept[n] === 0) {
      hydrogens += order === AROMATIC ? 1 : order;
      continue;
    }
    const closure = closures.get(bond);
    if (closure !== undefined) text += bondSymbol(order) + ringLabel(closure.digit);
    else if (arrival.get(n) === bond) branches.push(bondSymbol(order) + writeFrom(graph, kept, n, arrival, closures));
  }
  const symbol = elementSymbols[graph.atomicNumbers[atom]!]!;
  const charge = graph.charges[atom]!;
  const sign = charge === 0 ? '' : `${charge > 0 ? '+' : '-'}${Math.abs(charge)}`;
  const h = hydrogens === 0 ? '' : `H${hydrogens}`;
  const last = branches.pop() ?? '';
  const inner = branches.map((branch) => `(${branch})`).join('');
  return `[${graph.aromatic[atom] === 1 ? symbol.toLowerCase() : symbol}${h}${sign}]${text}${inner}${last}`;
}

export type Split = 'train' | 'validation' | 'test';

/**
 * Splits compounds so that no scaffold lies on two sides: groups in order of falling size (ties by first occurrence, later first as in DeepChem)
 * fill train, then validation, then test. Nothing is drawn by lot, so the split is a function of its input.
 *
 * shapes   scaffolds [N], as {@link murckoScaffold} gives them; fractions sum to 1
 * source   DeepChem's ScaffoldSplitter (Wu et al. 2018, Chem. Sci. 9:513)
 */
export function scaffoldSplit(
  scaffolds: readonly string[],
  fractions: { readonly train: number; readonly validation: number; readonly test: number },
): Split[] {
  const total = fractions.train + fractions.validation + fractions.test;
  if (Math.abs(total - 1) > 1e-9) throw new RangeError(`wanted fractions that sum to 1, found ${total}`);
  const groups = new Map<string, number[]>();
  scaffolds.forEach((scaffold, i) => {
    const group = groups.get(scaffold);
    if (group === undefined) groups.set(scaffold, [i]);
    else group.push(i);
  });
  const ordered = [...groups.values()].sort((a, b) => b.length - a.length || b[0]! - a[0]!);
  const trainLimit = fractions.train * scaffolds.length;
  const validationLimit = (fractions.train + fractions.validation) * scaffolds.length;
  const splits = new Array<Split>(scaffolds.length).fill('test');
  let train = 0;
  let validation = 0;
  for (const group of ordered) {
    if (train + group.length <= trainLimit) {
      train += group.length;
      for (const i of group) splits[i] = 'train';
    } else if (train + validation + group.length <= validationLimit) {
      validation += group.length;
      for (const i of group) splits[i] = 'validation';
    }
  }
  return splits;
}
