"""Runs the tasks of a job in child processes: prepare, then the replicas, then finish, for each ligand; a bounded number at a
time. Knows signals, time-outs, crashes and the result documents; knows no chemistry."""

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from .job import ligand_unit
from .process import die_with_parent
from .refusal import EXIT_INTERNAL, EXIT_INTERRUPTED, EXIT_IO, EXIT_OK, EXIT_REFUSED, Ending, Failure
from .result import ENDING, blank_result
from .storage import is_s3, join_uri, pull, write_atomic, write_bytes

MIN_FREE_BYTES = 300 * 2**20
PACKAGE_ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Unit:
    """One ligand on its way. `waiting` are the tasks that may start now."""

    index: int
    folder: Path
    remote: str | None
    data: dict
    waiting: list[str] = field(default_factory=lambda: ["prepare"])
    replicas_left: int = 0
    running: dict[str, subprocess.Popen] = field(default_factory=dict)
    spent_seconds: float = 0.0
    phase: str = "waiting"
    result: dict | None = None
    lock: object = None


def log(**fields) -> None:
    """One JSON line; ligands appear by index and id, never by SMILES."""
    print(json.dumps(fields), flush=True)


class Supervisor:
    def __init__(self, job: dict, job_uri: str, out: str, indices: list[int], workers: int):
        self.job, self.job_uri, self.out, self.indices, self.workers = job, job_uri, out, indices, workers
        self.interrupted = False
        scratch = hashlib.sha256(out.encode()).hexdigest()[:16]
        self.base = Path(tempfile.gettempdir(), f"qefm-dynamics-{scratch}") if is_s3(out) else Path(out).resolve()
        self.cache = os.environ.get("QEFM_CHARGE_CACHE_URI") or (
            join_uri(out, "charge-cache") if is_s3(out) else str(self.base / "charge-cache")
        )

    # Start

    def _open(self, index: int) -> Unit:
        name = f"ligand-{index:03d}"
        folder = self.base / name
        remote = join_uri(self.out, name) if is_s3(self.out) else None
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(folder / ".lock", "w")
        deadline = time.monotonic() + 30
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Failure("IO", f"wanted {name} for this worker alone, found another worker in it") from None
                time.sleep(0.2)
        if remote:
            for entry in folder.iterdir():
                if entry.name != ".lock":
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            pull(remote, folder)
        (folder / ENDING).unlink(missing_ok=True)
        (folder / "answer.json").unlink(missing_ok=True)
        ligand = self.job["ligands"][index]
        placeholder = {
            "runId": self.job["runId"],
            "index": index,
            "tier": self.job["tier"],
            "ligand": ligand,
            "productionPs": self.job["productionPs"],
        }
        unit = Unit(index, folder, remote, placeholder, lock=lock)
        try:
            unit.data = ligand_unit(self.job, index, self.job_uri, self.base / "inputs")
            unit.data |= {"remote": remote, "chargeCache": self.cache}
            write_atomic(folder / "unit.json", json.dumps(unit.data).encode())
        except Ending as ending:
            self._end(unit, ending.status, ending.code, ending.message, "inputs")
        return unit

    def _start(self, unit: Unit, task: str) -> None:
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "OPENMM_CPU_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
        }
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(PACKAGE_ROOT), os.environ.get("PYTHONPATH")]))
        with open(unit.folder / f"{task.replace(':', '-')}.log", "wb") as output:
            unit.running[task] = subprocess.Popen(
                [sys.executable, "-m", "dynamics.child", str(unit.folder), task],
                cwd=unit.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent,
                pass_fds=(unit.lock.fileno(),),  # the lock lives as long as the child does
            )

    # While it runs

    def _phase(self, unit: Unit) -> str:
        for task in sorted(unit.running):
            place = unit.folder / task.replace(":", "-") if task.startswith("replica") else unit.folder
            try:
                phase = json.loads((place / "phase.json").read_text())["phase"]
            except (OSError, ValueError):
                phase = "start"
            return f"{task}/{phase}" if task.startswith("replica") else phase
        return unit.phase

    def _progress(self, unit: Unit, state: str) -> None:
        phase = unit.phase
        text = json.dumps(
            {
                "schema": "dynamics-progress/1",
                "index": unit.index,
                "id": unit.data["ligand"]["id"],
                "phase": phase,
                "state": state,
            }
        ).encode()
        write_atomic(unit.folder / "progress.json", text)
        if unit.remote:
            write_bytes(join_uri(unit.remote, "progress.json"), text)
        log(ligand=unit.index, id=unit.data["ligand"]["id"], phase=phase, state=state)

    def _kill(self, unit: Unit) -> None:
        for process in unit.running.values():
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in unit.running.values():
            process.wait()
        unit.running.clear()
        unit.waiting.clear()

    def _ended(self, unit: Unit, task: str, code: int) -> None:
        ending = unit.folder / ENDING
        if ending.exists():
            told = json.loads(ending.read_text())
            phase = self._phase_of(unit, task)
            self._kill(unit)
            self._end(unit, told["status"], told["code"], told["message"], phase)
        elif code != 0:
            how = f"signal {-code}" if code < 0 else f"exit {code}"
            phase = self._phase_of(unit, task)
            self._kill(unit)
            self._end(unit, "failed", "CRASHED", f"wanted the task {task} to end by itself, found {how}", phase)
        elif task == "prepare":
            unit.replicas_left = self.job["replicas"]
            unit.waiting += [f"replica:{k}" for k in range(self.job["replicas"])]
        elif task == "finish":
            self._write_result(unit, json.loads((unit.folder / "answer.json").read_text()))
        else:
            unit.replicas_left -= 1
            if unit.replicas_left == 0:
                unit.waiting.append("finish")

    def _phase_of(self, unit: Unit, task: str) -> str:
        place = unit.folder / task.replace(":", "-") if task.startswith("replica") else unit.folder
        try:
            return json.loads((place / "phase.json").read_text())["phase"]
        except (OSError, ValueError):
            return task

    def _end(self, unit: Unit, status: str, code: str, message: str, phase: str) -> None:
        self._write_result(unit, {**blank_result(unit.data), "status": status, "code": code, "message": message, "phase": phase})

    def _write_result(self, unit: Unit, result: dict) -> None:
        unit.result = result
        unit.phase = "done" if result["status"] == "ok" else str(result["phase"])
        unit.waiting.clear()
        data = json.dumps(result, allow_nan=False).encode()
        if unit.remote and result["status"] == "ok":
            write_bytes(join_uri(unit.remote, "pocket.pdb"), (unit.folder / "pocket.pdb").read_bytes())
        write_bytes(join_uri(unit.remote, "result.json") if unit.remote else str(unit.folder / "result.json"), data)
        self._progress(unit, result["status"] if result["code"] is None else f"{result['status']} {result['code']}")

    def _next(self, units: list[Unit]) -> tuple[Unit, str] | None:
        """Preparations that dock first: they are the longest way."""
        ready = [(unit, task) for unit in units for task in unit.waiting]
        if not ready:
            return None
        return min(ready, key=lambda item: (item[1] != "prepare", item[0].data.get("pose") is not None, item[0].index, item[1]))

    def run(self) -> int:
        self.base.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.base).free
        if free < MIN_FREE_BYTES:
            log(error="NO_DISK", message=f"wanted {MIN_FREE_BYTES} free bytes for the work, found {free}")
            return EXIT_IO

        def stop(*_: object) -> None:
            self.interrupted = True

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        units = [self._open(index) for index in self.indices]
        last = time.monotonic()
        while any(unit.result is None for unit in units):
            while (
                not self.interrupted and sum(len(unit.running) for unit in units) < self.workers and (chosen := self._next(units))
            ):
                unit, task = chosen
                unit.waiting.remove(task)
                self._start(unit, task)
            if self.interrupted:
                return self._stop(units)
            time.sleep(0.05)
            now = time.monotonic()
            for unit in units:
                if unit.running:
                    unit.spent_seconds += now - last
                    phase = self._phase(unit)
                    if phase != unit.phase:
                        unit.phase = phase
                        self._progress(unit, "running")
                for task, process in list(unit.running.items()):
                    if unit.result is None and process.poll() is not None:
                        del unit.running[task]
                        self._ended(unit, task, process.returncode)
                if unit.result is None and unit.spent_seconds > self.job["timeouts"]["ligandSeconds"]:
                    phase = self._phase(unit)
                    self._kill(unit)
                    self._end(
                        unit,
                        "failed",
                        "TIMEOUT",
                        f"wanted an end within {self.job['timeouts']['ligandSeconds']} s, found the ligand still at work",
                        phase,
                    )
            last = now
        for unit in units:
            if unit.remote:  # everything lies in S3; the scratch folder has served
                shutil.rmtree(unit.folder, ignore_errors=True)
        return self._exit_code(units)

    def _stop(self, units: list[Unit]) -> int:
        open_units = [unit for unit in units if unit.result is None]
        for unit in open_units:
            if unit.running:
                unit.phase = self._phase(unit)
            self._kill(unit)
        for unit in open_units:
            self._progress(unit, "interrupted")
        return EXIT_INTERRUPTED

    @staticmethod
    def _exit_code(units: list[Unit]) -> int:
        """0 when any ligand has a result; else what the worst of them says."""
        results = [unit.result for unit in units if unit.result]
        if any(result["status"] == "ok" for result in results):
            return EXIT_OK
        if any(result["code"] in ("IO", "NO_DISK") for result in results):
            return EXIT_IO
        return EXIT_INTERNAL if any(result["status"] == "failed" for result in results) else EXIT_REFUSED
