import { readFileSync } from 'node:fs';

export interface GoldenMolecule {
  readonly input: string;
  readonly canonical: string | null;
  readonly morgan: readonly number[];
  readonly counts: readonly number[];
  readonly scaffold: string;
  readonly descriptors: Readonly<Record<string, number>>;
}

const file = new URL('../../golden/molecule/rdkit.json', import.meta.url);

/** Molecules with the values that Python RDKit gives them; how the file is made stands in its header. */
export const golden: readonly GoldenMolecule[] = (JSON.parse(readFileSync(file, 'utf8')) as { molecules: GoldenMolecule[] })
  .molecules;

export const readable = golden.filter(
  (molecule): molecule is GoldenMolecule & { canonical: string } => molecule.canonical !== null,
);

/** Holds only what a standardised ligand may hold: no metals, no explicit hydrogen, at least one carbon. */
export const isLigandLike = (smiles: string): boolean => !/\[H|Na|K\+|Pt|As|\[Cl-\]|Li\+/.test(smiles) && /c|C(?!l)/.test(smiles);

/** A ring bond between aromatic atoms that is itself not aromatic, where counts of aromatic rings are a matter of definition. */
export const hasOpenAromaticSeam = (smiles: string): boolean => /[a-z]\d?-\d|-%?\d/.test(smiles);
