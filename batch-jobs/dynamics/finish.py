"""From the frames of all replicas to the ligand's result."""

import io
import json
from pathlib import Path

import numpy as np
from rdkit import Chem

from .amber import pairwise_interaction, read_prmtop
from .energies import ENERGY_CHECK_KCAL, BindingEnergies
from .geometry import contacts, hydrogen_bonds, ligand_rmsd, symmetries
from .refusal import Refusal
from .statistics import mean_across, mean_and_block_error

MAX_ENERGY_FRAMES = 100


class Atoms:
    """The cut system: who is who."""

    def __init__(self, map_json: bytes, bonds: list[tuple[int, int]]):
        data = json.loads(map_json)
        self.whole = np.array(data["atom"])
        self.names: list[str] = data["name"]
        self.elements = np.array(data["element"])
        self.labels: list[str] = data["residue"]
        self.is_ligand = np.array([label == "LIG" for label in self.labels])
        self.heavy_ligand = [int(i) for i in np.nonzero(self.is_ligand & (self.elements > 1))[0]]
        self.backbone = [i for i, name in enumerate(self.names) if not self.is_ligand[i] and name in ("N", "CA", "C")]
        self.residues: dict[str, list[int]] = {}
        for index, label in enumerate(self.labels):
            if not self.is_ligand[index] and self.elements[index] > 1:
                self.residues.setdefault(label, []).append(index)
        polar = {7, 8, 16}
        self.donors = [
            (heavy, hydrogen)
            for a, b in bonds
            for heavy, hydrogen in ((a, b), (b, a))
            if self.elements[hydrogen] == 1 and int(self.elements[heavy]) in polar
        ]
        self.acceptors = [int(i) for i in np.nonzero((self.elements == 7) | (self.elements == 8))[0]]

    def describe(self, index: int) -> str:
        return f"{self.labels[index]} {self.names[index]}"


