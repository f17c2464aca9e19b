"""Distances, fits and bonds of a trajectory. All coordinates in angstrom."""

import numpy as np
from rdkit import Chem

CONTACT_ANGSTROM = 4.5
HYDROGEN_BOND_ANGSTROM = 2.5  # hydrogen to acceptor
HYDROGEN_BOND_DEGREES = 120.0  # donor, hydrogen, acceptor
MAX_SYMMETRIES = 2000


def fit(mobile: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation R and shift t so that mobile @ R + t lies on target with the least squares.

    source  Kabsch 1976, Acta Cryst. A32:922
    """
    a, b = mobile.mean(0), target.mean(0)
    u, _, v = np.linalg.svd((mobile - a).T @ (target - b))
    turn = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
    rotation = u @ turn @ v
    return rotation, b - a @ rotation


def symmetries(molecule: Chem.Mol) -> np.ndarray:
    """Orders of the heavy atoms that leave the molecule the same: [S, heavy atoms]. Hydrogens and charges are left out of the
    comparison."""
    heavy = Chem.RemoveHs(molecule)
    plain = Chem.RWMol(heavy)
    for atom in plain.GetAtoms():
        atom.SetFormalCharge(0)
        atom.SetNoImplicit(True)
        atom.SetNumExplicitHs(0)
    for bond in plain.GetBonds():
        # A carboxylate's two oxygens are one: resonance would hide it.
        bond.SetBondType(Chem.BondType.SINGLE)
        bond.SetIsAromatic(False)
    for atom in plain.GetAtoms():
        atom.SetIsAromatic(False)
    return np.array(plain.GetSubstructMatches(plain, uniquify=False, maxMatches=MAX_SYMMETRIES))


def ligand_rmsd(
    frames: np.ndarray, reference: np.ndarray, pocket: list[int], ligand: list[int], orders: np.ndarray
) -> np.ndarray:
    """RMSD of the ligand's heavy atoms per frame after fitting the pocket's backbone, least over the symmetric orders.

    shapes  frames [F, N, 3], reference [N, 3], pocket and ligand: atom indices, orders [S, len(ligand)]; result [F]
    """
    target = reference[ligand]
    result = []
    for frame in frames:
        rotation, shift = fit(frame[pocket], reference[pocket])
        moved = frame[ligand] @ rotation + shift
        result.append(min(float(np.sqrt(((moved[order] - target) ** 2).sum(1).mean())) for order in orders))
    return np.array(result)


def contacts(frame: np.ndarray, ligand: list[int], residues: dict[str, list[int]]) -> set[str]:
    """Residues with a heavy atom within 4.5 A of a heavy atom of the ligand."""
    own = frame[ligand]
    found = set()
    for label, atoms in residues.items():
        squares = ((frame[atoms][:, None, :] - own[None, :, :]) ** 2).sum(-1)
        if squares.min() < CONTACT_ANGSTROM**2:
            found.add(label)
    return found


def hydrogen_bonds(
    frame: np.ndarray, donors: list[tuple[int, int]], acceptors: list[int], is_ligand: np.ndarray
) -> list[tuple[int, int]]:
    """(donor, acceptor) pairs between ligand and protein: H to acceptor below 2.5 A, angle at H above 120 degrees. `donors`:
    (heavy atom, hydrogen)."""
    if not donors or not acceptors:
        return []
    heavy, hydrogen = np.array(donors).T
    acceptor = np.array(acceptors)
    vectors = frame[acceptor][None, :, :] - frame[hydrogen][:, None, :]
    lengths = np.sqrt((vectors**2).sum(-1))
    back = frame[heavy] - frame[hydrogen]
    cosine = (vectors * back[:, None, :]).sum(-1) / np.maximum(lengths * np.sqrt((back**2).sum(-1))[:, None], 1e-9)
    across = is_ligand[heavy][:, None] != is_ligand[acceptor][None, :]
    hits = across & (lengths < HYDROGEN_BOND_ANGSTROM) & (cosine < np.cos(np.radians(HYDROGEN_BOND_DEGREES)))
    return sorted({(int(heavy[i]), int(acceptor[j])) for i, j in zip(*np.nonzero(hits))})
