/** The BACE-1 inhibitor CAT-13n in its crystal pose (PDB 4DJW) and the residues within 7 Å of it, read from the excerpts in test/golden. */
import { readFileSync } from 'node:fs';
import { type ContactAtom, pocketAtom } from '../../../core/encoding/contact-atoms.ts';

const folder = new URL('../../golden/dynamics/', import.meta.url);

export interface PosedComplex {
  /** Heavy atoms. */
  ligand: ContactAtom[];
  /** Heavy atoms each ligand atom is bonded to, by index. */
  bonded: number[][];
  pocket: ContactAtom[];
  /** Residues of the chain in order, with their heavy atoms; waters are left out. */
  residues: { letter: string; atoms: ContactAtom[] }[];
}

const letters: Record<string, string> = {
  ...{ ALA: 'A', ARG: 'R', ASN: 'N', ASP: 'D', CYS: 'C', GLN: 'Q', GLU: 'E', GLY: 'G', HIS: 'H', ILE: 'I' },
  ...{ LEU: 'L', LYS: 'K', MET: 'M', PHE: 'F', PRO: 'P', SER: 'S', THR: 'T', TRP: 'W', TYR: 'Y', VAL: 'V' },
};

export function readComplex(): PosedComplex {
  const pocket: ContactAtom[] = [];
  const residues = new Map<string, { letter: string; atoms: ContactAtom[] }>();
  for (const line of readFileSync(new URL('bace-excerpt.pdb', folder), 'utf8').split('\n')) {
    if (!/^(ATOM|HETATM)/.test(line)) continue;
    const element = line.slice(76, 78).trim();
    if (element === 'H') continue;
    const [x, y, z] = [30, 38, 46].map((at) => Number(line.slice(at, at + 8))) as [number, number, number];
    const residue = line.slice(17, 20);
    const atom = pocketAtom({ residue, name: line.slice(12, 16).trim(), element, x, y, z });
    pocket.push(atom);
    const letter = letters[residue];
    if (letter === undefined) continue;
    const place = line.slice(21, 27);
    const known = residues.get(place) ?? { letter, atoms: [] };
    known.atoms.push(atom);
    residues.set(place, known);
  }
  return { ...readLigand(), pocket, residues: [...residues.values()] };
}

/** Kekulé mol block with hydrogens: roles by element and neighbours, six-rings of alternating bonds are aromatic. */
function readLigand(): Pick<PosedComplex, 'ligand' | 'bonded'> {
  const lines = readFileSync(new URL('bace-cat-13n.sdf', folder), 'utf8').split('\n');
  const atoms = Number(lines[3]!.slice(0, 3));
  const bonds = lines.slice(4 + atoms, 4 + atoms + Number(lines[3]!.slice(3, 6))).map((line) => ({
    ends: [Number(line.slice(0, 3)) - 1, Number(line.slice(3, 6)) - 1] as [number, number],
    order: Number(line.slice(6, 9)),
  }));
  const elements = lines.slice(4, 4 + atoms).map((line) => line.slice(31, 34).trim());
  const charges = new Map<number, number>();
  for (const line of lines.filter((one) => one.startsWith('M  CHG'))) {
    const [, ...pairs] = line.slice(6).trim().split(/\s+/).map(Number);
    for (let i = 0; i < pairs.length; i += 2) charges.set(pairs[i]! - 1, pairs[i + 1]!);
  }
  const neighbours = elements.map((_, a) =>
    bonds.filter(({ ends }) => ends.includes(a)).map(({ ends, order }) => ({ atom: ends[0] === a ? ends[1] : ends[0], order })),
  );
  const heavy = elements.flatMap((element, a) => (element === 'H' ? [] : [a]));
  const hasHydrogen = (a: number) => neighbours[a]!.some(({ atom }) => elements[atom] === 'H');
  const inAromaticRing = (a: number) => {
    const walk = (path: number[], order: number): boolean =>
      neighbours[path.at(-1)!]!.some(({ atom, order: next }) => {
        if (next === order || next > 2) return false;
        return path.length === 6 ? atom === a : !path.includes(atom) && walk([...path, atom], next);
      });
    return walk([a], 0);
  };
  const ligand = heavy.map((a) => {
    const element = elements[a]!;
    const [x, y, z] = [0, 10, 20].map((at) => Number(lines[4 + a]!.slice(at, at + 10))) as [number, number, number];
    const polar = element === 'N' || element === 'O';
    const charge = charges.get(a) ?? 0;
    return {
      ...{ element, x, y, z, charge },
      hydrophobic: element === 'C' && neighbours[a]!.every(({ atom }) => elements[atom] === 'C' || elements[atom] === 'H'),
      donor: polar && hasHydrogen(a),
      acceptor: polar && charge <= 0 && !(element === 'N' && hasHydrogen(a)),
      aromatic: inAromaticRing(a),
      reactive: false,
    };
  });
  const bonded = heavy.map((a) => neighbours[a]!.map(({ atom }) => heavy.indexOf(atom)).filter((i) => i >= 0));
  return { ligand, bonded };
}

/** The `size` atoms nearest to atom `start` along bonds: a fragment as the guards want it, at most 12 heavy atoms. */
export function fragmentAround({ ligand, bonded }: PosedComplex, start: number, size: number): ContactAtom[] {
  const reached = [start];
  for (let at = 0; at < reached.length && reached.length < size; at++) {
    for (const next of bonded[reached[at]!]!) if (!reached.includes(next) && reached.length < size) reached.push(next);
  }
  return reached.map((i) => ligand[i]!);
}
