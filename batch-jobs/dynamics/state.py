"""What of a task is done. `state.json` names the finished stages; its rename is the one commit point, so a kill at any moment
loses only the stage that was running. Each stage carries the hash of its own settings chained to the stage before it: a changed
input never meets an old result."""

import hashlib
import json
import time
from pathlib import Path
from typing import Any, Callable

from . import WORKER_VERSION
from .storage import join_uri, write_atomic, write_bytes


def hash_of(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


class Task:
    """The stages of one folder. With `remote` (an s3:// prefix), each commit is copied there: files first, state last."""

    def __init__(self, folder: Path, remote: str | None, start_hash: str):
        self.folder = folder
        self.remote = remote
        self.chain = hash_of([WORKER_VERSION, start_hash])
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "state.json"
        self.stages: dict[str, dict] = json.loads(path.read_text())["stages"] if path.exists() else {}

    def stage(self, name: str, settings: Any, work: Callable[[], tuple[dict[str, bytes], dict]]) -> dict:
        """Runs `work` unless a stage of this name and hash is committed. `work` returns (files, facts); the facts come back."""
        self.chain = hash_of([self.chain, name, settings])
        done = self.stages.get(name)
        if done is not None and done["hash"] == self.chain and all((self.folder / file).exists() for file in done["files"]):
            return done["facts"]
        self.announce(name)
        started = time.monotonic()
        files, facts = work()
        for file, data in files.items():
            write_atomic(self.folder / file, data)
            if self.remote:
                write_bytes(join_uri(self.remote, file), data)
        entry = {"hash": self.chain, "files": sorted(files), "facts": facts, "seconds": round(time.monotonic() - started, 3)}
        self.stages[name] = entry
        text = json.dumps({"schema": "dynamics-state/1", "stages": self.stages}).encode()
        write_atomic(self.folder / "state.json", text)
        if self.remote:
            write_bytes(join_uri(self.remote, "state.json"), text)
        return facts

    def announce(self, phase: str, **more: Any) -> None:
        """Leaves the name of the phase where the supervisor looks for it."""
        write_atomic(self.folder / "phase.json", json.dumps({"phase": phase, **more}).encode())

    def path(self, file: str) -> Path:
        return self.folder / file

    def seconds(self) -> dict[str, float]:
        return {name: entry["seconds"] for name, entry in self.stages.items()}
