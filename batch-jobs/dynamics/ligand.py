"""From a SMILES and perhaps a pose to one molecule with all hydrogens and a fixed order of atoms: heavy atoms first, then
hydrogens."""

from dataclasses import dataclass, field

import numpy as np
from rdkit import Chem, RDLogger
from rdkit.Chem import AllChem, rdMolHash
from rdkit.Chem.MolStandardize import rdMolStandardize

from .refusal import Refusal
from .seeds import derive_seed

RDLogger.DisableLog("rdApp.*")  # its messages quote the SMILES

ELEMENTS = {"H", "C", "N", "O", "F", "P", "S", "Cl", "Br", "I"}
MAX_HEAVY_ATOMS = 70

# Groups whose charge at a given pH is beyond doubt by more than a unit: (name, SMARTS, atom in the match, pKa class, charge
# gained).
PROTONATION_RULES = (
    ("carboxylic acid", "[CX3](=O)[OX2H1]", 2, 4.3, -1),
    ("sulfonic acid", "[SX4](=O)(=O)[OX2H1]", 3, 1.0, -1),
    ("tetrazole", "[#6]c1[nX3H1]nnn1", 2, 4.7, -1),
    ("guanidine", "[NX3;!$(N[C,S]=O)][CX3](=[NX2;!$(N[C,S]=O);!$(N[S,N]);!$(Nc)])[NX3;!$(N[C,S]=O)]", 2, 12.5, 1),
    ("acylguanidine", "[NX3;$(N[C,S]=O)][CX3](=[NX2;!$(N[S,N])])[NX3]", 2, 7.2, 1),
    ("amidine", "[#6][CX3](=[NX2;!$(N[C,S]=O);!$(N[O,N,S])])[NX3;!$(N[C,S]=O);!$(N[O,N,S])]", 2, 11.0, 1),
    ("aliphatic amine", "[NX3;!$(N[!#6]);!$(N[#6;!X4]);!$(N[CX4]F);$(N[CX4])]", 0, 9.8, 1),
)


@dataclass
class Ligand:
    molecule: Chem.Mol  # explicit hydrogens; has a conformer once placed
    placed: bool
    notes: list[dict] = field(default_factory=list)


def note(code: str, message: str) -> dict:
    return {"code": code, "message": message}


def _parse(smiles: str, notes: list[dict]) -> Chem.Mol:
    if len(smiles) > 4000:
        raise Refusal(
            "LIGAND_TOO_LARGE", f"wanted at most {MAX_HEAVY_ATOMS} heavy atoms, found a SMILES of {len(smiles)} characters"
        )
    molecule = Chem.MolFromSmiles(smiles) if smiles.strip() else None
    if molecule is None or molecule.GetNumAtoms() == 0:
        raise Refusal("BAD_SMILES", f"wanted a SMILES that RDKit reads, found {len(smiles)} characters that it does not")
    fragments = Chem.GetMolFrags(molecule, asMols=True)
    if len(fragments) > 1:
        fragments = sorted(fragments, key=lambda part: (-part.GetNumHeavyAtoms(), Chem.MolToSmiles(part)))
        notes.append(
            note(
                "SALT_REMOVED",
                f"kept the largest of {len(fragments)} fragments, dropped {sum(p.GetNumHeavyAtoms() for p in fragments[1:])} heavy atoms",
            )
        )
        molecule = fragments[0]
    strange = sorted({atom.GetSymbol() for atom in molecule.GetAtoms()} - ELEMENTS)
    if strange:
        raise Refusal(
            "UNSUPPORTED_ELEMENT", f"wanted {', '.join(sorted(ELEMENTS))} (GAFF2 and AM1-BCC), found {', '.join(strange)}"
        )
    if any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms()):
        raise Refusal("RADICAL", "wanted a closed shell, found unpaired electrons")
    if molecule.GetNumHeavyAtoms() > MAX_HEAVY_ATOMS:
        raise Refusal("LIGAND_TOO_LARGE", f"wanted at most {MAX_HEAVY_ATOMS} heavy atoms, found {molecule.GetNumHeavyAtoms()}")
    return molecule


def protonate(molecule: Chem.Mol, ph: float, notes: list[dict]) -> Chem.Mol:
    """Charges groups of PROTONATION_RULES whose class lies over a unit from the pH; one basic nitrogen a molecule, the
    strongest."""
    editable = Chem.RWMol(molecule)
    based = False
    for name, smarts, position, pka, charge in PROTONATION_RULES:
        if (charge < 0 and ph < pka + 1) or (charge > 0 and ph > pka - 1):
            if abs(ph - pka) <= 1 and editable.HasSubstructMatch(Chem.MolFromSmarts(smarts)):
                notes.append(
                    note("CHARGE_UNDECIDED", f"{name} left as written: its class pKa {pka:g} is within a unit of pH {ph:g}")
                )
            continue
        for match in editable.GetSubstructMatches(Chem.MolFromSmarts(smarts)):
            atom = editable.GetAtomWithIdx(match[position])
            if atom.GetFormalCharge() or (charge > 0 and based):
                continue
            hydrogens = atom.GetTotalNumHs()
            if charge < 0 and hydrogens == 0:
                continue
            based = based or charge > 0
            atom.SetFormalCharge(charge)
            atom.SetNoImplicit(True)
            atom.SetNumExplicitHs(hydrogens + charge)
            notes.append(
                note("PROTONATED", f"{name} set to charge {charge:+d} at pH {ph:g} (class pKa {pka:g}, a rule and no prediction)")
            )
    result = editable.GetMol()
    Chem.SanitizeMol(result)
    return result


