"""From a PDB file to a protein that tleap can build: cleaned, completed, protonated, with Amber's names. Nothing is invented:
missing loops and termini are reported, and what cannot be simulated honestly (a metal or a cofactor at the ligand) is refused."""

import io
import random
from dataclasses import dataclass

import numpy as np

from .ligand import note
from .refusal import Refusal

CAPS = {"ACE", "NME", "NMA", "NHE"}
WATERS = {"HOH", "WAT", "H2O", "DOD", "TIP", "TIP3", "SOL"}
METALS = set("LI BE MG AL CA SC TI V CR MN FE CO NI CU ZN GA SR Y ZR MO RU RH PD AG CD BA W PT AU HG PB LA GD YB".split())
# Buffer, salt, cryoprotectant and surface sugars that crystals bring along.
ADDITIVES = set(
    "NA K CL BR IOD F GOL EDO PEG PGE PG4 1PE P6G SO4 PO4 ACT ACY FMT DMS MPD TRS EPE MES IPA EOH MOH IMD CIT TLA NO3 NH4 BME SCN AZI "
    "NAG NDG BMA MAN FUC".split()
)
NEAR_ANGSTROM = 6.0
STANDARD = set("ALA ARG ASN ASP CYS GLN GLU GLY HIS ILE LEU LYS MET PHE PRO SER THR TRP TYR VAL".split())


@dataclass
class Protein:
    pdb: str  # for tleap: Amber residue names, heavy atoms and polar hydrogens, TER where the chain breaks
    labels: list[str]  # per residue, in tleap's order: "A:ASP32"
    disulfides: list[tuple[int, int]]  # pairs of 1-based residue numbers
    receptor_pdbqt: str  # all polar hydrogens, Vina's atom types
    dangers: list[dict]  # metals and cofactors that were removed far from the marker: {code, label, xyz [n][3]}
    notes: list[dict]


def _min_distance(a: np.ndarray, b: np.ndarray) -> float:
    if len(a) == 0 or len(b) == 0:
        return float("inf")
    return float(np.sqrt(((a[:, None, :] - b[None, :, :]) ** 2).sum(-1)).min())


def _label(residue) -> str:
    """The input's own numbering: "A:ASP32"."""
    return f"{residue.chain.id.strip()}:{residue.name}{residue.id.strip()}{residue.insertionCode.strip()}"


def check_dangers(dangers: list[dict], near: np.ndarray) -> None:
    """Refusal METAL_IN_POCKET or COFACTOR_IN_POCKET when a removed metal or cofactor lies within 6 A of the points (angstrom,
    [n, 3])."""
    for danger in dangers:
        distance = _min_distance(np.array(danger["xyz"]), near)
        if distance < NEAR_ANGSTROM:
            kind = "metal" if danger["code"] == "METAL_IN_POCKET" else "cofactor"
            raise Refusal(
                danger["code"],
                f"wanted no {kind} within {NEAR_ANGSTROM:g} A of the ligand, found {danger['label']} at {distance:.1f} A",
            )


