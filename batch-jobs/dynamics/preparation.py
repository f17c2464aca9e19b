"""The stages before any step of time: from a compound and a protein to a system that OpenMM can minimise. Each returns (files,
facts) for state.Task."""

from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rdkit import Chem

from .amber import atom_names, read_coordinates, read_prmtop
from .ligand import heavy_positions, note, prepare_ligand, read_pose
from .refusal import Failure, Refusal
from .seeds import derive_seed

if TYPE_CHECKING:
    from .child import Worker

Stage = tuple[dict[str, bytes], dict]


def write_molecule(molecule: Chem.Mol) -> bytes:
    block = Chem.Mol(molecule)
    block.SetProp("_Name", "LIG")
    return (Chem.MolToMolBlock(block) + "$$$$\n").encode()


def read_molecule(path: Path) -> Chem.Mol:
    return read_pose(str(path))


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def marker(worker: Worker) -> np.ndarray | None:
    """Heavy atoms of the reference pose, else of the ligand's own, else the centre of the box (angstrom)."""
    unit = worker.unit
    if unit["reference"] or unit["pose"]:
        return heavy_positions(read_pose(unit["reference"] or unit["pose"]))
    return np.array([unit["box"]["centreAngstrom"]]) if unit["box"] else None


def ligand_stage(worker: Worker) -> Stage:
    unit = worker.unit
    ligand = prepare_ligand(unit["ligand"]["smiles"], unit["pose"], unit["ligandProtonation"], unit["pH"], worker.seed("ligand"))
    return {"ligand.sdf": write_molecule(ligand.molecule)}, {"notes": ligand.notes, "placed": ligand.placed}


def protein_stage(worker: Worker) -> Stage:
    from .protein import prepare_protein

    near = marker(worker)
    if near is None:
        raise Refusal("NO_BOX", "wanted a pose, a reference ligand with a pose, or a box in the job, found none of them")
    text = Path(worker.unit["protein"]).read_bytes().decode("latin-1")
    # One protein for all ligands of a job: the seed knows no ligand.
    protein = prepare_protein(text, near, worker.unit["pH"], derive_seed(worker.unit["seed"], "protein"))
    data = {"labels": protein.labels, "disulfides": protein.disulfides, "dangers": protein.dangers}
    files = {
        "protein.pdb": protein.pdb.encode(),
        "receptor.pdbqt": protein.receptor_pdbqt.encode(),
        "protein.json": json.dumps(data).encode(),
    }
    return files, {"notes": protein.notes}


def place_stage(worker: Worker, placed: bool) -> Stage:
    from .docking import box_around, dock
    from .protein import check_dangers
    from .topology import check_start

    molecule = read_molecule(worker.folder / "ligand.sdf")
    facts: dict = {"docking": None}
    if not placed:
        unit = worker.unit
        reference = heavy_positions(read_pose(unit["reference"])) if unit["reference"] else None
        centre, size = box_around(reference, unit["box"], molecule)
        seed = worker.seed("dock")
        settings = unit["docking"]
        molecule, scores = dock(molecule, str(worker.folder / "receptor.pdbqt"), centre, size, settings, seed)
        facts["docking"] = {
            "program": "AutoDock Vina",
            "exhaustiveness": settings["exhaustiveness"],
            "maxEvaluations": settings["maxEvaluations"],
            "seed": seed,
            "scoresKcalMol": scores,
            "boxCentreAngstrom": centre,
            "boxSizeAngstrom": size,
        }
    check_dangers(json.loads((worker.folder / "protein.json").read_text())["dangers"], heavy_positions(molecule))
    heavy = [
        line
        for line in (worker.folder / "protein.pdb").read_text().splitlines()
        if line.startswith("ATOM") and line[76:78].strip() != "H"
    ]
    check_start(molecule, np.array([[float(line[30:38]), float(line[38:46]), float(line[46:54])] for line in heavy]))
    return {"pose.sdf": write_molecule(molecule)}, facts


def charges_stage(worker: Worker) -> Stage:
    from .charges import method_of, parametrize

    molecule = read_molecule(worker.folder / "pose.sdf")
    answer = parametrize(molecule, worker.unit["tier"], derive_seed(worker.unit["seed"], "charges"), worker.unit["chargeCache"])
    notes = (
        []
        if answer["bondJudgement"] == 4
        else [
            note(
                "BONDS_AS_GIVEN",
                "antechamber's own perception of bonds led to a type without parameters; the bonds of the SMILES were used",
            )
        ]
    )
    return {"parameters.json": json.dumps(answer).encode()}, {"method": method_of(worker.unit["tier"]), "notes": notes}


def build_stage(worker: Worker) -> Stage:
    from .protein import Protein
    from .topology import build_complex, choose_pocket, cut_pocket, residue_ranges, system_map

    stored = json.loads((worker.folder / "protein.json").read_text())
    protein = Protein((worker.folder / "protein.pdb").read_text(), stored["labels"], stored["disulfides"], "", [], [])
    molecule = read_molecule(worker.folder / "pose.sdf")
    parameters = json.loads((worker.folder / "parameters.json").read_text())
    prmtop, inpcrd = build_complex(protein, molecule, parameters, worker.explicit)
    with tempfile.TemporaryDirectory() as name:
        whole, start = Path(name, "complex.prmtop"), Path(name, "complex.inpcrd")
        whole.write_bytes(prmtop)
        start.write_bytes(inpcrd)
        sections = read_prmtop(whole)
        ranges = residue_ranges(sections)
        ligand_residue = len(protein.labels)
        last = ranges[ligand_residue]
        if len(last) != molecule.GetNumAtoms():
            raise Failure(
                "PARAMETERS_FAILED",
                f"wanted {len(protein.labels)} residues and then the ligand's {molecule.GetNumAtoms()} atoms from tleap, found {len(last)} there",
            )
        xyz = read_coordinates(start)
        names = atom_names(whole)
        elements = [int(number) for number in sections["ATOMIC_NUMBER"]]
        if worker.explicit:
            residues = list(range(ligand_residue))
        else:
            heavy = np.array(elements) > 1
            radius = worker.unit["pocketRadiusAngstrom"]
            residues = choose_pocket(ranges, xyz, heavy, ligand_residue, marker(worker), radius)
        atoms = [atom for index in [*residues, ligand_residue] for atom in ranges[index]]
        files = cut_pocket(whole, start, residues, ligand_residue)
    files |= {
        "complex.prmtop": prmtop,
        "map.json": system_map(
            protein.labels, residues, atoms, [names[i] for i in atoms], [elements[i] for i in atoms], ranges, ligand_residue
        ),
    }
    files["start.npy"] = npy(xyz[atoms])
    if worker.explicit:
        files["complex.inpcrd"] = inpcrd
    return files, {
        "residues": [protein.labels[i] for i in residues],
        "atoms": len(atoms) if not worker.explicit else len(names),
    }
