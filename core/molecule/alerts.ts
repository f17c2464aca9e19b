import type { Chemistry, Mol, Outcome, RDKitModule } from './chemistry.ts';
import type { DescriptorName } from './descriptors.ts';
import { descriptorNames } from './descriptors.ts';

/** A substructure that makes a chemist look twice, and why. */
export interface StructuralAlert {
  readonly name: string;
  readonly smarts: string;
  readonly kind: 'reactive' | 'interferes' | 'toxicophore';
  readonly reason: string;
}

/**
 * A small set chosen for this product: groups that react with proteins or water, frequent causes of false positives in assays (after Baell and
 * Holloway 2010, J. Med. Chem. 53:2719, whose full list of filters is not repeated here), and toxicophores. An alert is a remark beside a
 * candidate; it never removes one.
 */
export const structuralAlerts: readonly StructuralAlert[] = [
  { name: 'acyl halide', smarts: '[CX3](=[OX1])[F,Cl,Br,I]', kind: 'reactive', reason: 'acylates nucleophiles and water' },
  { name: 'sulfonyl halide', smarts: '[SX4](=[OX1])(=[OX1])[F,Cl,Br,I]', kind: 'reactive', reason: 'sulfonylates nucleophiles' },
  { name: 'anhydride', smarts: '[CX3](=[OX1])[OX2][CX3]=[OX1]', kind: 'reactive', reason: 'acylates nucleophiles and water' },
  {
    name: 'isocyanate or isothiocyanate',
    smarts: '[NX2]=[CX2]=[O,S]',
    kind: 'reactive',
    reason: 'carbamoylates amines and thiols',
  },
  { name: 'aldehyde', smarts: '[CX3H1](=[OX1])[#6]', kind: 'reactive', reason: 'forms imines with lysine' },
  {
    name: 'epoxide, aziridine or thiirane',
    smarts: '[CX4]1[O,N,S][CX4]1',
    kind: 'reactive',
    reason: 'strained ring that alkylates',
  },
  { name: 'alkyl bromide or iodide', smarts: '[CX4;!$(C(F)(F))][Br,I]', kind: 'reactive', reason: 'alkylates nucleophiles' },
  { name: 'alpha-halo carbonyl', smarts: '[CX3](=[OX1])[CX4;H1,H2][Cl,Br,I]', kind: 'reactive', reason: 'alkylates cysteine' },
  {
    name: 'acrylamide, enone or vinyl sulfone',
    smarts: '[CX3H2,CX3H1;!R]=[CX3H1;!R][$([CX3]=[OX1]),$(S(=O)=O)]',
    kind: 'reactive',
    reason: 'Michael acceptor',
  },
  { name: 'maleimide', smarts: 'O=C1C=CC(=O)N1', kind: 'reactive', reason: 'Michael acceptor that takes thiols' },
  {
    name: 'quinone',
    smarts: 'O=C1[#6]~[#6]C(=O)[#6]~[#6]1',
    kind: 'interferes',
    reason: 'cycles between redox states and takes thiols',
  },
  {
    name: 'ortho-quinone',
    smarts: 'O=C1C(=O)[#6]~[#6][#6]~[#6]1',
    kind: 'interferes',
    reason: 'cycles between redox states and takes thiols',
  },
  { name: 'catechol', smarts: '[OH]c1c([OH])cccc1', kind: 'interferes', reason: 'oxidises to a quinone and binds metals' },
  { name: 'rhodanine', smarts: 'S=C1[N]C(=O)CS1', kind: 'interferes', reason: 'frequent hitter' },
  {
    name: 'ylidene rhodanine',
    smarts: '[#6]=C1SC(=[O,S,N])[#7]C1=O',
    kind: 'interferes',
    reason: 'frequent hitter and Michael acceptor',
  },
  { name: 'hydroxyphenyl hydrazone', smarts: '[OH]c1ccccc1C=N[#7]', kind: 'interferes', reason: 'binds metals' },
  { name: 'alkylidene barbiturate', smarts: '[#6]=C1C(=O)NC(=[O,S])NC1=O', kind: 'interferes', reason: 'frequent hitter' },
  { name: 'azo', smarts: '[#6;!$(C=O)]N=N[#6;!$(C=O)]', kind: 'interferes', reason: 'coloured, and is reduced to anilines' },
  {
    name: 'para-aminophenol Mannich base',
    smarts: '[OH]c1ccccc1[CX4H2][NX3;!$(N-C=O)]',
    kind: 'interferes',
    reason: 'eliminates to a quinone methide',
  },
  { name: 'thiol', smarts: '[SX2H]', kind: 'interferes', reason: 'forms disulfides and binds metals' },
  { name: 'disulfide', smarts: '[SX2][SX2]', kind: 'interferes', reason: 'exchanges with cysteine' },
  { name: 'peroxide', smarts: '[OX2][OX2]', kind: 'reactive', reason: 'oxidises' },
  { name: 'nitro arene', smarts: 'a[N+](=O)[O-]', kind: 'toxicophore', reason: 'is reduced to mutagenic species' },
  {
    name: 'primary aniline',
    smarts: '[NX3H2]c1[c,n][c,n][c,n][c,n][c,n]1',
    kind: 'toxicophore',
    reason: 'is oxidised to reactive metabolites',
  },
  { name: 'nitroso', smarts: '[#6,#7][NX2]=[OX1]', kind: 'toxicophore', reason: 'mutagenic' },
  {
    name: 'hydrazine',
    smarts: '[NX3;!$(N-C=O);!$(N-S=O);!R][NX3;!$(N-C=O);!$(N-S=O);!R]',
    kind: 'toxicophore',
    reason: 'reactive metabolites',
  },
  { name: 'azide or diazo', smarts: '[$([#6]=[N+]=[N-]),$(N=[N+]=[N-])]', kind: 'reactive', reason: 'unstable' },
  { name: 'nitrogen mustard', smarts: '[NX3]CC[Cl,Br,I]', kind: 'toxicophore', reason: 'alkylates DNA' },
  { name: 'beta-lactone', smarts: 'O=C1OCC1', kind: 'reactive', reason: 'strained ring that acylates' },
  { name: 'thiocarbonyl', smarts: '[#6]=[SX1]', kind: 'toxicophore', reason: 'is oxidised to reactive metabolites' },
];

