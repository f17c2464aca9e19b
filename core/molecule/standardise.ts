import type { Rejection, StandardisationNote, StandardLigand } from '../contracts/ligand.ts';
import type { Chemistry, Outcome } from './chemistry.ts';
import { elementSymbols, ligandElements } from './elements.ts';
import { graphFromCanonicalSmiles } from './graph.ts';

/*
 * The one policy for what counts as the same compound, stated in full:
 *
 * salts      Counter-ions and solvents of the list below are removed. Of what remains, the organic fragment with most heavy atoms is kept (then the
 *            heavier, then the first by canonical SMILES). Copies of it are removed. A second, different organic fragment of eight or more heavy
 *            atoms makes the row a MIXTURE, which is refused: nobody can say which part a measurement belongs to. Everything removed is named.
 * charges    A cation that carries hydrogen gives up protons; an anion on N, O, S, Se or a halogen takes them. Charges that cannot be moved so stay: quaternary
 *            nitrogen, and pairs of opposite charges on neighbouring atoms (nitro, N-oxide, azide, ylide).
 * isotopes   Labels are removed: binding does not depend on them.
 * stereo     Kept as given; an open centre stays open and is a compound of its own.
 * tautomers  Kept as given: two tautomers are two compounds.
 * elements   H, B, C, N, O, F, Si, P, S, Cl, Se, Br, I, and at least one carbon. Anything else in the kept fragment is refused.
 */

/** Neutral canonical SMILES without stereo of what is taken for a counter-ion or a solvent when something larger stands beside it. */
const companions: ReadonlyMap<string, string> = new Map([
  ['Cl', 'hydrochloride'],
  ['[Cl]', 'chlorine atom'],
  ['Br', 'hydrobromide'],
  ['I', 'hydroiodide'],
  ['F', 'hydrofluoride'],
  ['O', 'water'],
  ['N', 'ammonia'],
  ['[H+]', 'proton'],
  ['[Na+]', 'sodium'],
  ['[Na]', 'sodium'],
  ['[K+]', 'potassium'],
  ['[K]', 'potassium'],
  ['[Li+]', 'lithium'],
  ['[Ca+2]', 'calcium'],
  ['[Mg+2]', 'magnesium'],
  ['[Zn+2]', 'zinc'],
  ['O=S(=O)(O)O', 'sulfate'],
  ['O=P(O)(O)O', 'phosphate'],
  ['O=[N+]([O-])O', 'nitrate'],
  ['O=[N+]([O-])[O-]', 'nitrate'],
  ['[O-][Cl+3]([O-])([O-])O', 'perchlorate'],
  ['O=[Cl](=O)(=O)O', 'perchlorate'],
  ['F[B-](F)(F)F', 'tetrafluoroborate'],
  ['F[P-](F)(F)(F)(F)F', 'hexafluorophosphate'],
  ['O=CO', 'formate'],
  ['CC(=O)O', 'acetate'],
  ['O=C(O)C(F)(F)F', 'trifluoroacetate'],
  ['O=C(O)C(=O)O', 'oxalate'],
  ['O=C(O)CC(=O)O', 'malonate'],
  ['O=C(O)CCC(=O)O', 'succinate'],
  ['O=C(O)C=CC(=O)O', 'butenedioate'],
  ['O=C(O)C(O)C(O)C(=O)O', 'tartrate'],
  ['O=C(O)CC(O)C(=O)O', 'malate'],
  ['CC(O)C(=O)O', 'lactate'],
  ['O=C(O)CC(O)(CC(=O)O)C(=O)O', 'citrate'],
  ['O=C(O)c1ccccc1', 'benzoate'],
  ['CS(=O)(=O)O', 'mesylate'],
  ['CCS(=O)(=O)O', 'esylate'],
  ['O=S(=O)(O)c1ccccc1', 'besylate'],
  ['Cc1ccc(S(=O)(=O)O)cc1', 'tosylate'],
  ['O=S(=O)(O)C(F)(F)F', 'triflate'],
  ['O=C(O)O', 'carbonate'],
  ['CO', 'methanol'],
  ['CCO', 'ethanol'],
  ['CC(C)O', 'isopropanol'],
  ['CC(C)=O', 'acetone'],
  ['CC#N', 'acetonitrile'],
  ['CS(C)=O', 'dimethyl sulfoxide'],
  ['CN(C)C=O', 'dimethylformamide'],
  ['ClCCl', 'dichloromethane'],
  ['ClC(Cl)Cl', 'chloroform'],
  ['C1COCCO1', 'dioxane'],
  ['C1CCOC1', 'tetrahydrofuran'],
  ['CCOC(C)=O', 'ethyl acetate'],
  ['CCN(CC)CC', 'triethylamine'],
  ['NC(CO)(CO)CO', 'tromethamine'],
  ['CNCC(O)C(O)C(O)C(O)CO', 'meglumine'],
]);