def prmtop_bonds(path: Path) -> list[tuple[int, int]]:
    sections = read_prmtop(path)
    bonds = []
    for name in ("BONDS_INC_HYDROGEN", "BONDS_WITHOUT_HYDROGEN"):
        # Amber stores three times the atom's index, and the number of the bond's type after each pair.
        bonds += [(int(a) // 3, int(b) // 3) for a, b, _ in sections[name].reshape(-1, 3)]
    return bonds


def check_energies(binding: BindingEnergies, frame: np.ndarray, atoms: Atoms, whole_prmtop: Path) -> dict:
    """OpenMM's gas-phase interaction of a frame against the pairwise sum. Refusal ENERGY_CHECK when they differ by over 0.5
    kcal/mol."""
    ours, _ = binding.of(frame)
    receptor = ~atoms.is_ligand
    coulomb, lennard_jones = pairwise_interaction(
        read_prmtop(whole_prmtop),
        atoms.whole[receptor],
        atoms.whole[atoms.is_ligand],
        frame[receptor].astype(float),
        frame[atoms.is_ligand].astype(float),
    )
    pairwise = coulomb + lennard_jones
    if not abs(ours - pairwise) <= ENERGY_CHECK_KCAL:
        raise Refusal(
            "ENERGY_CHECK",
            f"wanted the same interaction energy twice, found {ours:.3f} (OpenMM) and {pairwise:.3f} kcal/mol (pairwise sum)",
        )
    return {
        "openmmKcalMol": round(ours, 4),
        "pairwiseKcalMol": round(pairwise, 4),
        "differenceKcalMol": round(ours - pairwise, 4),
    }


def load_frames(chunks: list[Path]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    loaded = [np.load(io.BytesIO(path.read_bytes())) for path in chunks]
    return tuple(np.concatenate([chunk[name] for chunk in loaded]) for name in ("xyz", "potential", "temperature"))


def analyse_replica(
    index: int,
    seed: int,
    frames: np.ndarray,
    potential: np.ndarray,
    temperature: np.ndarray,
    frame_ps: float,
    start: np.ndarray,
    atoms: Atoms,
    molecule: Chem.Mol,
    binding: BindingEnergies,
    check: dict,
    files: dict,
) -> dict:
    """A `DynamicsReplica`. `start` [N, 3] is the system as built: the pose itself is what RMSD and contacts are measured
    against."""
    count = len(frames)
    rmsd = ligand_rmsd(frames.astype(float), start, atoms.backbone, atoms.heavy_ligand, symmetries(molecule))
    at_start = contacts(start, atoms.heavy_ligand, atoms.residues)
    per_frame = [contacts(frame, atoms.heavy_ligand, atoms.residues) for frame in frames]
    kept = np.array([len(now & at_start) / max(1, len(at_start)) for now in per_frame])
    bonds = [hydrogen_bonds(frame.astype(float), atoms.donors, atoms.acceptors, atoms.is_ligand) for frame in frames]
    every = max(1, -(-count // MAX_ENERGY_FRAMES))
    pairs = np.array([binding.of(frame) for frame in frames[::every]])
    interaction, mmgbsa = np.repeat(pairs[:, 0], every)[:count], np.repeat(pairs[:, 1], every)[:count]
    seen: dict[str, int] = {}
    for now in per_frame:
        for label in now:
            seen[label] = seen.get(label, 0) + 1
    bonded: dict[tuple[int, int], int] = {}
    for now in bonds:
        for pair in now:
            bonded[pair] = bonded.get(pair, 0) + 1

    def rounded(values) -> list[float]:
        return [round(float(value), 3) for value in values]

    return {
        "index": index,
        "seed": seed,
        "simulatedPs": round(count * frame_ps, 6),
        "rmsdLastHalfAngstrom": round(float(rmsd[count // 2 :].mean()), 4),
        "contactsKept": round(float(kept[count // 2 :].mean()), 4),
        "hydrogenBondsMean": round(float(np.mean([len(now) for now in bonds])), 4),
        "interactionKcalMol": mean_and_block_error(pairs[:, 0]),
        "mmgbsaKcalMol": mean_and_block_error(pairs[:, 1]),
        "energyCheck": check,
        "series": {
            "timePs": [round((i + 1) * frame_ps, 4) for i in range(count)],
            "rmsdAngstrom": rounded(rmsd),
            "contactsKept": rounded(kept),
            "hydrogenBonds": [len(now) for now in bonds],
            "interactionKcalMol": rounded(interaction),
            "mmgbsaKcalMol": rounded(mmgbsa),
            "potentialKcalMol": rounded(potential),
            "temperatureK": rounded(temperature),
        },
        "contacts": [
            {"residue": label, "occupancy": round(n / count, 4)}
            for label, n in sorted(seen.items(), key=lambda item: (-item[1], item[0]))
        ],
        "hydrogenBonds": [
            {"donor": atoms.describe(d), "acceptor": atoms.describe(a), "occupancy": round(n / count, 4)}
            for (d, a), n in sorted(bonded.items(), key=lambda item: (-item[1], item[0]))
        ],
        "files": files,
    }


def summarize(replicas: list[dict]) -> dict:
    return {
        "simulatedPsTotal": round(sum(replica["simulatedPs"] for replica in replicas), 6),
        "rmsdLastHalfAngstrom": mean_across([replica["rmsdLastHalfAngstrom"] for replica in replicas]),
        "contactsKept": mean_across([replica["contactsKept"] for replica in replicas]),
        "interactionKcalMol": mean_across([replica["interactionKcalMol"]["mean"] for replica in replicas]),
        "mmgbsaKcalMol": mean_across([replica["mmgbsaKcalMol"]["mean"] for replica in replicas]),
    }


def pdb_text(atoms: Atoms, xyz: np.ndarray) -> str:
    """The cut system with the input's own chains and residue numbers; the ligand is residue LIG 1 of chain Z."""
    symbols = {1: "H", 6: "C", 7: "N", 8: "O", 9: "F", 15: "P", 16: "S", 17: "CL", 35: "BR", 53: "I"}
    lines = []
    for index, (name, label, at) in enumerate(zip(atoms.names, atoms.labels, xyz)):
        if label == "LIG":
            kind, residue, chain, number, insertion = "HETATM", "LIG", "Z", "1", " "
        else:
            kind = "ATOM  "
            chain, _, place = label.partition(":")
            chain, residue, number, insertion = chain[:1] or " ", place[:3], place[3:], " "
            if number and number[-1].isalpha():
                number, insertion = number[:-1], number[-1]
        padded = name if len(name) == 4 else f" {name:<3}"
        lines.append(
            f"{kind}{(index + 1) % 100000:5d} {padded} {residue:>3} {chain}{number:>4}{insertion}   {at[0]:8.3f}{at[1]:8.3f}{at[2]:8.3f}  1.00  0.00          {symbols.get(int(atoms.elements[index]), 'X'):>2}"
        )
    return "\n".join([*lines, "END"]) + "\n"


def dcd_bytes(topology, frames: np.ndarray, frame_ps: float) -> bytes:
    """All frames as a DCD trajectory (angstrom)."""
    from openmm import unit
    from openmm.app import DCDFile

    stream = io.BytesIO()
    writer = DCDFile(stream, topology, frame_ps * unit.picosecond, interval=1)
    for frame in frames:
        writer.writeModel(frame.astype(float) * 0.1 * unit.nanometer)
    return stream.getvalue()
