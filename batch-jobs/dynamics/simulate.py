"""The OpenMM part: minimise, heat, release, produce. Each leg is a pure function of the state before it and its seed, run in a
fresh context with one thread, so that a killed and resumed run gives the bytes of an undisturbed one."""

import io
from dataclasses import dataclass

import numpy as np

from .refusal import Failure, Refusal

TEMPERATURE_K = 300.0
FRICTION_PER_PS = 1.0
HYDROGEN_MASS_DALTON = 3.0
CUTOFF_NM = 1.2
BACKBONE_RESTRAINT_KCAL = (
    1.0  # per A^2, on N, CA, C of the cut pocket, all the time: the pocket has no protein around it that would hold it
)
START_RESTRAINT_KCAL = 10.0  # per A^2, on all heavy atoms, taken away before production
KCAL = 4.184


@dataclass(frozen=True)
class Schedule:
    """Lengths in ps, steps in fs."""

    minimise_iterations: int
    heat_ps: float
    heat_step_fs: float
    release_ps: float
    step_fs: float
    frame_ps: float
    chunk_ps: float


SCHEDULES = {
    "smoke": Schedule(200, 1.0, 2.0, 1.0, 4.0, 0.5, 2.0),
    "screen": Schedule(500, 5.0, 2.0, 10.0, 4.0, 1.0, 5.0),
    "explicit": Schedule(1000, 100.0, 2.0, 200.0, 4.0, 50.0, 250.0),
}


def choose_platform(tier: str, wanted: str) -> str:
    """Refusal NO_GPU when the tier or the job wants CUDA and there is none."""
    import openmm

    if wanted == "auto":
        wanted = "CUDA" if tier == "explicit" else "CPU"
    names = {openmm.Platform.getPlatform(i).getName() for i in range(openmm.Platform.getNumPlatforms())}
    if wanted == "CUDA" and "CUDA" not in names:
        raise Refusal(
            "NO_GPU",
            f"wanted the CUDA platform of OpenMM, found {', '.join(sorted(names))}; the explicit tier on a CPU would take weeks",
        )
    return wanted


