import { ligandElements } from './elements.ts';
import type { MolecularGraph } from './graph.ts';
import { AROMATIC } from './graph.ts';

/** Key of a polar fragment: heavy neighbours, hydrogens, charge, then single, double, triple and aromatic bonds. */
const fragmentKey = (
  heavy: number,
  hydrogens: number,
  charge: number,
  single: number,
  double: number,
  triple: number,
  aromatic: number,
): string => `${heavy},${hydrogens},${charge}|${single}${double}${triple}${aromatic}`;

/** Square angstroms per nitrogen fragment; single bonds count those to hydrogen as well. Table 1 of Ertl 2000. */
const nitrogenArea = new Map<string, number>([
  [fragmentKey(1, 0, 0, 0, 0, 1, 0), 23.79],
  [fragmentKey(1, 1, 0, 0, 1, 0, 0), 23.85],
  [fragmentKey(1, 2, 0, 1, 0, 0, 0), 26.02],
  [fragmentKey(1, 2, 1, 0, 1, 0, 0), 25.59],
  [fragmentKey(1, 3, 1, 1, 0, 0, 0), 27.64],
  [fragmentKey(2, 0, 0, 1, 1, 0, 0), 12.36],
  [fragmentKey(2, 0, 0, 0, 1, 1, 0), 13.6],
  [fragmentKey(2, 1, 0, 2, 0, 0, 0), 12.03],
  [fragmentKey(2, 0, 1, 1, 0, 1, 0), 4.36],
  [fragmentKey(2, 1, 1, 1, 1, 0, 0), 13.97],
  [fragmentKey(2, 2, 1, 2, 0, 0, 0), 16.61],
  [fragmentKey(2, 0, 0, 0, 0, 0, 2), 12.89],
  [fragmentKey(2, 1, 0, 0, 0, 0, 2), 15.79],
  [fragmentKey(2, 1, 1, 0, 0, 0, 2), 14.14],
  [fragmentKey(3, 0, 0, 3, 0, 0, 0), 3.24],
  [fragmentKey(3, 0, 0, 1, 2, 0, 0), 11.68],
  [fragmentKey(3, 0, 1, 2, 1, 0, 0), 3.01],
  [fragmentKey(3, 1, 1, 3, 0, 0, 0), 4.44],
  [fragmentKey(3, 0, 0, 0, 0, 0, 3), 4.41],
  [fragmentKey(3, 0, 0, 1, 0, 0, 2), 4.93],
  [fragmentKey(3, 0, 0, 0, 1, 0, 2), 8.39],
  [fragmentKey(3, 0, 1, 0, 0, 0, 3), 4.1],
  [fragmentKey(3, 0, 1, 1, 0, 0, 2), 3.88],
  [fragmentKey(4, 0, 1, 4, 0, 0, 0), 0],
]);
const oxygenArea = new Map<string, number>([
  [fragmentKey(1, 0, 0, 0, 1, 0, 0), 17.07],
  [fragmentKey(1, 1, 0, 1, 0, 0, 0), 20.23],
  [fragmentKey(1, 0, -1, 1, 0, 0, 0), 23.06],
  [fragmentKey(2, 0, 0, 2, 0, 0, 0), 9.23],
  [fragmentKey(2, 0, 0, 0, 0, 0, 2), 13.14],
]);

/**
 * Topological polar surface area in square angstroms, nitrogen and oxygen only.
 * source  Ertl, Rohde and Selzer 2000, J. Med. Chem. 43:3714, with its formula for fragments outside the table
 */
export function topologicalPolarSurfaceArea(graph: MolecularGraph): number {
  let total = 0;
  for (let a = 0; a < graph.atomicNumbers.length; a++) {
    const z = graph.atomicNumbers[a]!;
    if (z !== 7 && z !== 8) continue;
    const begin = graph.neighbourStart[a]!;
    const end = graph.neighbourStart[a + 1]!;
    const kinds = [0, 0, 0, 0];
    for (let i = begin; i < end; i++) {
      const order = graph.bondOrders[graph.neighbourBonds[i]!]!;
      if (order === AROMATIC) kinds[3]!++;
      else if (order <= 3) kinds[order - 1]!++;
    }
    const heavy = end - begin;
    const hydrogens = graph.hydrogens[a]!;
    const charge = graph.charges[a]!;
    const key = fragmentKey(heavy, hydrogens, charge, kinds[0]!, kinds[1]!, kinds[2]!, kinds[3]!);
    const known = (z === 7 ? nitrogenArea : oxygenArea).get(key);
    if (known === undefined) {
      total += Math.max(0, z === 7 ? 30.5 - 8.2 * heavy + 1.5 * hydrogens : 28.5 - 8.6 * heavy + 1.5 * hydrogens);
    } else {
      total += kinds[0]! >= 2 && charge === 0 && inThreeRing(graph, a) ? threeRingArea(z, heavy, known) : known;
    }
  }
  return total;
}

function threeRingArea(z: number, heavy: number, otherwise: number): number {
  if (z === 8) return 12.53;
  if (heavy === 2) return 21.94;
  return heavy === 3 ? 3.01 : otherwise;
}

function inThreeRing(graph: MolecularGraph, a: number): boolean {
  for (let i = graph.neighbourStart[a]!; i < graph.neighbourStart[a + 1]!; i++) {
    const n = graph.neighbourAtoms[i]!;
    for (let j = graph.neighbourStart[n]!; j < graph.neighbourStart[n + 1]!; j++) {
      const m = graph.neighbourAtoms[j]!;
      if (m === a) continue;
      for (let k = graph.neighbourStart[m]!; k < graph.neighbourStart[m + 1]!; k++)
        if (graph.neighbourAtoms[k] === a) return true;
    }
  }
  return false;
}

/**
 * Approximate accessible surface in square angstroms from covalent radii and bonds. Hydrogens enter as in RDKit, whose values are kept exactly: one
 * per heavy atom, whatever the true number.
 * source  Labute 2000, J. Mol. Graph. Model. 18:464, equations 4 and 5
 */
export function labuteSurfaceArea(graph: MolecularGraph): number {
  const atoms = graph.atomicNumbers.length;
  const radii = graph.atomicNumbers.map((z) => ligandElements.get(z)?.radiusAngstrom ?? 0);
  const covered = new Array<number>(atoms).fill(0);
  const shortening = (order: number): number => (order === AROMATIC ? 0.1 : order === 2 ? 0.2 : order === 3 ? 0.3 : 0);
  for (let b = 0; b < graph.bondFrom.length; b++) {
    const i = graph.bondFrom[b]!;
    const j = graph.bondTo[b]!;
    const ri = radii[i]!;
    const rj = radii[j]!;
    const wanted = ri + rj - shortening(graph.bondOrders[b]!);
    const distance = Math.min(Math.max(Math.abs(ri - rj), wanted), ri + rj);
    covered[i]! += rj * rj - (ri - distance) ** 2 / distance;
    covered[j]! += ri * ri - (rj - distance) ** 2 / distance;
  }
  const rh = ligandElements.get(1)!.radiusAngstrom;
  let hydrogenCovered = 0;
  let total = 0;
  for (let a = 0; a < atoms; a++) {
    const r = radii[a]!;
    const distance = r + rh;
    covered[a]! += rh * rh - (r - distance) ** 2 / distance;
    hydrogenCovered += r * r - (rh - distance) ** 2 / distance;
    total += Math.PI * r * (4 * r - covered[a]!);
  }
  return total + Math.PI * rh * (4 * rh - hydrogenCovered);
}
