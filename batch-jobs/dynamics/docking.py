"""A pose from AutoDock Vina when the job gives none. One thread, a fixed seed: the same input gives the same pose."""

import numpy as np
from rdkit import Chem

from .refusal import Failure, Refusal

VINA_MAX_BOX = 30.0
MARGIN_ANGSTROM = 4.0


def box_around(points: np.ndarray | None, given: dict | None, molecule: Chem.Mol) -> tuple[list[float], list[float]]:
    """Centre and size in angstrom: the job's box, or the reference pose with a margin, never smaller than the ligand can turn
    in."""
    if given is not None:
        return list(map(float, given["centreAngstrom"])), list(map(float, given["sizeAngstrom"]))
    if points is None:
        raise Refusal("NO_BOX", "wanted a pose, a reference ligand with a pose, or a box in the job, found none of them")
    own = molecule.GetConformer().GetPositions()
    gyration = float(np.sqrt(((own - own.mean(0)) ** 2).sum(1).mean()))
    low, high = points.min(0) - MARGIN_ANGSTROM, points.max(0) + MARGIN_ANGSTROM
    # 2.9 times the radius of gyration: Feinstein and Brylinski 2015, J. Cheminform. 7:18.
    size = np.clip(np.maximum(high - low, 2.9 * gyration), 16.0, VINA_MAX_BOX)
    return [round(float(x), 3) for x in (low + high) / 2], [round(float(x), 3) for x in size]


def dock(
    molecule: Chem.Mol, receptor_pdbqt_path: str, centre: list[float], size: list[float], settings: dict, seed: int
) -> tuple[Chem.Mol, list[float]]:
    """Best pose (same atoms and order as `molecule`) and the scores in kcal/mol, best first. Failure DOCKING_FAILED."""
    from meeko import MoleculePreparation, PDBQTMolecule, PDBQTWriterLegacy, RDKitMolCreate
    from vina import Vina

    try:
        setup = MoleculePreparation().prepare(molecule)[0]
        text, good, told = PDBQTWriterLegacy.write_string(setup)
        if not good:
            raise ValueError(told)
        vina = Vina(sf_name="vina", cpu=1, seed=seed, verbosity=0)
        vina.set_receptor(receptor_pdbqt_path)
        vina.set_ligand_from_string(text)
        vina.compute_vina_maps(center=centre, box_size=size)
        vina.dock(exhaustiveness=settings["exhaustiveness"], n_poses=settings["poses"], max_evals=settings["maxEvaluations"])
        scores = [round(float(row[0]), 3) for row in vina.energies(n_poses=settings["poses"])]
        docked = RDKitMolCreate.from_pdbqt_mol(PDBQTMolecule(vina.poses(n_poses=1), skip_typing=True))[0]
    except Exception as error:
        raise Failure("DOCKING_FAILED", f"wanted a pose from Vina, found: {type(error).__name__}: {str(error)[:200]}") from error
    bare = Chem.RemoveHs(molecule)
    found = Chem.RemoveHs(docked)
    match = found.GetSubstructMatch(bare, useChirality=True) or found.GetSubstructMatch(bare)
    if len(match) != bare.GetNumAtoms():
        raise Failure(
            "DOCKING_FAILED",
            f"wanted the pose of {bare.GetNumAtoms()} heavy atoms, found {found.GetNumAtoms()} that do not match",
        )
    source = found.GetConformer(0)
    conformer = Chem.Conformer(bare.GetNumAtoms())
    for index, there in enumerate(match):
        conformer.SetAtomPosition(index, source.GetAtomPosition(there))
    bare.RemoveAllConformers()
    bare.AddConformer(conformer)
    return Chem.AddHs(bare, addCoords=True), scores
