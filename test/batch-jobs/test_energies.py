import json

import numpy as np
import pytest
from dynamics.amber import pairwise_interaction, parse_sections, read_coordinates, read_prmtop
from dynamics.energies import BindingEnergies, Evaluator
from dynamics.finish import Atoms, check_energies
from dynamics.refusal import Refusal


@pytest.fixture(scope="module")
def sander():
    from conftest import GOLDEN

    return json.loads((GOLDEN / "energies.json").read_text())


@pytest.fixture(scope="module")
def frame(sander):
    from conftest import GOLDEN

    return read_coordinates(GOLDEN / "pocket.rst7")


def test_sums_pairs_to_the_interaction_that_sander_finds(golden, sander, frame):
    n = sander["receptorAtoms"]
    a, b = np.arange(n), np.arange(n, len(frame))
    coulomb, lennard_jones = pairwise_interaction(read_prmtop(golden / "pocket.prmtop"), a, b, frame[a], frame[b])
    # sander's Coulomb constant is 332.0522, the file's 18.2223 squared is 332.0522 as well; what is left is its printing.
    assert abs(coulomb - sander["interaction"]["electrostatic"]) < 0.01
    assert abs(lennard_jones - sander["interaction"]["vanDerWaals"]) < 0.01


def test_sums_two_atoms_by_hand():
    text = {
        "CHARGE": np.array([18.2223, -18.2223]),
        "ATOM_TYPE_INDEX": np.array([1, 2]),
        "POINTERS": np.array([2, 2]),
        "NONBONDED_PARM_INDEX": np.array([1, 2, 2, 3]),
    }
    text |= {"LENNARD_JONES_ACOEF": np.array([1.0, 4096.0, 1.0]), "LENNARD_JONES_BCOEF": np.array([1.0, 64.0, 1.0])}
    coulomb, lennard_jones = pairwise_interaction(
        text, np.array([0]), np.array([1]), np.array([[0.0, 0, 0]]), np.array([[2.0, 0, 0]])
    )
    assert coulomb == pytest.approx(-(18.2223**2) / 2)
    assert lennard_jones == pytest.approx(4096 / 4096 - 64 / 64)


def test_evaluates_each_part_as_sander_does(golden, sander, frame):
    n = sander["receptorAtoms"]
    for part, xyz in (("pocket", frame), ("receptor", frame[:n]), ("ligand", frame[n:])):
        vacuum, _ = Evaluator(str(golden / f"{part}.prmtop")).energies(xyz)
        terms = sander["terms"][part]["vacuum"]
        # Reference platform against Fortran, and Coulomb constants that differ in the sixth digit: 0.02 of 240 kcal/mol.
        assert abs(vacuum - sum(terms.values())) < 0.02


def test_finds_the_born_energy_that_sander_finds(golden, sander, frame):
    import openmm
    from openmm import app, unit

    system = app.AmberPrmtopFile(str(golden / "pocket.prmtop")).createSystem(implicitSolvent=app.OBC2, gbsaModel=None)
    context = openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName("Reference"))
    context.setPositions(frame * 0.1)
    energy = context.getState(energy=True).getPotentialEnergy().value_in_unit(unit.kilocalorie_per_mole)
    # The dielectric of water is 78.5 in both; Born terms agree to 0.1 of 120 kcal/mol.
    assert abs(energy - sum(sander["terms"]["pocket"]["obc2"].values())) < 0.1


def _atoms(golden, sander, frame) -> Atoms:
    n = sander["receptorAtoms"]
    data = {
        "atom": list(range(len(frame))),
        "name": ["X"] * len(frame),
        "element": [6] * len(frame),
        "residue": ["A:ASP93"] * n + ["LIG"] * (len(frame) - n),
    }
    return Atoms(json.dumps(data).encode(), [])


def test_passes_the_energy_check_on_the_cut_system_and_fails_it_on_a_wrong_one(golden, sander, frame, tmp_path):
    parts = [str(golden / f"{part}.prmtop") for part in ("pocket", "receptor", "ligand")]
    atoms = _atoms(golden, sander, frame)
    found = check_energies(BindingEnergies(*parts, sander["receptorAtoms"]), frame, atoms, golden / "pocket.prmtop")
    assert abs(found["differenceKcalMol"]) < 0.05
    # As if a term of one part were lost: energies that no longer cancel.
    text = (golden / "receptor.prmtop").read_text()
    sections = parse_sections(text)
    lame = tmp_path / "receptor.prmtop"
    lame.write_text(text.replace(*_first_charges_doubled(text)))
    assert len(sections["CHARGE"]) == sander["receptorAtoms"]
    with pytest.raises(Refusal) as refused:
        check_energies(
            BindingEnergies(parts[0], str(lame), parts[2], sander["receptorAtoms"]), frame, atoms, golden / "pocket.prmtop"
        )
    assert refused.value.code == "ENERGY_CHECK"


def _first_charges_doubled(text: str) -> tuple[str, str]:
    line = text.split("%FLAG CHARGE", 1)[1].splitlines()[2]
    values = [float(line[i : i + 16]) * 2 for i in range(0, len(line), 16)]
    return line, "".join(f"{value:16.8E}" for value in values)


def test_leaves_no_type_that_openmm_would_take_for_a_special_pair(golden):
    import openmm
    from openmm import app

    for part in ("pocket", "receptor", "ligand"):
        system = app.AmberPrmtopFile(str(golden / f"{part}.prmtop")).createSystem()
        assert not [force for force in system.getForces() if isinstance(force, openmm.CustomNonbondedForce)]
