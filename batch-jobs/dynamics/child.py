"""One task of one ligand in a process of its own: `python -m dynamics.child FOLDER prepare|replica:K|finish`. A crash here ends
one ligand, not the job."""

import json
import sys
from pathlib import Path

import numpy as np

from .answer import write_answer
from .finish import Atoms, pdb_text
from .preparation import build_stage, charges_stage, ligand_stage, place_stage, protein_stage
from .refusal import EXIT_OK, EXIT_REFUSED, Ending
from .result import ENDING
from .seeds import derive_seed
from .simulate import SCHEDULES, Broken, Engine, choose_platform
from .state import Task, hash_of
from .storage import join_uri, write_atomic


class Worker:
    def __init__(self, folder: Path):
        self.folder = folder
        self.unit = json.loads((folder / "unit.json").read_text())
        self.schedule = SCHEDULES[self.unit["tier"]]
        self.explicit = self.unit["tier"] == "explicit"
        self.prepare_task = self._task(folder, "")

    def _task(self, folder: Path, remote: str, start: str = "") -> Task:
        base = self.unit["remote"]
        return Task(folder, (join_uri(base, remote) if remote else base) if base else None, start)

    def seed(self, *use: object) -> int:
        return derive_seed(self.unit["seed"], self.unit["ligand"]["id"], *use)

    def _engine(self, platform: str) -> Engine:
        atoms = Atoms((self.folder / "map.json").read_bytes(), [])
        name = "complex" if self.explicit else "pocket"
        heavy = [int(i) for i in np.nonzero(atoms.elements > 1)[0]]
        ligand_start = int(np.nonzero(atoms.is_ligand)[0][0])
        coordinates = str(self.folder / ("complex.inpcrd" if self.explicit else "pocket.rst7"))
        return Engine(
            str(self.folder / f"{name}.prmtop"),
            coordinates,
            self.explicit,
            platform,
            self.schedule,
            len(atoms.names),
            ligand_start,
            atoms.backbone,
            heavy,
        )

    def prepare(self) -> None:
        unit, task = self.unit, self.prepare_task
        platform = choose_platform(unit["tier"], unit["platform"])
        keys = ("ligandProtonation", "pH", "seed", "poseSha256")
        facts = task.stage(
            "ligand",
            {**{key: unit[key] for key in keys}, "smiles": hash_of(unit["ligand"]["smiles"]), "id": unit["ligand"]["id"]},
            lambda: ligand_stage(self),
        )
        task.stage(
            "protein",
            {key: unit[key] for key in ("proteinSha256", "referenceSha256", "box", "pH", "seed")},
            lambda: protein_stage(self),
        )
        task.stage("place", {"docking": None if facts["placed"] else unit["docking"]}, lambda: place_stage(self, facts["placed"]))
        task.stage("charges", {"tier": unit["tier"]}, lambda: charges_stage(self))
        task.stage("build", {"tier": unit["tier"], "radius": unit["pocketRadiusAngstrom"]}, lambda: build_stage(self))

        def minimise():
            state, told = self._engine(platform).minimise()
            return {"minimised.xml": state}, {**told, "platform": platform}

        task.stage("minimise", {"platform": platform, "schedule": str(self.schedule)}, minimise)

    # One replica

    def frames(self) -> tuple[int, int, int]:
        """(steps between frames, frames in all, frames in a chunk)."""
        production = self.unit["productionPs"]
        frame_ps = min(self.schedule.frame_ps, production / 10)
        steps = max(1, round(frame_ps * 1000 / self.schedule.step_fs))
        frames = max(2, round(production * 1000 / self.schedule.step_fs / steps))
        chunk = max(1, round(self.schedule.chunk_ps / self.schedule.frame_ps))
        return steps, frames, min(chunk, max(1, frames // 2))

    def replica_task(self, index: int) -> Task:
        start = hash_of([self.prepare_task.stages["minimise"]["hash"], index])
        return self._task(self.folder / f"replica-{index}", f"replica-{index}", start)

    def replica(self, index: int) -> None:
        platform = choose_platform(self.unit["tier"], self.unit["platform"])
        task = self.replica_task(index)
        engine: Engine | None = None

        def run(name: str, settings: dict, work, files: tuple[str, ...]):
            def guarded():
                nonlocal engine
                engine = engine or self._engine(platform)
                try:
                    answer = work(engine)
                except Broken as broken:
                    atoms = Atoms((self.folder / "map.json").read_bytes(), [])
                    write_atomic(task.folder / "failed-frame.pdb", pdb_text(atoms, broken.frame.clip(-999, 9999)).encode())
                    raise
                return dict(zip(files, answer if isinstance(answer, tuple) else (answer,))), {}

            task.stage(name, settings, guarded)

        seed = self.seed("replica", index)
        run(
            "heat",
            {"seed": seed},
            lambda e: e.heat((self.folder / "minimised.xml").read_bytes(), derive_seed(seed, "heat")),
            ("heated.xml",),
        )
        run(
            "release",
            {},
            lambda e: e.release(task.path("heated.xml").read_bytes(), derive_seed(seed, "release")),
            ("released.xml",),
        )
        steps, frames, chunk = self.frames()
        previous = "released.xml"
        for number, done in enumerate(range(0, frames, chunk)):
            name, count, before = f"chunk-{number:04d}", min(chunk, frames - done), previous
            run(
                name,
                {"frames": count, "steps": steps},
                lambda e, before=before, count=count, number=number: e.produce(
                    task.path(before).read_bytes(), derive_seed(seed, "chunk", number), count, steps
                ),
                (f"{name}.xml", f"{name}.npz"),
            )
            previous = f"{name}.xml"

    def finish(self) -> None:
        write_answer(self)


def main(arguments: list[str]) -> int:
    folder, task = Path(arguments[0]), arguments[1]
    worker = Worker(folder)
    try:
        kind, _, number = task.partition(":")
        {"prepare": worker.prepare, "replica": lambda: worker.replica(int(number)), "finish": worker.finish}[kind]()
        return EXIT_OK
    except Ending as ending:
        status, code, message = ending.status, ending.code, ending.message
    except OSError as error:
        status, code, message = "failed", "IO", f"{type(error).__name__}: {error}"
    except Exception as error:
        import traceback

        traceback.print_exc()
        status, code, message = "failed", "INTERNAL", f"{type(error).__name__}: {str(error)[:300]}"
    smiles = worker.unit["ligand"]["smiles"].strip()
    if smiles and len(smiles) > 3:
        message = message.replace(smiles, "the ligand")
    write_atomic(folder / ENDING, json.dumps({"status": status, "code": code, "message": message[:1000]}).encode())
    return EXIT_REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
