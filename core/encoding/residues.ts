/**
 * The twenty amino acids by their letters, and published numbers for each. The sources named with each scale are where the numbers come
 * from; on `comparedOn` they were held against public tables and abstracts that quote them, not against the papers' own pages. Those tables
 * agree, but for proline's volume, which a minority prints as 122.7 Å³.
 */

/** The order in which letters are numbered, everywhere. */
export const residueLetters = 'ACDEFGHIKLMNPQRSTVWY';

export const comparedOn = '2026-11-30';

export interface ResidueScale {
  name: string;
  unit: string;
  source: string;
  /** One value a letter, in the order of `residueLetters`. */
  values: readonly number[];
}

/** Free energy of transfer from water into the inside of a protein, as a dimensionless index: positive for what avoids water. */
export const hydropathy: ResidueScale = inOrder(
  'hydropathy',
  '1',
  'Kyte and Doolittle 1982, J. Mol. Biol. 157:105, table 2; doi 10.1016/0022-2836(82)90515-0',
  { A: 1.8, R: -4.5, N: -3.5, D: -3.5, C: 2.5, Q: -3.5, E: -3.5, G: -0.4, H: -3.2, I: 4.5 },
  { L: 3.8, K: -3.9, M: 1.9, F: 2.8, P: -1.6, S: -0.8, T: -0.7, W: -0.9, Y: -1.3, V: 4.2 },
);

/** Volume of the residue in solution. */
export const volume: ResidueScale = inOrder(
  'volume',
  'Å³',
  'Zamyatnin 1972, Prog. Biophys. Mol. Biol. 24:107; doi 10.1016/0079-6107(72)90005-3',
  { A: 88.6, R: 173.4, N: 114.1, D: 111.1, C: 108.5, Q: 143.8, E: 138.4, G: 60.1, H: 153.2, I: 166.7 },
  { L: 166.7, K: 168.6, M: 162.9, F: 189.9, P: 112.7, S: 89.0, T: 116.1, W: 227.8, Y: 193.6, V: 140.0 },
);

/**
 * pK of side chains in alanine pentapeptides, 25 °C, 0.1 M KCl. source: Thurlkill, Grimsley, Scholtz and Pace 2006, Protein Sci. 15:1214;
 * Asp as corrected by Grimsley, Scholtz and Pace 2009, Protein Sci. 18:247; Arg from Pace, Grimsley and Scholtz 2009, J. Biol. Chem. 284:13285.
 */
export const acidPk: Readonly<Record<string, number>> = { D: 3.9, E: 4.25, C: 8.55, Y: 9.84 };
export const basePk: Readonly<Record<string, number>> = { H: 6.54, K: 10.4, R: 12.3 };

/** Mean charge of a letter's side chain, unit e, by Henderson and Hasselbalch: a free side chain, not one that a pocket has shifted. */
export function sideChainCharge(letter: string, pH: number): number {
  const acid = acidPk[letter];
  if (acid !== undefined) return -1 / (1 + 10 ** (acid - pH));
  const base = basePk[letter];
  return base === undefined ? 0 : 1 / (1 + 10 ** (pH - base));
}

export const chargeAtPh7: ResidueScale = {
  name: 'charge at pH 7',
  unit: 'e',
  source: 'pK of Thurlkill et al. 2006, Protein Sci. 15:1214; doi 10.1110/ps.051840806',
  values: [...residueLetters].map((letter) => sideChainCharge(letter, 7)),
};

/** What the sequence state knows of a residue beside its letter. */
export const residueScales: readonly ResidueScale[] = [hydropathy, volume, chargeAtPh7];

function inOrder(name: string, unit: string, source: string, ...parts: Record<string, number>[]): ResidueScale {
  const all: Record<string, number> = Object.assign({}, ...parts);
  return { name, unit, source, values: [...residueLetters].map((letter) => all[letter]!) };
}
