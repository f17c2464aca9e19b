import { atomicNumberOf } from './elements.ts';

/** Bond orders; an aromatic bond is 12, the number that RDKit's Morgan invariants use for it. */
export const AROMATIC = 12;

/**
 * Atoms and bonds of a molecule, hydrogens counted and not listed. Atom arrays are indexed by atom, bond arrays by bond; the neighbours of
 * atom a are `neighbourAtoms[i]` over bond `neighbourBonds[i]` for `neighbourStart[a] <= i < neighbourStart[a + 1]`.
 */
export interface MolecularGraph {
  readonly atomicNumbers: readonly number[];
  readonly charges: readonly number[];
  readonly hydrogens: readonly number[];
  /** 1 for an aromatic atom. */
  readonly aromatic: readonly number[];
  readonly bondFrom: readonly number[];
  readonly bondTo: readonly number[];
  /** 1, 2, 3, 4 or {@link AROMATIC}. */
  readonly bondOrders: readonly number[];
  readonly neighbourStart: readonly number[];
  readonly neighbourAtoms: readonly number[];
  readonly neighbourBonds: readonly number[];
  /** 1 for a bond that lies in a ring, 0 for a bridge. */
  readonly bondInRing: readonly number[];
  readonly atomInRing: readonly number[];
  readonly fragments: number;
}

/** Atoms that SMILES writes without brackets, by character code. */
interface PlainAtom {
  readonly atomicNumber: number;
  readonly aromatic: number;
  /** Standard valences, rising. */
  readonly valences: readonly number[];
}
const plainAtoms: (PlainAtom | undefined)[] = [];
const bothCases = [
  ['B', 5, [3]],
  ['C', 6, [4]],
  ['N', 7, [3, 5]],
  ['O', 8, [2]],
  ['P', 15, [3, 5]],
  ['S', 16, [2, 4, 6]],
] as const;
for (const [symbol, atomicNumber, valences] of bothCases) {
  plainAtoms[symbol.charCodeAt(0)] = { atomicNumber, aromatic: 0, valences };
  plainAtoms[symbol.toLowerCase().charCodeAt(0)] = { atomicNumber, aromatic: 1, valences };
}
plainAtoms['F'.charCodeAt(0)] = { atomicNumber: 9, aromatic: 0, valences: [1] };
plainAtoms['I'.charCodeAt(0)] = { atomicNumber: 53, aromatic: 0, valences: [1] };
const chlorine: PlainAtom = { atomicNumber: 17, aromatic: 0, valences: [1] };
const bromine: PlainAtom = { atomicNumber: 35, aromatic: 0, valences: [1] };

const bracketAtom = /^\[(\d*)(\*|[A-Z][a-z]?|[a-z][a-z]?)(?:@@?(?:[A-Z]{2}\d+)?)?(?:H(\d*))?([+-]+\d*)?(?::\d+)?\]$/;

function chargeOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[+-]+/, '');
  return sign * (digits === '' ? text.length : Number(digits));
}

/** Thrown for text that is not a canonical SMILES; it does not repeat the text, which may end in a log. */
export class NotCanonicalSmiles extends Error {
  override readonly name = 'NotCanonicalSmiles';
}

let latest: { readonly smiles: string; readonly graph: MolecularGraph } | undefined;

/**
 * Reads the graph out of a canonical SMILES as RDKit writes it. This takes a tenth of the time of RDKit's JSON export, which is why descriptors and
 * fingerprints start here. It is not a validating parser: valence and aromaticity are taken as written, so user input goes through RDKit first.
 * Stereo marks, isotopes and atom maps are skipped.
 *
 * throws NotCanonicalSmiles for an unknown symbol, an open ring or branch
 */
export function graphFromCanonicalSmiles(smiles: string): MolecularGraph {
  // Standardisation, fingerprint and descriptors of one compound ask for the same graph one after the other. A graph never changes, so it is shared.
  if (latest?.smiles !== smiles) latest = { smiles, graph: finishGraph(new SmilesReader(smiles).read()) };
  return latest.graph;
}

class SmilesReader {
  readonly #smiles: string;
  readonly #atomicNumbers: number[] = [];
  readonly #charges: number[] = [];
  readonly #hydrogens: number[] = [];
  readonly #aromatic: number[] = [];
  readonly #valences: (readonly number[] | null)[] = [];
  readonly #orderSums: number[] = [];
  readonly #bondFrom: number[] = [];
  readonly #bondTo: number[] = [];
  readonly #bondOrders: number[] = [];
  readonly #branches: number[] = [];
  /** Ring number to atom * 16 + bond order. */
  readonly #openRings = new Map<number, number>();
  #previous = -1;
  #order = 0;