/** From this many heavy atoms on, a second organic fragment is a compound of its own and no salt former. */
const MIXTURE_HEAVY_ATOMS = 8;

const bracket = /\[(\d*)(\*|[A-Za-z][a-z]?)(@{0,2})(H\d*)?([+-]+\d*)?(:\d+)?\]/g;
/** Several fragments, an isotope, a charge or an atom map: all that may need work. */
const needsWork = /\.|\[\d|[+-]\d*\]|:\d+\]/;

/** Brings one structure, given as SMILES, into the form described at the top of this file. */
export async function standardiseSmiles(smiles: string, chemistry: Chemistry): Promise<Outcome<StandardLigand>> {
  const parsed = await chemistry.withSmiles(smiles.trim(), (molecule) => molecule.get_smiles());
  return parsed.ok ? standardiseCanonical(parsed.value, chemistry) : parsed;
}

/** The same for a mol block of an SD file. Stereo comes from wedges or 3D coordinates. */
export async function standardiseMolblock(molblock: string, chemistry: Chemistry): Promise<Outcome<StandardLigand>> {
  const parsed = await chemistry.withMolblock(molblock, (molecule) => molecule.get_smiles());
  return parsed.ok ? standardiseCanonical(parsed.value, chemistry) : parsed;
}

const refuse = (code: Rejection['code'], message: string): Outcome<never> => ({ ok: false, rejection: { code, message } });