class Engine:
    """One system (Amber files on disk) and its restraints."""

    def __init__(
        self,
        prmtop: str,
        coordinates: str,
        explicit: bool,
        platform: str,
        schedule: Schedule,
        solute: int,
        ligand_start: int,
        backbone: list[int],
        heavy: list[int],
    ):
        import openmm
        from openmm import app, unit

        self.explicit, self.platform, self.schedule, self.solute = explicit, platform, schedule, solute
        self.ligand_start = ligand_start
        self.amber = app.AmberPrmtopFile(prmtop)
        start = app.AmberInpcrdFile(coordinates)
        self.start = start.getPositions(asNumpy=True).value_in_unit(unit.nanometer)
        self.box = start.getBoxVectors() if explicit else None
        common = {"constraints": app.HBonds, "rigidWater": True, "hydrogenMass": HYDROGEN_MASS_DALTON * unit.dalton}
        if explicit:
            if self.box is not None:
                self.amber.topology.setPeriodicBoxVectors(self.box)
            self.system = self.amber.createSystem(nonbondedMethod=app.PME, nonbondedCutoff=0.9 * unit.nanometer, **common)
            self.system.addForce(openmm.MonteCarloBarostat(1.0 * unit.bar, TEMPERATURE_K * unit.kelvin, 25))
        else:
            self.system = self.amber.createSystem(
                nonbondedMethod=app.CutoffNonPeriodic,
                nonbondedCutoff=CUTOFF_NM * unit.nanometer,
                implicitSolvent=app.OBC2,
                **common,
            )
        self.last = self.start[:solute] * 10.0  # angstrom; the newest frame that was whole
        self._restrain("start", heavy)
        if not explicit:
            self._restrain("backbone", backbone)

    def _restrain(self, name: str, atoms: list[int]) -> None:
        import openmm

        # periodicdistance reads the box; without one the plain distance is the same thing and cheaper.
        distance = "periodicdistance(x, y, z, x0, y0, z0)^2" if self.explicit else "((x-x0)^2 + (y-y0)^2 + (z-z0)^2)"
        force = openmm.CustomExternalForce(f"0.5*k_{name}*{distance}")
        force.addGlobalParameter(f"k_{name}", 0.0)
        for coordinate in ("x0", "y0", "z0"):
            force.addPerParticleParameter(coordinate)
        for atom in atoms:
            force.addParticle(atom, self.start[atom].tolist())
        self.system.addForce(force)

    def _context(self, step_fs: float, temperature_k: float, seed: int, start_restraint: float):
        import openmm
        from openmm import unit

        integrator = openmm.LangevinMiddleIntegrator(
            temperature_k * unit.kelvin, FRICTION_PER_PS / unit.picosecond, step_fs * unit.femtosecond
        )
        integrator.setRandomNumberSeed(seed)
        for force in self.system.getForces():
            if isinstance(force, openmm.MonteCarloBarostat):
                force.setRandomNumberSeed(seed)
                force.setDefaultTemperature(temperature_k * unit.kelvin)
        properties = {"CPU": {"Threads": "1", "DeterministicForces": "true"}, "CUDA": {"Precision": "mixed"}}.get(
            self.platform, {}
        )
        context = openmm.Context(self.system, integrator, openmm.Platform.getPlatformByName(self.platform), properties)
        # kcal/mol/A^2 to kJ/mol/nm^2
        context.setParameter("k_start", start_restraint * KCAL * 100)
        if not self.explicit:
            context.setParameter("k_backbone", BACKBONE_RESTRAINT_KCAL * KCAL * 100)
        return context, integrator

    @staticmethod
    def _serialize(context) -> bytes:
        import openmm

        return openmm.XmlSerializer.serialize(context.getState(positions=True, velocities=True)).encode()

    @staticmethod
    def _load(context, state: bytes) -> None:
        import openmm

        loaded = openmm.XmlSerializer.deserialize(state.decode())
        context.setPeriodicBoxVectors(*loaded.getPeriodicBoxVectors())
        context.setPositions(loaded.getPositions())
        context.setVelocities(loaded.getVelocities())

    def _step(self, integrator, steps: int) -> None:
        """Failure NAN, with the last whole frame, when OpenMM stops on coordinates that are not numbers."""
        import openmm

        try:
            integrator.step(steps)
        except openmm.OpenMMException as error:
            if "nan" not in str(error).lower():
                raise
            raise Broken(
                self.last, "wanted finite coordinates, found NaN; the frame kept is the last whole one before it"
            ) from error

    def _snapshot(self, context) -> tuple[np.ndarray, float, float]:
        """Solute positions in angstrom, potential energy in kcal/mol, temperature in K. Failure NAN when any is not a number."""
        from openmm import unit

        state = context.getState(positions=True, energy=True)
        positions = state.getPositions(asNumpy=True).value_in_unit(unit.angstrom)[: self.solute]
        energy = state.getPotentialEnergy().value_in_unit(unit.kilocalorie_per_mole)
        kinetic = state.getKineticEnergy().value_in_unit(unit.kilojoule_per_mole)
        freedom = (
            sum(3 for i in range(self.system.getNumParticles()) if self.system.getParticleMass(i)._value > 0)
            - self.system.getNumConstraints()
        )
        temperature = 2 * kinetic / (freedom * 0.00831446261815324)
        if self.explicit:
            positions = self._reimage(
                positions, state.getPeriodicBoxVectors(asNumpy=True).value_in_unit(unit.angstrom).diagonal()
            )
        if not (np.isfinite(energy) and np.isfinite(positions).all() and temperature < 1000):
            frame = positions if np.isfinite(positions).all() else self.last
            raise Broken(
                frame,
                f"wanted finite energy and coordinates below 1000 K, found energy {energy:.4g} kcal/mol at {temperature:.4g} K",
            )
        self.last = positions
        return positions, energy, temperature

    def _reimage(self, positions: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        """The ligand beside the protein instead of in a neighbouring cell of the (rectangular) box."""
        protein, ligand = positions[: self.ligand_start], positions[self.ligand_start :]
        shift = np.round((ligand.mean(0) - protein.mean(0)) / lengths) * lengths
        return np.vstack([protein, ligand - shift])

    def minimise(self) -> tuple[bytes, dict]:
        """State after minimisation, and energies in kcal/mol. Refusal BAD_START when the energy stays absurd."""
        from openmm import unit

        context, _ = self._context(1.0, TEMPERATURE_K, 1, START_RESTRAINT_KCAL)
        context.setPositions(self.start * unit.nanometer)
        if self.box is not None:
            context.setPeriodicBoxVectors(*self.box)
        before = context.getState(energy=True).getPotentialEnergy().value_in_unit(unit.kilocalorie_per_mole)
        import openmm

        openmm.LocalEnergyMinimizer.minimize(context, 10.0, self.schedule.minimise_iterations)
        state = context.getState(energy=True, forces=True)
        after = state.getPotentialEnergy().value_in_unit(unit.kilocalorie_per_mole)
        force = np.linalg.norm(
            state.getForces(asNumpy=True).value_in_unit(unit.kilocalorie_per_mole / unit.angstrom), axis=1
        ).max()
        if not np.isfinite(after) or after > 5.0 * self.system.getNumParticles() or not np.isfinite(force) or force > 2000:
            raise Refusal(
                "BAD_START",
                f"wanted a start that minimises, found {after:.4g} kcal/mol and a force of {force:.4g} kcal/mol/A on one atom",
            )
        return self._serialize(context), {
            "beforeKcalMol": round(before, 3) if np.isfinite(before) else None,
            "afterKcalMol": round(after, 3),
        }

    def heat(self, state: bytes, seed: int) -> bytes:
        """50 to 300 K in six equal parts under the start restraints."""
        from openmm import unit

        schedule = self.schedule
        context, integrator = self._context(schedule.heat_step_fs, 50.0, seed, START_RESTRAINT_KCAL)
        self._load(context, state)
        context.setVelocitiesToTemperature(50.0 * unit.kelvin, seed)
        steps = max(1, round(schedule.heat_ps * 1000 / schedule.heat_step_fs / 6))
        for temperature in (50, 100, 150, 200, 250, 300):
            integrator.setTemperature(temperature * unit.kelvin)
            if self.explicit:
                context.setParameter("MonteCarloTemperature", temperature)
            self._step(integrator, steps)
            self._snapshot(context)
        return self._serialize(context)

    def release(self, state: bytes, seed: int) -> bytes:
        """The start restraints go from full to nothing in five parts."""
        context, integrator = self._context(self.schedule.step_fs, TEMPERATURE_K, seed, START_RESTRAINT_KCAL)
        self._load(context, state)
        steps = max(1, round(self.schedule.release_ps * 1000 / self.schedule.step_fs / 5))
        for fraction in (1.0, 0.5, 0.2, 0.05, 0.0):
            context.setParameter("k_start", START_RESTRAINT_KCAL * fraction * KCAL * 100)
            self._step(integrator, steps)
            self._snapshot(context)
        return self._serialize(context)

    def produce(self, state: bytes, seed: int, frames: int, frame_steps: int) -> tuple[bytes, bytes]:
        """(state, frames as npz: xyz [F, N, 3] float32 in angstrom, potential in kcal/mol, temperature in K) of one chunk."""
        context, integrator = self._context(self.schedule.step_fs, TEMPERATURE_K, seed, 0.0)
        self._load(context, state)
        xyz, energies, temperatures = [], [], []
        for _ in range(frames):
            self._step(integrator, frame_steps)
            positions, energy, temperature = self._snapshot(context)
            xyz.append(positions.astype(np.float32))
            energies.append(energy)
            temperatures.append(temperature)
        packed = io.BytesIO()
        np.savez(packed, xyz=np.array(xyz), potential=np.array(energies), temperature=np.array(temperatures))
        return self._serialize(context), packed.getvalue()


class Broken(Failure):
    """A trajectory that blew up, with the frame in which it did (angstrom, [N, 3])."""

    def __init__(self, frame: np.ndarray, message: str):
        super().__init__("NAN", message)
        self.frame = frame
