"""The result document of a ligand whose replicas are all done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from .energies import BindingEnergies
from .finish import Atoms, analyse_replica, check_energies, dcd_bytes, load_frames, pdb_text, prmtop_bonds, summarize
from .ligand import note
from .preparation import read_molecule
from .result import blank_result
from .simulate import HYDROGEN_MASS_DALTON, TEMPERATURE_K
from .state import hash_of
from .storage import write_atomic
from .versions import versions

if TYPE_CHECKING:
    from .child import Worker


def write_answer(worker: Worker) -> None:
    """Analyses every replica and leaves answer.json and pocket.pdb in the ligand's folder."""
    from openmm.app import AmberPrmtopFile

    unit, stages = worker.unit, worker.prepare_task.stages
    steps, frames, chunk = worker.frames()
    frame_ps = steps * worker.schedule.step_fs / 1000
    worker.prepare_task.announce("analyse")
    atoms = Atoms((worker.folder / "map.json").read_bytes(), prmtop_bonds(worker.folder / "pocket.prmtop"))
    molecule = read_molecule(worker.folder / "pose.sdf")
    start = np.load(worker.folder / "start.npy")
    binding = BindingEnergies(
        *(str(worker.folder / f"{part}.prmtop") for part in ("pocket", "receptor", "ligand")), int((~atoms.is_ligand).sum())
    )
    topology = AmberPrmtopFile(str(worker.folder / "pocket.prmtop")).topology
    replicas, timings = [], {name: entry["seconds"] for name, entry in stages.items()}
    chain = [stages["minimise"]["hash"]]
    for index in range(unit["replicas"]):
        task = worker.replica_task(index)
        names = [f"chunk-{number:04d}" for number in range(-(-frames // chunk))]
        chain.append(task.stages[names[-1]]["hash"])
        xyz, potential, temperature = load_frames([task.path(f"{name}.npz") for name in names])
        seed = worker.seed("replica", index)

        def analyse():
            check = check_energies(binding, xyz[0], atoms, worker.folder / "complex.prmtop")
            files = {"trajectory": f"replica-{index}/trajectory.dcd", "lastFrame": f"replica-{index}/last-frame.pdb"}
            answer = analyse_replica(
                index, seed, xyz, potential, temperature, frame_ps, start, atoms, molecule, binding, check, files
            )
            return {
                "trajectory.dcd": dcd_bytes(topology, xyz, frame_ps),
                "last-frame.pdb": pdb_text(atoms, xyz[-1]).encode(),
            }, answer

        task.chain = chain[-1]
        replicas.append(task.stage("analyse", {}, analyse))
        for name, seconds in task.seconds().items():
            key = "production" if name.startswith("chunk-") else name
            timings[key] = round(timings.get(key, 0.0) + seconds, 3)
    notes = [*stages["ligand"]["facts"]["notes"], *stages["protein"]["facts"]["notes"], *stages["charges"]["facts"]["notes"]]
    docking = stages["place"]["facts"]["docking"]
    if docking:
        notes.append(
            note("DOCKED", f"the pose comes from docking at exhaustiveness {docking['exhaustiveness']}, not from an experiment")
        )
    if unit["tier"] != "explicit":
        notes.append(note("POCKET_ONLY", "the protein beyond the pocket is left out; its cut backbone is held in place"))
    result = {
        **blank_result(unit),
        "status": "ok",
        "method": {
            "proteinForceField": "ff14SB",
            "ligandForceField": "GAFF2",
            "charges": stages["charges"]["facts"]["method"],
            "solvent": "TIP3P, PME, 1 bar" if worker.explicit else "OBC2, 1.2 nm cutoff",
            "radii": "mbondi2",
            "platform": stages["minimise"]["facts"]["platform"],
            "timestepFs": worker.schedule.step_fs,
            "temperatureK": TEMPERATURE_K,
            "hydrogenMassDalton": HYDROGEN_MASS_DALTON,
            "pocketRadiusAngstrom": unit["pocketRadiusAngstrom"],
            "pocketResidues": stages["build"]["facts"]["residues"],
            "atoms": stages["build"]["facts"]["atoms"],
            "restraint": "none" if worker.explicit else "1 kcal/mol/A^2 on N, CA and C of the pocket",
        },
        "docking": docking,
        "replicas": replicas,
        "summary": summarize(replicas),
        "notes": notes,
        "versions": versions(),
        "inputHash": hash_of(chain),
        "timingsSeconds": timings,
    }
    data = json.dumps(result, allow_nan=False).encode()
    write_atomic(worker.folder / "pocket.pdb", pdb_text(atoms, start).encode())
    write_atomic(worker.folder / "answer.json", data)
