"""A small reader of Amber's parameter files and a plain pairwise sum over them. It shares no code with cpptraj or OpenMM, so
that it can check them."""

import re
from pathlib import Path

import numpy as np

# Amber stores charges in units of e * 18.2223, which makes q_i q_j / r come out in kcal/mol with r in angstrom.


def read_prmtop(path: Path) -> dict[str, np.ndarray]:
    """The numeric sections of a parameter file by name."""
    return parse_sections(path.read_text())


def parse_sections(text: str) -> dict[str, np.ndarray]:
    sections: dict[str, np.ndarray] = {}
    for block in text.split("%FLAG ")[1:]:
        name, _, rest = block.partition("\n")
        name = name.strip()
        form, _, body = rest.partition("\n")
        match = re.search(r"%FORMAT\((\d+)([IEae])(\d+)", form)
        if not match or match.group(2) == "a":
            continue
        width = int(match.group(3))
        values = [line[i : i + width] for line in body.splitlines() for i in range(0, len(line.rstrip()), width)]
        kind = int if match.group(2) == "I" else float
        sections[name] = np.array([kind(value) for value in values if value.strip()])
    return sections


def pairwise_interaction(
    prmtop: dict[str, np.ndarray], group_a: np.ndarray, group_b: np.ndarray, a_xyz: np.ndarray, b_xyz: np.ndarray
) -> tuple[float, float]:
    """(Coulomb, Lennard-Jones) energy in kcal/mol between two groups of atoms (0-based indices into the file), coordinates in
    angstrom, no cutoff."""
    charge = prmtop["CHARGE"]
    kinds = prmtop["ATOM_TYPE_INDEX"]
    number = int(prmtop["POINTERS"][1])
    distance2 = ((a_xyz[:, None, :] - b_xyz[None, :, :]) ** 2).sum(-1)
    coulomb = (charge[group_a][:, None] * charge[group_b][None, :] / np.sqrt(distance2)).sum()
    pointer = prmtop["NONBONDED_PARM_INDEX"][number * (kinds[group_a][:, None] - 1) + kinds[group_b][None, :] - 1] - 1
    if (pointer < 0).any():
        raise ValueError("10-12 hydrogen-bond terms are not supported")
    inverse6 = distance2**-3
    lennard_jones = (
        prmtop["LENNARD_JONES_ACOEF"][pointer] * inverse6**2 - prmtop["LENNARD_JONES_BCOEF"][pointer] * inverse6
    ).sum()
    return float(coulomb), float(lennard_jones)


def atom_names(path: Path) -> list[str]:
    """Names of all atoms, four characters each in the file."""
    body = path.read_text().split("%FLAG ATOM_NAME", 1)[1].split("%FLAG ", 1)[0]
    lines = [line.ljust(80) for line in body.splitlines()[2:]]
    names = ["".join(line[i : i + 4]).strip() for line in lines for i in range(0, 80, 4)]
    return names[: int(read_prmtop(path)["POINTERS"][0])]


def read_coordinates(path: Path) -> np.ndarray:
    """Angstrom, [atoms, 3], of a formatted restart file as tleap writes it."""
    lines = path.read_text().splitlines()
    atoms = int(lines[1].split()[0])
    values = [float(line[i : i + 12]) for line in lines[2 : 2 + (atoms + 1) // 2] for i in range(0, len(line.rstrip()), 12)]
    return np.array(values[: 3 * atoms]).reshape(atoms, 3)
