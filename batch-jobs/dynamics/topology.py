"""Builds the Amber system of protein and ligand (ff14SB, GAFF2), cuts the pocket out in whole residues, and looks for clashes
before any force is computed."""

import json
import tempfile
from pathlib import Path

import numpy as np
from rdkit import Chem

from .charges import posed_mol2
from .ligand import heavy_positions
from .process import run_program
from .protein import Protein
from .refusal import Failure, Refusal

LIGAND_REACH_ANGSTROM = 4.0
CLASH_ANGSTROM = 1.7
SOLVENT_PADDING_ANGSTROM = 10.0


def check_start(ligand: Chem.Mol, protein_xyz: np.ndarray) -> None:
    """Refusal BAD_START when the ligand overlaps the protein. `protein_xyz`: heavy atoms, angstrom, [n, 3].

    Two heavy atoms of different molecules come no closer than about 2.5 A; below 1.7 A only a bond would explain it. A bond that goes through a ring
    is found by its middle lying near the ring's centre.
    """
    own = heavy_positions(ligand)
    distance = np.sqrt(((own[:, None, :] - protein_xyz[None, :, :]) ** 2).sum(-1))
    closest = float(distance.min()) if distance.size else float("inf")
    close = int((distance < 2.2).sum())
    if closest < CLASH_ANGSTROM or close > max(2, len(own) // 8):
        raise Refusal(
            "BAD_START",
            f"wanted a ligand {CLASH_ANGSTROM:g} A or more from the protein, found {closest:.2f} A and {close} pairs below 2.2 A",
        )
    positions = ligand.GetConformer().GetPositions()
    for ring in ligand.GetRingInfo().AtomRings():
        if len(ring) > 7:
            continue
        centre = positions[list(ring)].mean(0)
        if np.sqrt(((protein_xyz - centre) ** 2).sum(-1)).min() < 1.2:
            raise Refusal("BAD_START", "wanted free rings, found a protein atom inside a ring of the ligand")
    if closest > 8.0:
        raise Refusal("NO_POCKET", f"wanted a ligand at the protein, found it {closest:.1f} A away")


def _tleap(script: str, folder: Path) -> None:
    (folder / "build.in").write_text(script)
    done = run_program("tleap", ["-f", "build.in"], folder)
    if done.returncode != 0 or not (folder / "complex.prmtop").exists() or (folder / "complex.prmtop").stat().st_size == 0:
        errors = [
            line.strip()
            for line in done.stdout.splitlines()
            if "rror" in line or "Could not find" in line or "does not have a type" in line
        ]
        raise Failure(
            "PARAMETERS_FAILED", f"wanted a system from tleap, found exit {done.returncode}: {'; '.join(errors[:4])[:300]}"
        )


def build_complex(
    protein: Protein, ligand: Chem.Mol, parameters: dict, explicit: bool, solvent_padding: float = SOLVENT_PADDING_ANGSTROM
) -> tuple[bytes, bytes]:
    """(prmtop, inpcrd) of protein residues in the order of `protein.labels`, then LIG; with TIP3P water and neutralising ions
    when explicit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "protein.pdb").write_text(protein.pdb)
        (folder / "ligand.mol2").write_text(posed_mol2(parameters["mol2"], ligand))
        (folder / "ligand.frcmod").write_text(parameters["frcmod"])
        script = ["source leaprc.protein.ff14SB", "source leaprc.gaff2"]
        if explicit:
            script.append("source leaprc.water.tip3p")
        script += [
            "set default PBRadii mbondi2",
            "LIG = loadmol2 ligand.mol2",
            "loadamberparams ligand.frcmod",
            "P = loadpdb protein.pdb",
        ]
        script += [f"bond P.{a}.SG P.{b}.SG" for a, b in protein.disulfides]
        script.append("C = combine {P LIG}")
        if explicit:
            script += [f"solvatebox C TIP3PBOX {solvent_padding:g} iso", "addions C Na+ 0", "addions C Cl- 0"]
        script += ["saveamberparm C complex.prmtop complex.inpcrd", "quit"]
        _tleap("\n".join(script) + "\n", folder)
        return (folder / "complex.prmtop").read_bytes(), (folder / "complex.inpcrd").read_bytes()


def residue_ranges(prmtop: dict[str, np.ndarray]) -> list[range]:
    """0-based atoms of each residue."""
    starts = [*(prmtop["RESIDUE_POINTER"] - 1), int(prmtop["POINTERS"][0])]
    return [range(int(a), int(b)) for a, b in zip(starts, starts[1:])]


def choose_pocket(
    ranges: list[range], xyz: np.ndarray, heavy: np.ndarray, protein_residues: int, marker: np.ndarray, radius: float
) -> list[int]:
    """0-based protein residues: those with a heavy atom within `radius` of the marker (the reference pose, so that all ligands
    of a job share them), those
    within 4 A of this ligand, and single residues between two chosen ones."""
    own = xyz[[i for i in ranges[protein_residues] if heavy[i]]]

    def reaches(index: int) -> bool:
        atoms = xyz[[i for i in ranges[index] if heavy[i]]]

        def near(points: np.ndarray, limit: float) -> bool:
            return bool((((atoms[:, None, :] - points[None, :, :]) ** 2).sum(-1) < limit**2).any())

        return near(marker, radius) or near(own, LIGAND_REACH_ANGSTROM)

    chosen = {index for index in range(protein_residues) if reaches(index)}
    chosen |= {index for index in range(1, protein_residues - 1) if index - 1 in chosen and index + 1 in chosen}
    return sorted(chosen)


def _mask(residues: list[int]) -> str:
    """Amber's mask of 0-based residues, runs written as ranges."""
    runs: list[list[int]] = []
    for index in residues:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ":" + ",".join(f"{a + 1}" if a == b else f"{a + 1}-{b + 1}" for a, b in runs)


def cut_pocket(prmtop_path: Path, inpcrd_path: Path, residues: list[int], ligand_residue: int) -> dict[str, bytes]:
    """The system of the chosen residues and the ligand, and the receptor and the ligand alone: six Amber files, cut by cpptraj.

    cpptraj also drops the atom types that nothing uses any more. Left in the table they would make OpenMM see pair-specific terms and move all
    Lennard-Jones energy into a second force, three times slower and easily forgotten in a sum over forces.
    """
    files: dict[str, bytes] = {}
    for part, keep in (("pocket", [*residues, ligand_residue]), ("receptor", residues), ("ligand", [ligand_residue])):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            outside = f"!({_mask(keep)})"
            (folder / "cut.in").write_text(
                f"parm {prmtop_path}\nparmstrip {outside}\nparmbox nobox\nparmwrite out x.prmtop\nclear all\n"
                f"parm {prmtop_path}\ntrajin {inpcrd_path}\nstrip {outside}\ntrajout x.rst7 restart nobox\nrun\n"
            )
            done = run_program("cpptraj", ["-i", "cut.in"], folder)
            if done.returncode != 0 or not (folder / "x.rst7").exists():
                raise Failure(
                    "PARAMETERS_FAILED",
                    f"wanted the {part} from cpptraj, found exit {done.returncode}: {done.stderr.strip()[-200:]}",
                )
            files[f"{part}.prmtop"], files[f"{part}.rst7"] = (folder / "x.prmtop").read_bytes(), (folder / "x.rst7").read_bytes()
    return files


def system_map(
    labels: list[str],
    residues: list[int],
    atoms: list[int],
    names: list[str],
    elements: list[int],
    ranges: list[range],
    ligand_residue: int,
) -> bytes:
    """What each atom of the cut system is: its index in the whole system, name, atomic number, residue label ("LIG" for the
    ligand)."""
    owner = {}
    for index in [*residues, ligand_residue]:
        for atom in ranges[index]:
            owner[atom] = "LIG" if index == ligand_residue else labels[index]
    return json.dumps({"atom": atoms, "name": names, "element": elements, "residue": [owner[atom] for atom in atoms]}).encode()
