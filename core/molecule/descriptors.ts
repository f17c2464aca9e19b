import { crippenLogP } from './crippen.ts';
import { ligandElements } from './elements.ts';
import type { MolecularGraph } from './graph.ts';
import { AROMATIC } from './graph.ts';
import { labuteSurfaceArea, topologicalPolarSurfaceArea } from './surface.ts';

/**
 * The descriptors in the order of {@link describeMolecule}. All come from the molecular graph: RDKit's one descriptor call computes 43 values and
 * takes eight times as long as all of these. Each agrees with RDKit's value of the same meaning (test/core/molecule/descriptors.test.ts), but for the
 * last, which is ours.
 */
export const descriptorNames = [
  'molecularWeight',
  'heavyAtoms',
  'heteroAtoms',
  'logP',
  'polarSurfaceAngstrom2',
  'labuteSurfaceAngstrom2',
  'hydrogenBondDonors',
  'hydrogenBondAcceptors',
  'rotatableBonds',
  'rings',
  'aromaticRings',
  'fractionSp3',
  'formalCharge',
  'estimatedCharge',
] as const;
export type DescriptorName = (typeof descriptorNames)[number];

/** Descriptors of one molecule, shape [14], in the order of {@link descriptorNames}. */
export function describeMolecule(graph: MolecularGraph): Float64Array {
  let weight = 0;
  let heteroAtoms = 0;
  let donors = 0;
  let acceptors = 0;
  let carbons = 0;
  let sp3Carbons = 0;
  let charge = 0;
  for (let a = 0; a < graph.atomicNumbers.length; a++) {
    const z = graph.atomicNumbers[a]!;
    const h = graph.hydrogens[a]!;
    weight += (ligandElements.get(z)?.weight ?? Number.NaN) + h * 1.008;
    charge += graph.charges[a]!;
    if (z === 6) {
      carbons++;
      if (graph.aromatic[a] === 0 && degreeOf(graph, a) + h === 4) sp3Carbons++;
    } else {
      heteroAtoms++;
      if (isDonor(graph, a)) donors++;
      if (isAcceptor(graph, a)) acceptors++;
    }
  }
  return Float64Array.of(
    weight,
    graph.atomicNumbers.length,
    heteroAtoms,
    crippenLogP(graph),
    topologicalPolarSurfaceArea(graph),
    labuteSurfaceArea(graph),
    donors,
    acceptors,
    rotatableBonds(graph),
    graph.bondFrom.length - graph.atomicNumbers.length + graph.fragments,
    aromaticRings(graph),
    carbons === 0 ? 0 : sp3Carbons / carbons,
    charge,
    estimatedCharge(graph),
  );
}

const degreeOf = (graph: MolecularGraph, a: number): number => graph.neighbourStart[a + 1]! - graph.neighbourStart[a]!;

/** Sum of bond orders with hydrogens, for atoms without aromatic bonds. */
function valenceOf(graph: MolecularGraph, a: number): number {
  let sum = graph.hydrogens[a]!;
  for (let i = graph.neighbourStart[a]!; i < graph.neighbourStart[a + 1]!; i++)
    sum += graph.bondOrders[graph.neighbourBonds[i]!]!;
  return sum;
}

/** True when any bond of `a`, other than to `except`, satisfies the test. */
function someBond(
  graph: MolecularGraph,
  a: number,
  except: number,
  test: (neighbour: number, order: number, bond: number) => boolean,
): boolean {
  for (let i = graph.neighbourStart[a]!; i < graph.neighbourStart[a + 1]!; i++) {
    const n = graph.neighbourAtoms[i]!;
    const bond = graph.neighbourBonds[i]!;
    if (n !== except && test(n, graph.bondOrders[bond]!, bond)) return true;
  }
  return false;
}

const isOneOf = (graph: MolecularGraph, a: number, numbers: readonly number[]): boolean =>
  graph.aromatic[a] === 0 && numbers.includes(graph.atomicNumbers[a]!);

/** Nitrogen, oxygen or sulfur in a usual valence that carries hydrogen (as RDKit's NumHBD). */
function isDonor(graph: MolecularGraph, a: number): boolean {
  const h = graph.hydrogens[a]!;
  const charge = graph.charges[a]!;
  switch (graph.atomicNumbers[a]) {
    case 7:
      if (graph.aromatic[a] === 1) return h === 1 && charge === 0;
      return h > 0 && ((valenceOf(graph, a) === 3 && charge === 0) || (charge === 1 && valenceOf(graph, a) === 4));
    case 8:
    case 16:
      return graph.aromatic[a] === 0 && h === 1 && charge === 0;
    default:
      return false;
  }
}