def _sort_out(fixer, near: np.ndarray, notes: list[dict]) -> list[dict]:
    """Removes what is not protein; refuses when it matters at `near` (angstrom, [n, 3]: the place of the ligand). Returns the
    dangers elsewhere."""
    from openmm import unit
    from openmm.app import Modeller

    positions = np.array(fixer.positions.value_in_unit(unit.angstrom))
    remove, removed, dangers = [], {}, []
    waters = close_waters = 0
    for residue in fixer.topology.residues():
        name = residue.name.strip().upper()
        if name in STANDARD or name in CAPS:
            continue
        atoms = list(residue.atoms())
        heavy = np.array([positions[atom.index] for atom in atoms if atom.element is not None and atom.element.symbol != "H"])
        distance = _min_distance(heavy, near)
        remove.append(residue)
        if name in WATERS:
            waters += 1
            close_waters += distance < 4.0
            continue
        symbols = {atom.element.symbol.upper() for atom in atoms if atom.element is not None}
        danger = {"label": _label(residue), "xyz": heavy.round(3).tolist()}
        if symbols & METALS:
            dangers.append({"code": "METAL_IN_POCKET", **danger})
        elif name not in ADDITIVES and len(heavy) > 1:
            # The crystal's own ligand lies on top of the marker; a cofactor lies beside it.
            overlap = np.mean([np.sqrt(((heavy - point) ** 2).sum(-1)).min() < 1.5 for point in near])
            if overlap < 0.3:
                dangers.append({"code": "COFACTOR_IN_POCKET", **danger})
        removed[name] = removed.get(name, 0) + 1
    if waters:
        notes.append(note("WATERS_REMOVED", f"{waters} crystal waters removed, {close_waters} of them within 4 A of the ligand"))
    if removed:
        notes.append(
            note("HETEROGENS_REMOVED", "removed " + ", ".join(f"{count} x {name}" for name, count in sorted(removed.items())))
        )
    if remove:
        modeller = Modeller(fixer.topology, fixer.positions)
        modeller.delete(remove)
        fixer.topology, fixer.positions = modeller.topology, modeller.positions
    check_dangers(dangers, near)
    return dangers


def _variants(topology) -> list[str | None]:
    """Protonation states that the input's own hydrogens show; None where it shows none."""
    variants: list[str | None] = []
    for residue in topology.residues():
        names = {atom.name for atom in residue.atoms()}
        hydrogens = {atom.name for atom in residue.atoms() if atom.element is not None and atom.element.symbol == "H"}
        variant = None
        if len(hydrogens) > 1:
            if residue.name == "HIS":
                variant = {(True, True): "HIP", (True, False): "HID", (False, True): "HIE"}.get(("HD1" in names, "HE2" in names))
            elif residue.name == "ASP":
                variant = "ASH" if names & {"HD1", "HD2"} else "ASP"
            elif residue.name == "GLU":
                variant = "GLH" if names & {"HE1", "HE2"} else "GLU"
            elif residue.name == "LYS":
                variant = "LYS" if {"HZ1", "HZ2", "HZ3"} <= names else "LYN"
            elif residue.name == "CYS":
                variant = "CYS" if "HG" in names else None
        variants.append(variant)
    return variants


def _swap_acid_oxygens(topology) -> None:
    """Some programs put an acid's proton on the first oxygen; the force field knows it on the second only."""
    for residue in topology.residues():
        atoms = {atom.name: atom for atom in residue.atoms()}
        for kind, proton, wanted, first, second in (("ASP", "HD1", "HD2", "OD1", "OD2"), ("GLU", "HE1", "HE2", "OE1", "OE2")):
            if residue.name == kind and proton in atoms and wanted not in atoms:
                atoms[proton].name, atoms[first].name, atoms[second].name = wanted, second, first


def _disulfides(topology, positions: np.ndarray) -> list[tuple[int, int]]:
    sulfurs = [
        (residue.index, positions[atom.index])
        for residue in topology.residues()
        if residue.name == "CYS"
        for atom in residue.atoms()
        if atom.name == "SG"
    ]
    pairs = []
    for i, (first, a) in enumerate(sulfurs):
        for second, b in sulfurs[i + 1 :]:
            if np.linalg.norm(a - b) < 2.5:
                pairs.append((first, second))
    return pairs


def _pdb_line(serial: int, atom: str, residue: str, number: int, at: np.ndarray, element: str) -> str:
    name = atom if len(atom) == 4 else f" {atom:<3}"
    return f"ATOM  {serial % 100000:5d} {name}{' '}{residue:>3} A{number % 10000:4d}    {at[0]:8.3f}{at[1]:8.3f}{at[2]:8.3f}  1.00  0.00          {element:>2}"


def _vina_type(atom, has_hydrogen: bool) -> str:
    symbol = atom.element.symbol
    if symbol == "H":
        return "HD"
    if symbol == "N":
        # Only an aromatic nitrogen without a hydrogen accepts.
        return "NA" if atom.residue.name == "HIS" and atom.name in ("ND1", "NE2") and not has_hydrogen else "N"
    return {"O": "OA", "S": "SA"}.get(symbol, symbol)


