import type { MolecularGraph } from './graph.ts';
import { AROMATIC } from './graph.ts';

/**
 * Octanol-water logP as a sum of atom contributions: each heavy atom and each hydrogen falls into one of 68 types by its neighbours.
 * Types and values are Table 1 of Wildman and Crippen 1999, J. Chem. Inf. Comput. Sci. 39:868; where the published definitions overlap, the order
 * of tests follows RDKit's (an atom takes the first type that fits), so that values agree with its CrippenClogP.
 */
export function crippenLogP(graph: MolecularGraph): number {
  let logP = 0;
  for (let a = 0; a < graph.atomicNumbers.length; a++) {
    const surroundings = look(graph, a);
    logP += heavyAtomContribution(surroundings);
    if (graph.hydrogens[a]! > 0) logP += graph.hydrogens[a]! * hydrogenContribution(surroundings);
  }
  return logP;
}

interface Neighbour {
  readonly atom: number;
  readonly z: number;
  readonly aromatic: boolean;
  readonly charge: number;
  readonly order: number;
}

interface Surroundings {
  readonly graph: MolecularGraph;
  readonly z: number;
  readonly aromatic: boolean;
  readonly charge: number;
  readonly hydrogens: number;
  /** Connections, hydrogens included. */
  readonly connections: number;
  readonly neighbours: readonly Neighbour[];
}

function look(graph: MolecularGraph, a: number): Surroundings {
  const neighbours: Neighbour[] = [];
  for (let i = graph.neighbourStart[a]!; i < graph.neighbourStart[a + 1]!; i++) {
    const atom = graph.neighbourAtoms[i]!;
    neighbours.push({
      atom,
      z: graph.atomicNumbers[atom]!,
      aromatic: graph.aromatic[atom] === 1,
      charge: graph.charges[atom]!,
      order: graph.bondOrders[graph.neighbourBonds[i]!]!,
    });
  }
  return {
    graph,
    z: graph.atomicNumbers[a]!,
    aromatic: graph.aromatic[a] === 1,
    charge: graph.charges[a]!,
    hydrogens: graph.hydrogens[a]!,
    connections: neighbours.length + graph.hydrogens[a]!,
    neighbours,
  };
}

/** An unmarked SMARTS bond: single or aromatic. */
const plain = (n: Neighbour): boolean => n.order === 1 || n.order === AROMATIC;
const chainCarbon = (n: Neighbour): boolean => n.z === 6 && !n.aromatic;
/** Aliphatic N, O, P, S or halogen: what makes a carbon "bound to a heteroatom". */
const electronegative = (n: Neighbour): boolean =>
  !n.aromatic && (n.z === 7 || n.z === 8 || n.z === 15 || n.z === 16 || n.z === 9 || n.z === 17 || n.z === 35 || n.z === 53);
/** Neither carbon nor one of the above: silicon, boron, metals. */
const otherAliphatic = (n: Neighbour): boolean => !n.aromatic && n.z !== 6 && n.z > 1 && !electronegative(n);
/** SMARTS [N,O,...] at an aliphatic atom. */
const aliphatic = (n: Neighbour, ...numbers: number[]): boolean => !n.aromatic && numbers.includes(n.z);

const alkaliAndMainGroup = new Set([
  3, 11, 19, 37, 55, 4, 12, 20, 38, 56, 5, 13, 31, 49, 81, 14, 32, 50, 82, 33, 51, 83, 34, 52, 84,
]);
const isTransitionMetal = (z: number): boolean => (z >= 21 && z <= 30) || (z >= 39 && z <= 48) || (z >= 72 && z <= 80);

function heavyAtomContribution(s: Surroundings): number {
  switch (s.z) {
    case 6:
      return s.aromatic ? aromaticCarbon(s) : chainCarbonContribution(s);
    case 7:
      return nitrogen(s);
    case 8:
      return oxygen(s);
    case 9:
      return s.charge === 0 ? 0.4202 : s.charge < 0 ? -2.996 : 0;
    case 17:
      return s.charge === 0 ? 0.6895 : s.charge < 0 ? -2.996 : 0;
    case 35:
      return s.charge === 0 ? 0.8456 : s.charge < 0 ? -2.996 : 0;
    case 53:
      return s.charge === 0 ? 0.8857 : -2.996;
    case 15:
      return 0.8612;
    case 16:
      if (s.aromatic) return 0.6237;
      if (s.charge !== 0) return -0.0024;
      return s.neighbours.some((n) => n.order === 2 && aliphatic(n, 7, 8, 15, 16)) ? -0.0024 : 0.6482;
    default:
      if (s.charge > 0 && [3, 11, 19, 37, 55].includes(s.z)) return -2.996;
      if (alkaliAndMainGroup.has(s.z)) return -0.3808;
      return isTransitionMetal(s.z) ? -0.0025 : 0;
  }
}

