"""Ligand parameters: AM1-BCC charges and GAFF2 types from antechamber and sqm, missing terms from parmchk2. Cached, because the
answer depends on the compound and not on its pose: charges are computed on one conformer that the compound and the seed
determine."""

import json
import sys
import tempfile
from pathlib import Path

from rdkit import Chem

from .ligand import embed
from .process import run_program
from .refusal import Failure
from .state import hash_of
from .storage import exists, join_uri, read_bytes, write_bytes


def method_of(tier: str) -> str:
    """Optimisation steps of sqm before the charges: none in smoke, ten otherwise (0.007 e and 0.0004 e RMS from a full
    optimisation)."""
    return f"AM1-BCC, MMFF94 geometry, maxcyc={0 if tier == 'smoke' else 10}"


def _cache_key(molecule: Chem.Mol, method: str) -> str:
    positions = molecule.GetConformer().GetPositions()
    atoms = [[atom.GetAtomicNum(), *(round(float(x), 3) for x in positions[atom.GetIdx()])] for atom in molecule.GetAtoms()]
    bonds = [[bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), str(bond.GetBondType())] for bond in molecule.GetBonds()]
    return hash_of([method, Chem.GetFormalCharge(molecule), atoms, bonds])


def _antechamber(molecule: Chem.Mol, cycles: int, judgement: int, folder: Path) -> tuple[str, str]:
    """(mol2, frcmod) with antechamber's bond judgement 4 (its default: bonds it perceives and repairs) or 5 (the bonds as
    given)."""
    kekulized = Chem.Mol(molecule)
    Chem.Kekulize(kekulized, clearAromaticFlags=True)
    (folder / "ligand.sdf").write_text(Chem.MolToMolBlock(kekulized, kekulize=False))
    done = run_program(
        "antechamber",
        [
            "-i",
            "ligand.sdf",
            "-fi",
            "sdf",
            "-o",
            "ligand.mol2",
            "-fo",
            "mol2",
            "-c",
            "bcc",
            "-at",
            "gaff2",
            "-nc",
            str(Chem.GetFormalCharge(molecule)),
            "-rn",
            "LIG",
            "-dr",
            "no",
            "-pf",
            "n",
            "-j",
            str(judgement),
            "-ek",
            f"qm_theory='AM1', grms_tol=0.0005, scfconv=1.d-10, ndiis_attempts=700, maxcyc={cycles},",
        ],
        folder,
    )
    mol2 = folder / "ligand.mol2"
    if done.returncode != 0 or not mol2.exists() or mol2.stat().st_size == 0:
        sqm = folder / "sqm.out"
        told = (sqm.read_text(errors="replace")[-300:] if sqm.exists() else done.stdout[-300:]).strip().replace("\n", " ")
        raise Failure("CHARGES_FAILED", f"wanted AM1-BCC charges from antechamber, found exit {done.returncode}: {told}")
    # The table by its path: with `-s gaff2` this parmchk2 reads GAFF 1 in about half of its runs.
    table = Path(sys.prefix) / "dat" / "leap" / "parm" / "gaff2.dat"
    done = run_program("parmchk2", ["-i", "ligand.mol2", "-f", "mol2", "-o", "ligand.frcmod", "-p", str(table)], folder)
    frcmod = folder / "ligand.frcmod"
    if done.returncode != 0 or not frcmod.exists():
        raise Failure("PARAMETERS_FAILED", f"wanted GAFF2 parameters from parmchk2, found exit {done.returncode}")
    return mol2.read_text(), frcmod.read_text()


def _typed(molecule: Chem.Mol, tier: str) -> dict:
    for judgement in (4, 5):
        with tempfile.TemporaryDirectory() as folder:
            mol2, frcmod = _antechamber(molecule, 0 if tier == "smoke" else 10, judgement, Path(folder))
        # Perception gives some anionic rings (tetrazolate) a type without parameters; the bonds as given do not.
        if "ATTN, need revision" not in frcmod:
            return {"mol2": mol2, "frcmod": frcmod, "bondJudgement": judgement}
    missing = [line.split("ATTN")[0].split()[0] for line in frcmod.splitlines() if "ATTN, need revision" in line]
    raise Failure("PARAMETERS_FAILED", f"wanted GAFF2 parameters for every bonded term, found none for {', '.join(missing[:5])}")


def atom_lines(mol2: str) -> list[list[str]]:
    """Fields of the ATOM section: number, name, x, y, z, type, residue number, residue, charge."""
    section = mol2.split("@<TRIPOS>ATOM", 1)[1].split("@<TRIPOS>", 1)[0]
    return [line.split() for line in section.strip().splitlines()]


def parametrize(molecule: Chem.Mol, tier: str, seed: int, cache_uri: str) -> dict:
    """{mol2, frcmod, bondJudgement}; atoms in the molecule's order. Failure CHARGES_FAILED, PARAMETERS_FAILED."""
    conformer = embed(molecule, seed)
    address = join_uri(cache_uri, _cache_key(conformer, method_of(tier)) + ".json")
    if exists(address):
        return json.loads(read_bytes(address))
    answer = _typed(conformer, tier)
    rows = atom_lines(answer["mol2"])
    if len(rows) != molecule.GetNumAtoms():
        raise Failure("CHARGES_FAILED", f"wanted {molecule.GetNumAtoms()} typed atoms, found {len(rows)}")
    total = sum(float(row[8]) for row in rows)
    if abs(total - Chem.GetFormalCharge(molecule)) > 0.02:
        raise Failure("CHARGES_FAILED", f"wanted charges that sum to {Chem.GetFormalCharge(molecule)}, found {total:.3f}")
    write_bytes(address, json.dumps(answer).encode())
    return answer


def posed_mol2(mol2: str, molecule: Chem.Mol) -> str:
    """The typed ligand at the coordinates of `molecule`, same order of atoms."""
    head, rest = mol2.split("@<TRIPOS>ATOM", 1)
    tail = "@<TRIPOS>" + rest.split("@<TRIPOS>", 1)[1]
    positions = molecule.GetConformer().GetPositions()
    lines = [
        f"{row[0]:>7} {row[1]:<8} {at[0]:10.4f} {at[1]:10.4f} {at[2]:10.4f} {row[5]:<6} {row[6]:>3} {row[7]:<6} {float(row[8]):10.6f}"
        for row, at in zip(atom_lines(mol2), positions)
    ]
    return head + "@<TRIPOS>ATOM\n" + "\n".join(lines) + "\n" + tail