  constructor(smiles: string) {
    this.#smiles = smiles;
  }

  read(): GraphParts {
    const smiles = this.#smiles;
    let fragments = smiles.length === 0 ? 0 : 1;
    for (let i = 0; i < smiles.length; i++) {
      const code = smiles.charCodeAt(i);
      const plain = plainAtoms[code];
      if (plain !== undefined) {
        const next = smiles.charCodeAt(i + 1);
        const halogen = code === 67 && next === 108 ? chlorine : code === 66 && next === 114 ? bromine : undefined;
        if (halogen !== undefined) i++;
        const { atomicNumber, aromatic, valences } = halogen ?? plain;
        this.#atom(atomicNumber, aromatic, 0, 0, valences);
        continue;
      }
      if (code >= 48 && code <= 57) {
        this.#ring(code - 48);
        continue;
      }
      switch (smiles[i]) {
        case '(':
          this.#branches.push(this.#previous);
          break;
        case ')': {
          const back = this.#branches.pop();
          if (back === undefined)
            throw new NotCanonicalSmiles('wanted a canonical SMILES, found a branch that closes but never opened');
          this.#previous = back;
          break;
        }
        case '-':
          this.#order = 1;
          break;
        case '=':
          this.#order = 2;
          break;
        case '#':
          this.#order = 3;
          break;
        case '$':
          this.#order = 4;
          break;
        case ':':
          this.#order = AROMATIC;
          break;
        case '/':
        case '\\':
          // A direction mark leaves the order open: single, or aromatic between aromatic ring atoms (seen beside exocyclic double bonds).
          this.#order = 0;
          break;
        case '.':
          this.#previous = -1;
          this.#order = 0;
          fragments++;
          break;
        case '%': {
          const wide = smiles[i + 1] === '(';
          const digits = wide ? smiles.slice(i + 2, smiles.indexOf(')', i)) : smiles.slice(i + 1, i + 3);
          i += wide ? digits.length + 2 : 2;
          this.#ring(Number(digits));
          break;
        }
        case '[': {
          const close = smiles.indexOf(']', i);
          this.#bracket(smiles.slice(i, close + 1));
          i = close;
          break;
        }
        case '*':
          this.#atom(0, 0, 0, 0, null);
          break;
        default:
          throw new NotCanonicalSmiles('wanted a canonical SMILES, found an unknown symbol');
      }
    }
    if (this.#openRings.size > 0 || this.#branches.length > 0) {
      throw new NotCanonicalSmiles('wanted a canonical SMILES, found a ring or a branch that stays open');
    }
    this.#fillHydrogens();
    return {
      atomicNumbers: this.#atomicNumbers,
      charges: this.#charges,
      hydrogens: this.#hydrogens,
      aromatic: this.#aromatic,
      bondFrom: this.#bondFrom,
      bondTo: this.#bondTo,
      bondOrders: this.#bondOrders,
      fragments,
    };
  }

  #atom(atomicNumber: number, aromatic: number, charge: number, hydrogens: number, valences: readonly number[] | null): void {
    const index = this.#atomicNumbers.length;
    this.#atomicNumbers.push(atomicNumber);
    this.#aromatic.push(aromatic);
    this.#charges.push(charge);
    this.#hydrogens.push(hydrogens);
    this.#valences.push(valences);
    this.#orderSums.push(0);
    if (this.#previous >= 0) this.#bond(this.#previous, index, this.#order);
    this.#previous = index;
    this.#order = 0;
  }