function chainCarbonContribution(s: Surroundings): number {
  const { hydrogens: h, neighbours } = s;
  const single = neighbours.filter(plain);
  const double = neighbours.filter((n) => n.order === 2);
  const singleCarbons = single.filter(chainCarbon).length;
  const singleHetero = single.filter(electronegative).length;
  const singleAliphatic = single.filter((n) => !n.aromatic).length;
  const singleAromatic = single.filter((n) => n.aromatic);
  const tetrahedral = s.connections === 4;
  if (h === 4) return 0.1441; // C1
  if (h === 3 && singleCarbons >= 1) return 0.1441;
  if (h === 2 && singleCarbons >= 2) return 0.1441;
  if (h === 1 && singleCarbons >= 3) return 0; // C2
  if (singleCarbons >= 4) return 0;
  if (h === 3 && singleHetero >= 1) return -0.2035; // C3
  if (tetrahedral && singleHetero >= 1) {
    if (h === 2 && singleAliphatic >= 2) return -0.2035;
    if (h === 1 && singleAliphatic >= 3) return -0.2051; // C4
    if (h === 0 && singleAliphatic >= 4) return -0.2051;
  }
  if (double.some((n) => !n.aromatic && n.z !== 6)) return -0.2783; // C5
  const doubleCarbons = double.filter(chainCarbon).length;
  if (doubleCarbons >= 1) {
    if (h === 2) return 0.1551; // C6
    if (h === 1 && singleAliphatic >= 1) return 0.1551;
    if (h === 0 && singleAliphatic >= 2) return 0.1551;
    if (doubleCarbons >= 2) return 0.1551;
  }
  if (s.connections === 2 && neighbours.some((n) => n.order === 3 && !n.aromatic)) return 0.0017; // C7
  if (h === 3 && singleAromatic.some((n) => n.z === 6)) return 0.08452; // C8
  if (h === 3 && singleAromatic.length > 0) return -0.1444; // C9
  if (tetrahedral && singleAromatic.length > 0) {
    if (h === 2) return -0.0516; // C10
    if (h === 1) return 0.1193; // C11
    if (h === 0) return -0.0967; // C12
  }
  if (doubleCarbons >= 1 && singleAromatic.length > 0) {
    if (singleAliphatic >= 1) return 0.264; // C26
    if (singleAromatic.length >= 2 && singleAromatic.some((n) => n.z === 6)) return 0.264;
    if (h === 1) return 0.264;
  }
  if (double.some((n) => n.aromatic && n.z === 6)) return 0.264;
  if (tetrahedral && single.some(otherAliphatic)) return 0.2148; // C27
  return 0.08129; // CS
}

function aromaticCarbon(s: Surroundings): number {
  const { neighbours } = s;
  if (s.hydrogens === 0 && neighbours.some((n) => n.order === 1 && (otherAliphatic(n) || aliphatic(n, 15)))) return -0.5443; // C13
  for (const [z, value] of [
    [9, 0],
    [17, 0.245],
    [35, 0.198],
    [53, 0],
  ] as const) {
    if (neighbours.some((n) => n.z === z && plain(n))) return value; // C14 to C17
  }
  if (s.hydrogens === 1) return 0.1581; // C18
  const ring = neighbours.filter((n) => n.order === AROMATIC && n.aromatic).length;
  if (ring >= 3) return 0.2955; // C19
  if (ring >= 2) {
    const outside = neighbours.filter((n) => n.order === 1);
    if (outside.some((n) => n.aromatic)) return 0.2713; // C20
    if (outside.some((n) => aliphatic(n, 6))) return 0.136; // C21
    if (outside.some((n) => aliphatic(n, 7))) return 0.4619; // C22
    if (outside.some((n) => aliphatic(n, 8))) return 0.5437; // C23
    if (outside.some((n) => aliphatic(n, 16))) return 0.1893; // C24
    if (neighbours.some((n) => n.order === 2 && aliphatic(n, 6, 7, 8))) return -0.8186; // C25
  }
  return 0.08129; // CS
}

function nitrogen(s: Surroundings): number {
  const { hydrogens: h, neighbours, charge } = s;
  if (s.aromatic) return charge === 0 ? -0.3239 : charge > 0 ? -1.119 : -0.4806; // N11, N12
  const single = neighbours.filter(plain);
  const aliphaticSingle = single.filter((n) => !n.aromatic).length;
  const aromaticSingle = single.length - aliphaticSingle;
  const double = neighbours.filter((n) => n.order === 2);
  const triple = neighbours.some((n) => n.order === 3 && !n.aromatic);
  if (charge === 0) {
    if (h === 2 && aliphaticSingle >= 1) return -1.019; // N1
    if (h === 1 && aliphaticSingle >= 2) return -0.7096; // N2
    if (h === 2 && aromaticSingle >= 1) return -1.027; // N3
    if (h === 1 && aromaticSingle >= 1 && single.length >= 2) return -0.5188; // N4
    if (h === 1 && double.length >= 1) return 0.08387; // N5
    if (double.length >= 1 && single.length >= 1) return 0.1836; // N6
    if (aliphaticSingle >= 3) return -0.3187; // N7
    if (aromaticSingle >= 1 && single.length >= 3) return -0.4458; // N8
    if (triple) return 0.01508; // N9
    return -0.4806;
  }
  if (charge > 0) {
    if (h >= 1 && h <= 3) return -1.95; // N10
    if (h === 0) {
      if (aliphaticSingle >= 4) return -0.3396; // N13
      const aliphaticDouble = double.filter((n) => !n.aromatic).length;
      if (aliphaticDouble >= 1 && aliphaticSingle >= 1 && single.length >= 2) return -0.3396;
      if (double.length >= 2 && double.some((n) => n.z === 6) && double.some((n) => n.z === 7)) return -0.3396;
    }
    if (triple) return 0.2887; // N14
    const doubleNitrogens = double.filter((n) => aliphatic(n, 7));
    if (doubleNitrogens.length >= 2 && doubleNitrogens.some((n) => n.charge < 0)) return 0.2887;
    return -0.4806;
  }
  return 0.2887;
}

