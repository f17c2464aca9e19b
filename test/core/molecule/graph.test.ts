import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { atomicNumberOf } from '../../../core/molecule/elements.ts';
import { AROMATIC, graphFromCanonicalSmiles, NotCanonicalSmiles } from '../../../core/molecule/graph.ts';
import { nodeChemistry } from '../../support/chemistry.ts';
import { readable } from './golden.ts';

interface JsonAtom {
  z?: number;
  impHs?: number;
  chg?: number;
}
interface JsonBond {
  bo?: number;
  atoms: [number, number];
}
interface JsonMolecule {
  atoms: JsonAtom[];
  bonds?: JsonBond[];
  extensions: { aromaticAtoms?: number[]; aromaticBonds?: number[]; atomRings?: number[][] }[];
}

describe('graphFromCanonicalSmiles', () => {
  test('reads the same atoms, hydrogens, charges and bonds that RDKit holds', async () => {
    const chemistry = nodeChemistry();
    expect(readable.length).toBeGreaterThan(500);
    for (const { canonical } of readable) {
      const parsed = await chemistry.withSmiles(
        canonical,
        (molecule) => JSON.parse(molecule.get_json()).molecules[0] as JsonMolecule,
      );
      if (!parsed.ok) throw new Error(parsed.rejection.message);
      const { atoms, bonds = [], extensions } = parsed.value;
      const aromaticAtoms = new Set(extensions[0]?.aromaticAtoms ?? []);
      const aromaticBonds = new Set(extensions[0]?.aromaticBonds ?? []);
      const ringAtoms = new Set((extensions[0]?.atomRings ?? []).flat());
      const graph = graphFromCanonicalSmiles(canonical);
      expect(graph.atomicNumbers).toEqual(atoms.map((atom) => atom.z ?? 6));
      expect(graph.hydrogens, canonical).toEqual(atoms.map((atom) => atom.impHs ?? 0));
      expect(graph.charges).toEqual(atoms.map((atom) => atom.chg ?? 0));
      expect(graph.aromatic).toEqual(atoms.map((_, a) => (aromaticAtoms.has(a) ? 1 : 0)));
      expect(graph.atomInRing).toEqual(atoms.map((_, a) => (ringAtoms.has(a) ? 1 : 0)));
      const ours = graph.bondFrom
        .map((from, b) => `${[from, graph.bondTo[b]!].sort((x, y) => x - y)}:${graph.bondOrders[b]}`)
        .sort();
      const theirs = bonds
        .map((bond, b) => `${[...bond.atoms].sort((x, y) => x - y)}:${aromaticBonds.has(b) ? AROMATIC : (bond.bo ?? 1)}`)
        .sort();
      expect(ours, canonical).toEqual(theirs);
    }
  });

  test('lists each bond at both of its atoms', () => {
    for (const { canonical } of readable) {
      const graph = graphFromCanonicalSmiles(canonical);
      expect(graph.neighbourStart.at(-1)).toBe(2 * graph.bondFrom.length);
      for (let a = 0; a < graph.atomicNumbers.length; a++) {
        for (let i = graph.neighbourStart[a]!; i < graph.neighbourStart[a + 1]!; i++) {
          const b = graph.neighbourBonds[i]!;
          expect([graph.bondFrom[b], graph.bondTo[b]].sort()).toEqual([a, graph.neighbourAtoms[i]!].sort());
        }
      }
    }
  });

  test('finds ring bonds and bridges', () => {
    const graph = graphFromCanonicalSmiles('C1CC1CC1CC1');
    expect(graph.bondInRing.reduce((sum, flag) => sum + flag, 0)).toBe(6);
    expect(graph.atomInRing).toEqual([1, 1, 1, 0, 1, 1, 1]);
  });

  test('answers any text with a graph or NotCanonicalSmiles, and does not repeat the text', () => {
    const alphabet = fc.constantFrom(...'CNOPSFIBclnos[]()=#-+@/\\.%0123456789H*:$ ', 'Cl', 'Br', '[nH]', '[NH3+]');
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 60 }), (parts) => {
        const text = parts.join('');
        try {
          expect(graphFromCanonicalSmiles(text).fragments).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(NotCanonicalSmiles);
          if (text.length > 8) expect((error as Error).message).not.toContain(text);
        }
      }),
    );
  });

  test('knows all 118 elements', () => {
    expect(atomicNumberOf.get('C')).toBe(6);
    expect(atomicNumberOf.get('I')).toBe(53);
    expect(atomicNumberOf.get('Og')).toBe(118);
  });
});