  #bracket(text: string): void {
    const match = bracketAtom.exec(text);
    if (match === null) throw new NotCanonicalSmiles('wanted a canonical SMILES, found a bracket atom that cannot be read');
    const written = match[2]!;
    const aromatic = written >= 'a';
    const atomicNumber = atomicNumberOf.get(aromatic ? written[0]!.toUpperCase() + written.slice(1) : written);
    if (atomicNumber === undefined) throw new NotCanonicalSmiles('wanted a canonical SMILES, found an unknown element');
    const hydrogens = match[3] === undefined ? 0 : match[3] === '' ? 1 : Number(match[3]);
    this.#atom(atomicNumber, aromatic ? 1 : 0, chargeOf(match[4]), hydrogens, null);
  }

  #bond(from: number, to: number, written: number): void {
    const bothAromatic = this.#aromatic[from] === 1 && this.#aromatic[to] === 1;
    const order = written !== 0 ? written : bothAromatic ? AROMATIC : 1;
    this.#bondFrom.push(from);
    this.#bondTo.push(to);
    this.#bondOrders.push(order);
    const sum = order === AROMATIC ? 1 : order;
    this.#orderSums[from]! += sum;
    this.#orderSums[to]! += sum;
  }

  #ring(number: number): void {
    if (this.#previous < 0) throw new NotCanonicalSmiles('wanted a canonical SMILES, found a ring number without an atom');
    const open = this.#openRings.get(number);
    if (open === undefined) {
      this.#openRings.set(number, this.#previous * 16 + this.#order);
    } else {
      this.#openRings.delete(number);
      this.#bond(open >> 4, this.#previous, (open & 15) !== 0 ? open & 15 : this.#order);
    }
    this.#order = 0;
  }

  /**
   * Implicit hydrogens fill the lowest standard valence that the written bonds leave room for. An aromatic atom spends one unit on the ring's pi
   * system; only carbon and boron then have hydrogens without a bracket.
   */
  #fillHydrogens(): void {
    for (let a = 0; a < this.#atomicNumbers.length; a++) {
      const valences = this.#valences[a];
      if (valences === null || valences === undefined) continue;
      const sum = this.#orderSums[a]!;
      if (this.#aromatic[a] === 1) {
        const z = this.#atomicNumbers[a];
        if (z === 6 || z === 5) this.#hydrogens[a] = Math.max(0, valences[0]! - 1 - sum);
      } else {
        for (const valence of valences) {
          if (valence < sum) continue;
          this.#hydrogens[a] = valence - sum;
          break;
        }
      }
    }
  }
}

type GraphParts = Omit<MolecularGraph, 'neighbourStart' | 'neighbourAtoms' | 'neighbourBonds' | 'bondInRing' | 'atomInRing'>;

/** Adds neighbour lists and ring membership to plain atoms and bonds. */
function finishGraph(parts: GraphParts): MolecularGraph {
  const { bondFrom, bondTo } = parts;
  const atoms = parts.atomicNumbers.length;
  const bonds = bondFrom.length;
  const neighbourStart = new Array<number>(atoms + 1).fill(0);
  for (let b = 0; b < bonds; b++) {
    neighbourStart[bondFrom[b]! + 1]!++;
    neighbourStart[bondTo[b]! + 1]!++;
  }
  for (let a = 0; a < atoms; a++) neighbourStart[a + 1]! += neighbourStart[a]!;
  const fill = neighbourStart.slice();
  const neighbourAtoms = new Array<number>(2 * bonds).fill(0);
  const neighbourBonds = new Array<number>(2 * bonds).fill(0);
  for (let b = 0; b < bonds; b++) {
    const from = bondFrom[b]!;
    const to = bondTo[b]!;
    neighbourAtoms[fill[from]!] = to;
    neighbourBonds[fill[from]!++] = b;
    neighbourAtoms[fill[to]!] = from;
    neighbourBonds[fill[to]!++] = b;
  }

  // A bond lies in a ring exactly when it is not a bridge (Tarjan's low-link; explicit stack, since chains are long).
  const bondInRing = new Array<number>(bonds).fill(1);
  const atomInRing = new Array<number>(atoms).fill(0);
  const entered = new Array<number>(atoms).fill(0);
  const low = new Array<number>(atoms).fill(0);
  const cursor = neighbourStart.slice(0, atoms);
  const arrivedBy = new Array<number>(atoms).fill(-1);
  let time = 0;
  for (let root = 0; root < atoms; root++) {
    if (entered[root] !== 0) continue;
    const stack = [root];
    entered[root] = low[root] = ++time;
    while (stack.length > 0) {
      const a = stack[stack.length - 1]!;
      if (cursor[a]! < neighbourStart[a + 1]!) {
        const i = cursor[a]!++;
        const b = neighbourBonds[i]!;
        const n = neighbourAtoms[i]!;
        if (b === arrivedBy[a]) continue;
        if (entered[n] === 0) {
          entered[n] = low[n] = ++time;
          arrivedBy[n] = b;
          stack.push(n);
        } else if (entered[n]! < low[a]!) {
          low[a] = entered[n]!;
        }
      } else {
        stack.pop();
        const parent = stack[stack.length - 1];
        if (parent !== undefined) {
          if (low[a]! < low[parent]!) low[parent] = low[a]!;
          if (low[a]! > entered[parent]!) bondInRing[arrivedBy[a]!] = 0;
        }
      }
    }
  }
  const bondOrders = parts.bondOrders.map((order, b) => (order === AROMATIC && bondInRing[b] === 0 ? 1 : order));
  for (let b = 0; b < bonds; b++) {
    if (bondInRing[b] === 1) {
      atomInRing[bondFrom[b]!] = 1;
      atomInRing[bondTo[b]!] = 1;
    }
  }
  return { ...parts, bondOrders, neighbourStart, neighbourAtoms, neighbourBonds, bondInRing, atomInRing };
}