/**
 * Nitrogen, oxygen or sulfur with a free pair (as RDKit's NumHBA): hydroxyls unless acidic, ethers and carbonyls, anions, amines unless next to
 * C=O or the like, ring atoms without hydrogen.
 */
function isAcceptor(graph: MolecularGraph, a: number): boolean {
  const z = graph.atomicNumbers[a]!;
  if (z !== 7 && z !== 8 && z !== 16) return false;
  const h = graph.hydrogens[a]!;
  const charge = graph.charges[a]!;
  if (graph.aromatic[a] === 1) return charge === 0 && h === 0 && (z !== 7 || degreeOf(graph, a) === 2);
  const valence = valenceOf(graph, a);
  if (z === 7) {
    if (valence !== 3) return false;
    return !someBond(
      graph,
      a,
      -1,
      (n, order) =>
        order === 1 &&
        someBond(graph, n, a, (m, far, bond) => far === 2 && graph.bondInRing[bond] === 0 && isOneOf(graph, m, [7, 8, 15, 16])),
    );
  }
  if (charge === -1) return true;
  if (valence !== 2) return false;
  if (h === 0) return true;
  return (
    h === 1 &&
    someBond(
      graph,
      a,
      -1,
      (n, order) => order === 1 && !someBond(graph, n, a, (m, far) => far === 2 && isOneOf(graph, m, [7, 8, 15, 16])),
    )
  );
}

/**
 * Single bonds outside rings between atoms that both carry more, without those to a triple bond, to a CX3 or tert-butyl group, and within amides,
 * esters and amidines (RDKit's strict definition).
 */
function rotatableBonds(graph: MolecularGraph): number {
  let count = 0;
  for (let b = 0; b < graph.bondFrom.length; b++) {
    if (graph.bondInRing[b] === 1 || graph.bondOrders[b] !== 1) continue;
    const i = graph.bondFrom[b]!;
    const j = graph.bondTo[b]!;
    if (!turns(graph, i) || !turns(graph, j)) continue;
    if (!isStiff(graph, i) || !isStiff(graph, j)) count++;
  }
  return count;
}

/** Neither terminal nor at a triple bond nor the centre of a group that looks the same after a turn. */
function turns(graph: MolecularGraph, a: number): boolean {
  if (degreeOf(graph, a) === 1) return false;
  if (someBond(graph, a, -1, (_n, order) => order === 3)) return false;
  if (graph.atomicNumbers[a] === 6 && graph.aromatic[a] === 0) {
    for (const z of [9, 17, 35]) {
      let same = 0;
      someBond(graph, a, -1, (n) => {
        if (graph.atomicNumbers[n] === z) same++;
        return false;
      });
      if (same >= 3) return false;
    }
    let methyls = 0;
    someBond(graph, a, -1, (n) => {
      if (graph.atomicNumbers[n] === 6 && graph.aromatic[n] === 0 && graph.hydrogens[n] === 3) methyls++;
      return false;
    });
    if (methyls >= 3) return false;
  }
  return true;
}

/** Carbon of an amide, ester, thioester or amidine, bound outside rings to the heteroatom. */
function isAcylCarbon(graph: MolecularGraph, c: number, hetero: number): boolean {
  if (graph.atomicNumbers[c] !== 6 || graph.aromatic[c] === 1 || degreeOf(graph, c) !== 3) return false;
  return someBond(graph, c, hetero, (n, order) => order === 2 && isOneOf(graph, n, [7, 8, 16]));
}

/** Nitrogen of any kind, aliphatic oxygen, or aliphatic sulfur that is not terminal. */
function isAcylPartner(graph: MolecularGraph, a: number): boolean {
  const z = graph.atomicNumbers[a]!;
  if (z === 7) return true;
  if (graph.aromatic[a] === 1) return false;
  return z === 8 || (z === 16 && degreeOf(graph, a) !== 1);
}

/** An acyl carbon beside its heteroatom, or that heteroatom. */
function isStiff(graph: MolecularGraph, a: number): boolean {
  return someBond(graph, a, -1, (n, _order, bond) => {
    if (graph.bondInRing[bond] === 1 || graph.bondOrders[bond] !== 1) return false;
    return (isAcylCarbon(graph, a, n) && isAcylPartner(graph, n)) || (isAcylPartner(graph, a) && isAcylCarbon(graph, n, a));
  });
}