def _carriers(topology, positions: np.ndarray) -> dict[int, object]:
    """The heavy atom that each hydrogen sits on, by distance: a reader of PDB files knows no bond for a proton where it does
    not expect one."""
    carriers = {}
    for residue in topology.residues():
        atoms = list(residue.atoms())
        heavy = [atom for atom in atoms if atom.element.symbol != "H"]
        at = positions[[atom.index for atom in heavy]]
        for atom in atoms:
            if atom.element.symbol == "H":
                carriers[atom.index] = heavy[int(((at - positions[atom.index]) ** 2).sum(-1).argmin())]
    return carriers


def _receptor_pdbqt(topology, positions: np.ndarray, carriers: dict[int, object]) -> str:
    with_hydrogen = {carrier.index for carrier in carriers.values()}
    lines = []
    for atom in topology.atoms():
        if atom.element.symbol == "H" and carriers[atom.index].element.symbol == "C":
            continue
        at = positions[atom.index]
        kind = _vina_type(atom, atom.index in with_hydrogen)
        lines.append(
            f"ATOM  {len(lines) % 100000 + 1:5d}  {atom.name[:3]:<3} {atom.residue.name[:3]:>3} A{(atom.residue.index + 1) % 10000:4d}    {at[0]:8.3f}{at[1]:8.3f}{at[2]:8.3f}  1.00  0.00     0.000 {kind:<2}"
        )
    return "\n".join(lines) + "\n"