def _skeleton(molecule: Chem.Mol) -> str:
    """Equal for tautomers and protonation states of one compound."""
    neutral = rdMolStandardize.Uncharger().uncharge(Chem.RemoveHs(molecule))
    return rdMolHash.MolHash(neutral, rdMolHash.HashFunction.HetAtomTautomer).rsplit("_", 2)[0]


def read_pose(path: str) -> Chem.Mol:
    """First record of an SDF with 3D coordinates. Refusal BAD_POSE otherwise."""
    with open(path, "rb") as file:
        supplier = Chem.ForwardSDMolSupplier(file, removeHs=False)
        molecule = next(iter(supplier), None)
    if molecule is None:
        raise Refusal("BAD_POSE", "wanted an SDF whose first record RDKit reads, found none")
    positions = molecule.GetConformer().GetPositions() if molecule.GetNumConformers() else np.zeros((0, 3))
    if (
        len(positions) < 2
        or not molecule.GetConformer().Is3D()
        or not np.isfinite(positions).all()
        or np.ptp(positions, axis=0).max() < 0.5
    ):
        raise Refusal("BAD_POSE", "wanted a pose with 3D coordinates, found none")
    return molecule


def heavy_positions(molecule: Chem.Mol) -> np.ndarray:
    """Angstrom, [heavy atoms, 3]."""
    heavy = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 1]
    return molecule.GetConformer().GetPositions()[heavy]


def with_hydrogens(molecule: Chem.Mol) -> Chem.Mol:
    """All hydrogens explicit and after the heavy atoms; hydrogens that the input placed keep their places."""
    given: dict[int, list] = {}
    order = [atom.GetIdx() for atom in molecule.GetAtoms() if atom.GetAtomicNum() > 1]
    rank = {index: position for position, index in enumerate(order)}
    positions = molecule.GetConformer().GetPositions()
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() == 1 and atom.GetDegree() == 1:
            given.setdefault(rank[atom.GetNeighbors()[0].GetIdx()], []).append(positions[atom.GetIdx()])
    parameters = Chem.RemoveHsParameters()
    parameters.removeIsotopes = True
    bare = Chem.RemoveHs(molecule, parameters)
    Chem.AssignStereochemistryFrom3D(bare)
    full = Chem.AddHs(bare, addCoords=True)
    conformer = full.GetConformer()
    for atom in full.GetAtoms():
        if atom.GetAtomicNum() == 1:
            waiting = given.get(atom.GetNeighbors()[0].GetIdx())
            if waiting:
                conformer.SetAtomPosition(atom.GetIdx(), waiting.pop(0).tolist())
    return full


def embed(molecule: Chem.Mol, seed: int) -> Chem.Mol:
    """A 3D conformer relaxed with MMFF94 (UFF where MMFF has no types). Refusal EMBEDDING_FAILED."""
    full = Chem.AddHs(Chem.RemoveHs(molecule))
    full.RemoveAllConformers()
    for random_coordinates in (False, True):
        if AllChem.EmbedMolecule(full, randomSeed=seed, useRandomCoords=random_coordinates, maxAttempts=50) == 0:
            break
    else:
        raise Refusal(
            "EMBEDDING_FAILED", "wanted a 3D conformer, found none in 100 attempts (impossible stereochemistry or strain)"
        )
    if AllChem.MMFFHasAllMoleculeParams(full):
        AllChem.MMFFOptimizeMolecule(full, maxIters=5000)
    elif AllChem.UFFHasAllMoleculeParams(full):
        AllChem.UFFOptimizeMolecule(full, maxIters=5000)
    return full


def prepare_ligand(smiles: str, pose_path: str | None, protonation: str, ph: float, seed: int) -> Ligand:
    """Checks the compound and gives it hydrogens and coordinates; `placed` tells whether these are a pose in the protein's
    frame."""
    notes: list[dict] = []
    molecule = _parse(smiles, notes)
    if pose_path is None:
        if protonation == "rules":
            molecule = protonate(molecule, ph, notes)
        centres = Chem.FindMolChiralCenters(molecule, includeUnassigned=True, useLegacyImplementation=False)
        open_centres = sum(label == "?" for _, label in centres)
        if open_centres:
            notes.append(
                note(
                    "STEREO_CHOSEN",
                    f"{open_centres} stereo centres are not given; the worker took one isomer, the one its seed embeds",
                )
            )
        return Ligand(embed(molecule, derive_seed(seed, "embed")), False, notes)
    pose = read_pose(pose_path)
    if any(atom.GetNumRadicalElectrons() for atom in pose.GetAtoms()):
        raise Refusal("POSE_MISMATCH", "wanted a pose of the closed-shell compound, found unpaired electrons in it")
    pose = with_hydrogens(pose)
    if len(Chem.GetMolFrags(pose)) != 1 or _skeleton(pose) != _skeleton(molecule):
        raise Refusal("POSE_MISMATCH", "wanted the pose of the compound that the SMILES names, found another molecule")
    flat_pose, flat = (Chem.MolToSmiles(Chem.RemoveHs(m), isomericSmiles=False) for m in (pose, molecule))
    if flat_pose != flat:
        notes.append(note("POSE_STATE_USED", "pose and SMILES differ in protonation or tautomer; the pose's was simulated"))
    elif not Chem.RemoveHs(pose).HasSubstructMatch(molecule, useChirality=True):
        raise Refusal("POSE_MISMATCH", "wanted the stereoisomer that the SMILES names, found another in the pose")
    return Ligand(pose, True, notes)
