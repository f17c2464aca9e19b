"""Interaction energy and MM/GBSA of single frames, from three systems (complex, receptor, ligand) evaluated whole: no grouping
of forces, nothing to forget. The gas-phase interaction of the first frame is compared with amber.pairwise_interaction on the
file tleap wrote."""

import numpy as np

ENERGY_CHECK_KCAL = 0.5
LARGE_SYSTEM_ATOMS = 2500


class Evaluator:
    """Potential energies in kcal/mol of one Amber file, in vacuum and in OBC2 with the surface term, no cutoff, no
    constraints."""

    def __init__(self, prmtop: str):
        import openmm
        from openmm import app, unit

        amber = app.AmberPrmtopFile(prmtop)
        # Double precision where it is affordable: large energies cancel in the difference.
        name = "Reference" if amber.topology.getNumAtoms() <= LARGE_SYSTEM_ATOMS else "CPU"
        self._unit = unit
        self._contexts = []
        for solvent in (None, app.OBC2):
            system = amber.createSystem(nonbondedMethod=app.NoCutoff, implicitSolvent=solvent)
            self._contexts.append(openmm.Context(system, openmm.VerletIntegrator(0.001), openmm.Platform.getPlatformByName(name)))

    def energies(self, xyz: np.ndarray) -> tuple[float, float]:
        values = []
        for context in self._contexts:
            context.setPositions(np.asarray(xyz, dtype=float) * 0.1)
            values.append(context.getState(energy=True).getPotentialEnergy().value_in_unit(self._unit.kilocalorie_per_mole))
        return values[0], values[1]


class BindingEnergies:
    def __init__(self, pocket: str, receptor: str, ligand: str, receptor_atoms: int):
        self._parts = [Evaluator(pocket), Evaluator(receptor), Evaluator(ligand)]
        self._receptor_atoms = receptor_atoms

    def of(self, frame: np.ndarray) -> tuple[float, float]:
        """(gas-phase interaction, MM/GBSA) in kcal/mol; one trajectory for all three parts, no entropy.

        source  Kollman et al. 2000, Acc. Chem. Res. 33:889; OBC2: Onufriev, Bashford and Case 2004, Proteins 55:383
        """
        n = self._receptor_atoms
        gas, solvated = zip(*(part.energies(xyz) for part, xyz in zip(self._parts, (frame, frame[:n], frame[n:]))))
        return gas[0] - gas[1] - gas[2], solvated[0] - solvated[1] - solvated[2]
