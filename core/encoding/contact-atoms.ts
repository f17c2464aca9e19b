/**
 * Atoms as contacts see them, and the roles of a protein's atoms by residue and atom name (PDB names, heavy atoms).
 *
 * hydrophobic  carbon with carbon and hydrogen neighbours only (Salentin et al. 2015, Nucleic Acids Res. 43:W443)
 * donor, acceptor  heavy atoms that give or take a hydrogen bond in proteins (Baker and Hubbard 1984, Prog. Biophys. Mol. Biol. 44:97);
 *              sulfur is neither. Both nitrogens of histidine are both, since a structure often does not tell its tautomer
 * charge       at pH 7, shared by the equivalent atoms of a group; histidine is neutral (`residues.ts`)
 */

export interface ContactAtom {
  /** Symbol, as "C" or "Cl". */
  element: string;
  /** Å */
  x: number;
  y: number;
  z: number;
  /** Unit e: formal, or its share where a group carries one. */
  charge: number;
  hydrophobic: boolean;
  donor: boolean;
  acceptor: boolean;
  aromatic: boolean;
  /** A ligand's warhead atom, or a pocket's nucleophile. */
  reactive: boolean;
}

/** Halogens with a σ-hole; fluorine has none. source: Auffinger et al. 2004, Proc. Natl. Acad. Sci. 101:16789 */
export const halogenDonors: ReadonlySet<string> = new Set(['Cl', 'Br', 'I']);

/** Metals that proteins bind. source: Harding, Nowicki and Walkinshaw 2010, Crystallogr. Rev. 16:247 */
export const metalElements: ReadonlySet<string> = new Set(['Na', 'Mg', 'K', 'Ca', 'Mn', 'Fe', 'Co', 'Ni', 'Cu', 'Zn']);

interface Roles {
  hydrophobic?: string;
  donor?: string;
  acceptor?: string;
  aromatic?: string;
  reactive?: string;
  /** Atoms over which `charge` is spread evenly. */
  charged?: string;
  charge?: number;
}

const aminoAcids: ReadonlyMap<string, Roles> = new Map<string, Roles>(
  Object.entries({
    ALA: { hydrophobic: 'CB' },
    ARG: { hydrophobic: 'CB CG', donor: 'NE NH1 NH2', charged: 'NE NH1 NH2', charge: 1 },
    ASN: { hydrophobic: 'CB', donor: 'ND2', acceptor: 'OD1' },
    ASP: { hydrophobic: 'CB', acceptor: 'OD1 OD2', charged: 'OD1 OD2', charge: -1 },
    CYS: { reactive: 'SG' },
    GLN: { hydrophobic: 'CB CG', donor: 'NE2', acceptor: 'OE1' },
    GLU: { hydrophobic: 'CB CG', acceptor: 'OE1 OE2', charged: 'OE1 OE2', charge: -1 },
    GLY: {},
    HIS: { hydrophobic: 'CB', donor: 'ND1 NE2', acceptor: 'ND1 NE2', aromatic: 'CG ND1 CD2 CE1 NE2' },
    ILE: { hydrophobic: 'CB CG1 CG2 CD1' },
    LEU: { hydrophobic: 'CB CG CD1 CD2' },
    LYS: { hydrophobic: 'CB CG CD', donor: 'NZ', reactive: 'NZ', charged: 'NZ', charge: 1 },
    MET: { hydrophobic: 'CB' },
    PHE: { hydrophobic: 'CB CG CD1 CD2 CE1 CE2 CZ', aromatic: 'CG CD1 CD2 CE1 CE2 CZ' },
    PRO: { hydrophobic: 'CB CG' },
    SER: { donor: 'OG', acceptor: 'OG', reactive: 'OG' },
    THR: { hydrophobic: 'CG2', donor: 'OG1', acceptor: 'OG1', reactive: 'OG1' },
    TRP: { hydrophobic: 'CB CG CD2 CE3 CZ2 CZ3 CH2', donor: 'NE1', aromatic: 'CG CD1 CD2 NE1 CE2 CE3 CZ2 CZ3 CH2' },
    TYR: { hydrophobic: 'CB CG CD1 CD2 CE1 CE2', donor: 'OH', acceptor: 'OH', aromatic: 'CG CD1 CD2 CE1 CE2 CZ' },
    VAL: { hydrophobic: 'CB CG1 CG2' },
  }),
);
const water: Roles = { donor: 'O', acceptor: 'O' };

export interface NamedAtom {
  /** Three letters as in a PDB file; HOH for water. A metal ion may have any residue name. */
  residue: string;
  /** As in a PDB file, without blanks: "CA", "OD1". */
  name: string;
  /** Symbol, as "Zn": a PDB file writes it in capitals. */
  element: string;
  x: number;
  y: number;
  z: number;
}

/** A pocket atom with its roles; hydrogens have none. Throws RangeError for a residue that is neither an amino acid, water nor a metal. */
export function pocketAtom({ residue, name, element, x, y, z }: NamedAtom): ContactAtom {
  const roles = rolesOf(residue, element);
  const isIn = (names: string | undefined) => names?.split(' ').includes(name) ?? false;
  const backbone = aminoAcids.has(residue);
  return {
    element,
    x,
    y,
    z,
    charge: isIn(roles.charged) ? roles.charge! / roles.charged!.split(' ').length : 0,
    hydrophobic: isIn(roles.hydrophobic),
    donor: isIn(roles.donor) || (backbone && name === 'N' && residue !== 'PRO'),
    acceptor: isIn(roles.acceptor) || (backbone && (name === 'O' || name === 'OXT')),
    aromatic: isIn(roles.aromatic),
    reactive: isIn(roles.reactive),
  };
}

function rolesOf(residue: string, element: string): Roles {
  if (metalElements.has(element)) return {};
  const roles = residue === 'HOH' ? water : aminoAcids.get(residue);
  if (roles === undefined) throw new RangeError(`wanted an amino acid, water or a metal in the pocket, found residue ${residue}`);
  return roles;
}
