/**
 * The tokens of SMILES as plain data. An id is the place in this list.
 *
 * Every atom is one token, its brackets, charge, hydrogens and chirality included, as RDKit writes them in canonical SMILES. Isotopes and atom
 * maps are not here: the standard form of a compound (core/molecule/standardise.ts) has none. Metals are here because structures that are read
 * before standardisation have them. What is in no line below is unknown.
 *
 * A trained model holds one row of weights a token, so the list of a version never changes: a new list is a new version.
 */

/** The end is written as nothing; the unknown as `?`, which no parser of SMILES accepts. */
const special = ['<end>', '?'] as const;

/** One token for each corpus, the first of a sequence: it says whose chemistry follows. */
export const sources = ['moses', 'aid1706'] as const;
export type Source = (typeof sources)[number];

const bondsAndBranches = '- = # $ : / \\ ~ -> <- ( ) .';
const ringClosures = '1 2 3 4 5 6 7 8 9 %10 %11 %12 %13 %14 %15 %16 %17 %18 %19 %20';
const plainAtoms = '* B C N O P S F Cl Br I b c n o p s';
const bracketAtoms = `
  [C@] [C@@] [C@H] [C@@H] [C] [CH] [CH2] [CH3] [C-] [CH-] [CH2-] [C+] [CH+] [c] [c-] [cH-] [c+] [cH+]
  [nH] [n+] [n-] [nH+] [n] [N+] [N-] [NH+] [NH2+] [NH3+] [NH-] [N] [NH] [NH2] [N@] [N@@] [N@+] [N@@+] [N@H+] [N@@H+]
  [O-] [O+] [OH+] [OH-] [O] [OH] [o+]
  [S@] [S@@] [S@+] [S@@+] [S+] [S-] [SH+] [S] [SH] [s+]
  [P@] [P@@] [P+] [P-] [P] [PH] [PH+] [p]
  [B-] [BH-] [BH2-] [BH3-] [B] [BH]
  [Si] [SiH] [SiH2] [SiH3] [Si-] [Se] [SeH] [Se+] [Se-] [se] [se+] [Te] [te] [As] [AsH] [As+] [Ge]
  [F-] [Cl-] [Br-] [I-] [F] [Cl] [Br] [I] [IH] [I+] [Cl+3] [H] [H+]`;
const metals = `
  [Li] [Li+] [Na] [Na+] [K] [K+] [Mg] [Mg+2] [Ca] [Ca+2] [Ba+2] [Al] [Al+3] [Ga] [Sn] [Pb] [Sb] [Bi] [Ti] [Zr] [V] [Cr] [Mo] [W] [Mn] [Mn+2] [Re]
  [Fe] [Fe+2] [Fe+3] [Ru] [Ru+2] [Co] [Co+2] [Co+3] [Rh] [Ir] [Ni] [Ni+2] [Pd] [Pd+2] [Pt] [Pt+2] [Cu] [Cu+] [Cu+2] [Ag] [Ag+] [Au] [Au+] [Zn] [Zn+2]
  [Cd] [Hg] [Hg+2]`;

const words = (text: string): string[] => text.trim().split(/\s+/);

export interface SmilesVocabulary {
  /** Names the list; written beside weights and packed tokens. */
  readonly version: string;
  /** Token of each id: end, unknown, a token a source, then atoms, bonds, branches and rings. */
  readonly tokens: readonly string[];
}

export const smilesVocabulary: SmilesVocabulary = {
  version: 'smiles-tokens/1',
  tokens: [
    ...special,
    ...sources.map((source) => `<${source}>`),
    ...[plainAtoms, bondsAndBranches, ringClosures, bracketAtoms, metals].flatMap(words),
  ],
};