/** Independent rings made of aromatic bonds only. */
function aromaticRings(graph: MolecularGraph): number {
  const parent = graph.atomicNumbers.map((_, a) => a);
  const find = (a: number): number => {
    let root = a;
    while (parent[root] !== root) root = parent[root]!;
    return root;
  };
  let rings = 0;
  for (let b = 0; b < graph.bondFrom.length; b++) {
    if (graph.bondOrders[b] !== AROMATIC || graph.bondInRing[b] === 0) continue;
    const left = find(graph.bondFrom[b]!);
    const right = find(graph.bondTo[b]!);
    if (left === right) rings++;
    else parent[left] = right;
  }
  return rings;
}

/**
 * Charge expected near pH 7.4 by simple rules, used to match decoys and as a model input: +1 for an aliphatic amine, amidine or guanidine, -1 for a
 * carboxylic, sulfonic, phosphoric acid or tetrazole, permanent charges as they are. It is a rule of thumb, not a pKa calculation.
 */
export function estimatedCharge(graph: MolecularGraph): number {
  let charge = 0;
  const basicCarbons = new Set<number>();
  for (let a = 0; a < graph.atomicNumbers.length; a++) {
    charge += graph.charges[a]!;
    if (graph.charges[a] !== 0) continue;
    const z = graph.atomicNumbers[a]!;
    if (z === 7 && graph.aromatic[a] === 0) {
      const amidine = amidineCarbon(graph, a);
      if (amidine >= 0) basicCarbons.add(amidine);
      else if (isBasicAmine(graph, a)) charge++;
    } else if (z === 7 && graph.hydrogens[a] === 1 && isTetrazole(graph, a)) {
      charge--;
    } else if (z === 8 && graph.hydrogens[a] === 1 && someBond(graph, a, -1, (n) => isAcidCentre(graph, n, a))) {
      charge--;
    }
  }
  return charge + basicCarbons.size;
}

/** sp3 nitrogen bound to nothing but hydrogen and saturated carbon. */
function isBasicAmine(graph: MolecularGraph, a: number): boolean {
  return (
    degreeOf(graph, a) > 0 &&
    degreeOf(graph, a) + graph.hydrogens[a]! === 3 &&
    !someBond(
      graph,
      a,
      -1,
      (n) => graph.atomicNumbers[n] !== 6 || graph.aromatic[n] === 1 || degreeOf(graph, n) + graph.hydrogens[n]! !== 4,
    )
  );
}

/** For N=C(-N) outside aromatic rings and without an acyl or cyano group on the double-bonded N: the carbon; else -1. */
function amidineCarbon(graph: MolecularGraph, a: number): number {
  let carbon = -1;
  someBond(graph, a, -1, (n, order) => {
    if (order === 2 && graph.atomicNumbers[n] === 6 && graph.aromatic[n] === 0) carbon = n;
    return false;
  });
  if (carbon < 0) return -1;
  const withdrawn = (atom: number): boolean =>
    someBond(
      graph,
      atom,
      carbon,
      (n) =>
        (graph.atomicNumbers[n] !== 6 && graph.atomicNumbers[n] !== 1) ||
        graph.aromatic[n] === 1 ||
        someBond(graph, n, atom, (m, order) => order === 3 || (order === 2 && isOneOf(graph, m, [8, 16]))),
    );
  const donor = someBond(graph, carbon, a, (n, order) => order === 1 && graph.atomicNumbers[n] === 7 && graph.aromatic[n] === 0);
  return donor && !withdrawn(a) ? carbon : -1;
}

/** Four neighbouring aromatic nitrogens, one of them this one. */
function isTetrazole(graph: MolecularGraph, a: number): boolean {
  const chain = [a];
  for (const here of chain) {
    someBond(graph, here, -1, (n, order) => {
      if (order === AROMATIC && graph.atomicNumbers[n] === 7 && !chain.includes(n)) chain.push(n);
      return false;
    });
  }
  return chain.length === 4;
}

/** C of a carboxylic acid, or S or P of a sulfonic or phosphoric one. */
function isAcidCentre(graph: MolecularGraph, centre: number, oxygen: number): boolean {
  const z = graph.atomicNumbers[centre]!;
  if (graph.aromatic[centre] === 1 || (z !== 6 && z !== 16 && z !== 15)) return false;
  return someBond(graph, centre, oxygen, (n, order) => order === 2 && isOneOf(graph, n, [8]));
}