def prepare_protein(pdb_text: str, near: np.ndarray, ph: float, seed: int) -> Protein:
    """`near`: angstrom, [n, 3], heavy atoms of the ligand that marks the pocket (or the centre of the box)."""
    import openmm
    from openmm import unit
    from openmm.app import Modeller
    from pdbfixer import PDBFixer

    notes: list[dict] = []
    models = sum(line.startswith("MODEL ") for line in pdb_text.splitlines())
    if models > 1:
        notes.append(note("FIRST_MODEL", f"used the first of {models} models"))
    atom_lines = [line for line in pdb_text.splitlines() if line.startswith(("ATOM", "HETATM"))]
    altlocs = {line[21:27] for line in atom_lines if len(line) > 26 and line[16] not in " "}
    if altlocs:
        notes.append(note("ALTERNATE_LOCATIONS", f"{len(altlocs)} residues have alternate locations; one of each was used"))
    try:
        fixer = PDBFixer(pdbfile=io.StringIO(pdb_text))
        if not np.isfinite(np.array(fixer.positions.value_in_unit(unit.angstrom))).all():
            raise ValueError("coordinates that are not numbers")
    except Exception as error:
        raise Refusal("BAD_PROTEIN", f"wanted a PDB file, found: {type(error).__name__}: {str(error)[:200]}") from error
    fixer.findMissingResidues()
    gaps = []
    for (chain_index, position), names in fixer.missingResidues.items():
        chain = list(fixer.topology.chains())[chain_index]
        count = sum(1 for _ in chain.residues())
        gaps.append(f"{len(names)} {'at an end of' if position in (0, count) else 'inside'} chain {chain.id}")
    if gaps:
        notes.append(note("MISSING_RESIDUES", "residues of the sequence without coordinates, not built: " + "; ".join(gaps[:10])))
    fixer.missingResidues = {}
    fixer.findNonstandardResidues()
    if fixer.nonstandardResidues:
        notes.append(
            note(
                "RESIDUES_REPLACED",
                "replaced by their standard parent: "
                + ", ".join(f"{_label(residue)} by {parent}" for residue, parent in fixer.nonstandardResidues[:10]),
            )
        )
        fixer.replaceNonstandardResidues()
    dangers = _sort_out(fixer, near, notes)
    if not any(residue.name in STANDARD for residue in fixer.topology.residues()):
        raise Refusal("BAD_PROTEIN", "wanted a protein, found no amino acid")
    fixer.findMissingAtoms()
    fixer.missingTerminals = {}
    if fixer.missingAtoms:
        lacking = sum(len(atoms) for atoms in fixer.missingAtoms.values())
        notes.append(note("ATOMS_ADDED", f"{lacking} missing heavy atoms in {len(fixer.missingAtoms)} residues were built"))
        try:
            fixer.addMissingAtoms(seed=seed)
        except Exception as error:
            raise Refusal("BAD_PROTEIN", f"wanted to build missing atoms, found: {str(error)[:200]}") from error

    _swap_acid_oxygens(fixer.topology)
    given = _variants(fixer.topology)
    modeller = Modeller(fixer.topology, fixer.positions)
    before = modeller.topology.getNumAtoms()
    try:
        random.seed(seed)  # addHydrogens starts from random directions of this generator
        used = modeller.addHydrogens(pH=ph, variants=given, platform=openmm.Platform.getPlatformByName("CPU"))
    except Exception as error:
        raise Refusal("BAD_PROTEIN", f"wanted to place hydrogens, found: {str(error)[:200]}") from error
    topology = modeller.topology
    positions = np.array(modeller.positions.value_in_unit(unit.angstrom))
    if not np.isfinite(positions).all():
        raise Refusal("BAD_PROTEIN", "wanted finite coordinates after completing the protein, found others")
    added = topology.getNumAtoms() - before
    if added:
        notes.append(note("HYDROGENS_ADDED", f"{added} hydrogens were placed for pH {ph:g}"))

    disulfides = _disulfides(topology, positions)
    bridged = {index for pair in disulfides for index in pair}
    lines, labels = [], []
    previous = None
    carriers = _carriers(topology, positions)
    polar = {index for index, carrier in carriers.items() if carrier.element.symbol in ("N", "O", "S")}
    for residue, variant in zip(topology.residues(), used):
        atoms = {atom.name: atom for atom in residue.atoms()}
        name = "NME" if residue.name == "NMA" else residue.name
        if residue.index in bridged:
            name = "CYX"
        elif residue.name in ("HIS", "ASP", "GLU", "LYS", "CYS") and variant:
            name = "HIE" if variant == "HIN" else variant
        first = previous is None or _broken(previous, residue, positions, notes)
        if previous is not None and first:
            lines.append("TER")
        labels.append(_label(residue))
        for atom in atoms.values():
            hydrogen = atom.element.symbol == "H"
            if name == "NME" and atom.name != "N" or name == "ACE" and hydrogen or hydrogen and atom.index not in polar:
                continue
            # tleap names the hydrogens of a first residue in its own way and builds them itself; a bridged sulfur has none.
            if hydrogen and (first and atom.name in ("H", "H1", "H2", "H3") or atom.name == "HG" and residue.index in bridged):
                continue
            lines.append(
                _pdb_line(len(lines) + 1, atom.name, name, residue.index + 1, positions[atom.index], atom.element.symbol)
            )
        previous = residue
    lines += ["TER", "END"]
    return Protein(
        "\n".join(lines) + "\n",
        labels,
        [(a + 1, b + 1) for a, b in disulfides],
        _receptor_pdbqt(topology, positions, carriers),
        dangers,
        notes,
    )


def _broken(previous, residue, positions: np.ndarray, notes: list[dict]) -> bool:
    """True between chains and where the peptide bond is longer than 2 A."""
    if previous.chain.index != residue.chain.index:
        return True
    c = next((atom for atom in previous.atoms() if atom.name == "C"), None)
    n = next((atom for atom in residue.atoms() if atom.name == "N"), None)
    if c is None or n is None or np.linalg.norm(positions[c.index] - positions[n.index]) > 2.0:
        notes.append(
            note(
                "CHAIN_BREAK", f"the chain is broken between {_label(previous)} and {_label(residue)}; its ends are left charged"
            )
        )
        return True
    return False