function oxygen(s: Surroundings): number {
  const { hydrogens: h, neighbours, charge } = s;
  if (s.aromatic) return 0.1552; // O1
  if (h === 1 || h === 2) return -0.2893; // O2
  const single = neighbours.filter(plain);
  if (single.filter((n) => !n.aromatic).length >= 2) return -0.0684; // O3
  if (single.length >= 2 && single.some((n) => n.aromatic)) return -0.4195; // O4
  const double = neighbours.filter((n) => n.order === 2);
  if (double.some((n) => n.z === 7 || n.z === 8)) return 0.0335; // O5
  if (charge < 0 && s.connections === 1) {
    if (single.some((n) => n.z === 7)) return 0.0335;
    if (single.some((n) => n.z === 16)) return -0.3339; // O6
  }
  if (charge === 0 && double.some((n) => n.z === 16 && n.charge === 0)) return -0.3339;
  if (charge === -1 && single.some((n) => chainCarbon(n) && hasDoubleOxygen(s.graph, n.atom))) return -1.326; // O12
  if (charge < 0 && s.connections === 1 && single.some((n) => n.z !== 7 && n.z !== 16)) return -1.189; // O7
  if (double.some((n) => n.z === 6 && n.aromatic)) return 0.1788; // O8
  const carbonyl = double.find(chainCarbon);
  if (carbonyl !== undefined) return carbonylOxygen(look(s.graph, carbonyl.atom));
  return -0.1188; // OS
}

function hasDoubleOxygen(graph: MolecularGraph, atom: number): boolean {
  return look(graph, atom).neighbours.some((n) => n.order === 2 && aliphatic(n, 8));
}

/** Types O9 to O11: the oxygen of C=O, by what else its carbon holds. */
function carbonylOxygen(carbon: Surroundings): number {
  const rest = carbon.neighbours.filter(plain);
  const chainCarbons = rest.filter(chainCarbon).length;
  const aromaticCarbons = rest.filter((n) => n.z === 6 && n.aromatic).length;
  const aliphaticAtoms = rest.filter((n) => !n.aromatic).length;
  const aromaticAtoms = rest.length - aliphaticAtoms;
  const h = carbon.hydrogens;
  if (h === 1 && chainCarbons >= 1) return -0.1526; // O9
  if (chainCarbons >= 1 && aliphaticAtoms >= 2) return -0.1526;
  if (h === 1 && rest.some((n) => aliphatic(n, 7, 8))) return -0.1526;
  if (h === 2) return -0.1526;
  if (carbon.connections === 2 && carbon.neighbours.filter((n) => n.order === 2 && aliphatic(n, 8)).length >= 2) return -0.1526;
  if (h === 1 && aromaticCarbons >= 1) return 0.1129; // O10
  if (aromaticAtoms >= 1 && rest.length >= 2 && chainCarbons + aromaticCarbons >= 1) return 0.1129;
  if (rest.filter((n) => n.z !== 6).length >= 2) return 0.4833; // O11
  return -0.1188;
}

function hydrogenContribution(s: Surroundings): number {
  if (s.z === 6) return 0.123; // H1
  if (s.z === 8 && !s.aromatic) {
    const others = s.neighbours.filter(plain);
    const other = others[0];
    if (other === undefined) return s.hydrogens >= 2 ? -0.2677 : 0.1125; // water
    if (other.z === 6 && (other.aromatic || look(s.graph, other.atom).connections === 4)) return -0.2677; // H2
    if (![6, 7, 8, 16].includes(other.z)) return -0.2677;
    if (other.z === 7) return 0.2142; // H3
    if (other.z === 6) {
      const acid = look(s.graph, other.atom).neighbours.some(
        (n) => n.order === 2 && (n.z === 6 || n.z === 7 || aliphatic(n, 8, 16)),
      );
      return acid ? 0.298 : 0.1125; // H4
    }
    return 0.298;
  }
  return s.z === 7 ? 0.2142 : -0.2677;
}