async function standardiseCanonical(canonical: string, chemistry: Chemistry): Promise<Outcome<StandardLigand>> {
  if (canonical === '') return refuse('EMPTY', 'wanted a structure, found one without atoms');
  if (!needsWork.test(canonical)) return admit(canonical, [], []);
  const notes = new Set<StandardisationNote>();
  const choice = await chooseFragment(canonical.split('.'), notes, chemistry);
  if (!choice.ok) return choice;
  let kept = choice.value.kept;
  const withoutLabels = removeLabels(kept);
  if (withoutLabels !== kept) {
    if (/\[\d/.test(kept)) notes.add('ISOTOPE_REMOVED');
    kept = withoutLabels;
  }
  const neutral = neutralise(kept);
  if (neutral !== kept) notes.add('CHARGE_NEUTRALISED');
  kept = neutral;
  if (kept !== canonical) {
    const again = await chemistry.withSmiles(kept, (molecule) => molecule.get_smiles());
    if (!again.ok) return again;
    kept = again.value;
  }
  return admit(kept, choice.value.removed, [...notes]);
}

/** Checks elements and size of the final form. */
function admit(smiles: string, removedFragments: string[], notes: StandardisationNote[]): Outcome<StandardLigand> {
  const graph = graphFromCanonicalSmiles(smiles);
  let heavyAtoms = 0;
  let carbons = 0;
  let charged = false;
  for (let a = 0; a < graph.atomicNumbers.length; a++) {
    const z = graph.atomicNumbers[a]!;
    if (z === 0) return refuse('WILDCARD_ATOM', 'wanted a complete structure, found a wildcard atom (*)');
    if (!ligandElements.has(z)) {
      return refuse('UNSUPPORTED_ELEMENT', `wanted H, B, C, N, O, F, Si, P, S, Cl, Se, Br or I, found ${elementSymbols[z]}`);
    }
    if (z === 6) carbons++;
    if (z > 1) heavyAtoms++;
    if (graph.charges[a] !== 0) charged = true;
  }
  if (carbons === 0) return refuse('NO_CARBON', 'wanted an organic compound, found no carbon');
  // Pairs of opposite charges (nitro) are a way of writing; only a net charge is worth a note.
  if (charged && graph.charges.reduce((sum, charge) => sum + charge, 0) !== 0) notes.push('PERMANENT_CHARGE_KEPT');
  return { ok: true, value: { smiles, heavyAtoms, removedFragments, notes } };
}

interface Fragment {
  readonly smiles: string;
  readonly heavyAtoms: number;
  readonly protons: number;
  /** Neutral canonical SMILES without stereo: equal for copies in different states of charge. */
  readonly identity: string;
  /** Name, when the fragment is a known counter-ion or solvent. */
  readonly name: string | undefined;
  readonly organic: boolean;
}

async function readFragment(smiles: string, chemistry: Chemistry): Promise<Fragment> {
  const heavy = graphFromCanonicalSmiles(smiles).atomicNumbers.filter((z) => z > 1);
  const flat = await chemistry.withSmiles(neutralise(removeLabels(smiles)), (molecule) =>
    molecule.get_smiles('{"doIsomericSmiles":false}'),
  );
  const identity = flat.ok ? flat.value : smiles;
  return {
    smiles,
    heavyAtoms: heavy.length,
    protons: heavy.reduce((sum, z) => sum + z, 0),
    identity,
    name: companions.get(identity),
    organic: heavy.includes(6),
  };
}

async function chooseFragment(
  parts: string[],
  notes: Set<StandardisationNote>,
  chemistry: Chemistry,
): Promise<Outcome<{ kept: string; removed: string[] }>> {
  if (parts.length === 1) return { ok: true, value: { kept: parts[0]!, removed: [] } };
  const fragments: Fragment[] = [];
  for (const part of parts) fragments.push(await readFragment(part, chemistry));
  const organic = fragments.filter((fragment) => fragment.organic);
  if (organic.length === 0)
    return refuse('NO_CARBON', `wanted an organic compound, found ${parts.length} fragments without carbon`);
  const unknown = organic.filter((fragment) => fragment.name === undefined);
  // Sodium acetate is acetate: where every organic fragment is a known companion, the largest is the compound.
  const eligible = unknown.length > 0 ? unknown : organic;
  eligible.sort(
    (a, b) => b.heavyAtoms - a.heavyAtoms || b.protons - a.protons || (a.smiles < b.smiles ? -1 : a.smiles > b.smiles ? 1 : 0),
  );
  const kept = eligible[0]!;
  const rival = unknown.find((fragment) => fragment.identity !== kept.identity && fragment.heavyAtoms >= MIXTURE_HEAVY_ATOMS);
  if (rival !== undefined) {
    return refuse(
      'MIXTURE',
      `wanted one compound, found organic fragments of ${kept.heavyAtoms} and ${rival.heavyAtoms} heavy atoms`,
    );
  }
  const removed: string[] = [];
  for (const fragment of fragments) {
    if (fragment === kept) continue;
    const copy = fragment.identity === kept.identity;
    notes.add(copy ? 'REPEATED_FRAGMENT_REMOVED' : 'SALT_REMOVED');
    removed.push(copy ? 'copy of the compound' : (fragment.name ?? fragment.smiles));
  }
  return { ok: true, value: { kept: kept.smiles, removed } };
}

/** Rewrites bracket atoms of a canonical SMILES; atoms are numbered as written. */
function rewriteBrackets(
  smiles: string,
  rewrite: (parts: { symbol: string; chirality: string; hydrogens: number; charge: number }, whole: string) => string,
): string {
  return smiles.replace(
    bracket,
    (whole, _isotope: string, symbol: string, chirality: string, h: string | undefined, sign: string | undefined) => {
      const hydrogens = h === undefined ? 0 : h === 'H' ? 1 : Number(h.slice(1));
      const digits = sign?.replace(/^[+-]+/, '') ?? '';
      const magnitude = sign === undefined ? 0 : digits === '' ? sign.length : Number(digits);
      return rewrite({ symbol, chirality, hydrogens, charge: sign?.startsWith('-') ? -magnitude : magnitude }, whole);
    },
  );
}

function writeBracket(symbol: string, chirality: string, hydrogens: number, charge: number): string {
  const h = hydrogens === 0 ? '' : hydrogens === 1 ? 'H' : `H${hydrogens}`;
  const sign = charge === 0 ? '' : `${charge > 0 ? '+' : '-'}${Math.abs(charge) === 1 ? '' : Math.abs(charge)}`;
  return `[${symbol}${chirality}${h}${sign}]`;
}

/** Isotope labels and atom maps go; the atom stays. */
function removeLabels(smiles: string): string {
  return rewriteBrackets(smiles, ({ symbol, chirality, hydrogens, charge }, whole) =>
    /^\[\d|:/.test(whole) ? writeBracket(symbol, chirality, hydrogens, charge) : whole,
  );
}

/**
 * Moves protons until simple charges are gone. Works on the text: the n-th atom of the SMILES is atom n of its graph, whose neighbours tell which
 * charges belong to a pair.
 */
function neutralise(smiles: string): string {
  if (!/[+-]\d*\]/.test(smiles)) return smiles;
  const graph = graphFromCanonicalSmiles(smiles);
  const beside = (atom: number, sign: number): boolean => {
    for (let i = graph.neighbourStart[atom]!; i < graph.neighbourStart[atom + 1]!; i++) {
      if (Math.sign(graph.charges[graph.neighbourAtoms[i]!]!) === sign) return true;
    }
    return false;
  };
  const atomOfOffset = bracketAtoms(smiles);
  let occurrence = 0;
  return rewriteBrackets(smiles, ({ symbol, chirality, hydrogens, charge }, whole) => {
    const atom = atomOfOffset[occurrence++]!;
    if (charge > 0 && hydrogens > 0 && !beside(atom, -1)) {
      const protons = Math.min(charge, hydrogens);
      // A nitrogen that loses its proton inverts freely: its mark means nothing any more.
      return writeBracket(symbol, '', hydrogens - protons, charge - protons);
    }
    if (charge < 0 && ['N', 'O', 'S', 'Se', 'n', 'F', 'Cl', 'Br', 'I'].includes(symbol) && !beside(atom, 1)) {
      return writeBracket(symbol, chirality, hydrogens - charge, 0);
    }
    return whole;
  });
}

/** Atom numbers of the bracket atoms of a SMILES, in order. */
function bracketAtoms(smiles: string): number[] {
  const atoms: number[] = [];
  let index = 0;
  for (let i = 0; i < smiles.length; i++) {
    const character = smiles[i]!;
    if (character === '[') {
      atoms.push(index++);
      i = smiles.indexOf(']', i);
    } else if (/[A-Za-z*]/.test(character)) {
      index++;
      if ((character === 'C' && smiles[i + 1] === 'l') || (character === 'B' && smiles[i + 1] === 'r')) i++;
    }
  }
  return atoms;
}

/**
 * Hash of a canonical SMILES as 16 hex digits: equal for equal compounds. FNV-1a of 64 bits, followed by the finaliser of MurmurHash3, because
 * FNV-1a alone leaves the last characters out of the leading digits, by which compounds are grouped for the merge.
 */
export function duplicateKey(smiles: string): string {
  // Two halves of 32 bits; the prime 0x100000001b3 is 2^40 + 0x1b3, so the product needs no big integers.
  let low = 0x84222325;
  let high = 0xcbf29ce4;
  for (let i = 0; i < smiles.length; i++) {
    low = (low ^ (smiles.charCodeAt(i) & 0xff)) >>> 0;
    const product = low * 0x1b3;
    const carry = Math.floor(product / 4294967296);
    high = (Math.imul(high, 0x1b3) + carry + (low << 8)) >>> 0;
    low = product >>> 0;
  }
  let hash = (BigInt(high) << 32n) | BigInt(low);
  hash = BigInt.asUintN(64, (hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  hash = BigInt.asUintN(64, (hash ^ (hash >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return (hash ^ (hash >> 33n)).toString(16).padStart(16, '0');
}