const compiled = new WeakMap<RDKitModule, Mol[]>();

function patternsOf(rdkit: RDKitModule): Mol[] {
  const known = compiled.get(rdkit);
  if (known !== undefined) return known;
  const patterns = structuralAlerts.map(({ name, smarts }) => {
    const pattern = rdkit.get_qmol(smarts);
    if (pattern === null) throw new Error(`wanted valid SMARTS for the alert '${name}', found none`);
    return pattern;
  });
  compiled.set(rdkit, patterns);
  return patterns;
}

/** Alerts found in one compound, in the order of {@link structuralAlerts}. */
export async function findAlerts(smiles: string, chemistry: Chemistry): Promise<Outcome<StructuralAlert[]>> {
  return chemistry.withSmiles(smiles, (molecule, rdkit) => {
    const patterns = patternsOf(rdkit);
    return structuralAlerts.filter((_alert, i) => molecule.get_substruct_match(patterns[i]!) !== '{}');
  });
}

export interface DrugLikeness {
  /** Rules of five that are broken, 0 to 4 (Lipinski et al. 1997, Adv. Drug Deliv. Rev. 23:3). */
  readonly lipinskiViolations: number;
  /** At most 10 rotatable bonds and 140 square angstroms of polar surface (Veber et al. 2002, J. Med. Chem. 45:2615). */
  readonly veber: boolean;
}

/** Property columns of a candidate from its descriptors, shape [D] as `describeMolecule` gives them. */
export function judgeDrugLikeness(descriptors: ArrayLike<number>): DrugLikeness {
  const value = (name: DescriptorName): number => descriptors[descriptorNames.indexOf(name)]!;
  const broken = [
    value('molecularWeight') > 500,
    value('logP') > 5,
    value('hydrogenBondDonors') > 5,
    value('hydrogenBondAcceptors') > 10,
  ];
  return {
    lipinskiViolations: broken.filter(Boolean).length,
    veber: value('rotatableBonds') <= 10 && value('polarSurfaceAngstrom2') <= 140,
  };
}
