import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "test" / "golden" / "dynamics"
sys.path.insert(0, str(ROOT / "batch-jobs"))
os.environ["OPENMM_CPU_THREADS"] = "1"

REFERENCE_SMILES = "CN1C(=O)[C@](c2cccc(-c3cccc(Cl)c3)c2)(c2ncccn2)[NH+]=C1N"
SMALL_SMILES = "NC1=NC(c2ccccc2)C(=O)N1C"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="session")
def golden() -> Path:
    return GOLDEN


@pytest.fixture
def make_job(tmp_path):
    """Writes a job document over the BACE excerpt and returns its path; the ligands are the reference (posed) and those given."""

    def make(*ligands: dict, reference: bool = True, folder: Path = tmp_path, **changes) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        posed = {"uri": str(GOLDEN / "bace-cat-13n.sdf"), "sha256": sha256(GOLDEN / "bace-cat-13n.sdf")}
        first = (
            [{"id": "reference", "name": "CAT-13n", "smiles": REFERENCE_SMILES, "role": "reference", "pose": posed}]
            if reference
            else []
        )
        job = {
            "schema": "dynamics-job/1",
            "runId": "test-run",
            "tier": "smoke",
            "protein": {"uri": str(GOLDEN / "bace-excerpt.pdb"), "sha256": sha256(GOLDEN / "bace-excerpt.pdb")},
            "box": None,
            "pocketRadiusAngstrom": 4,
            "ligands": [*first, *({"name": "", "role": "candidate", "pose": None, **ligand} for ligand in ligands)],
            "replicas": 2,
            "productionPs": 0.4,
            "seed": 7,
            "pH": 7.0,
            "ligandProtonation": "rules",
            "docking": {"exhaustiveness": 1, "poses": 2, "maxEvaluations": 20000},
            "timeouts": {"ligandSeconds": 900},
            "platform": "auto",
            **changes,
        }
        path = folder / "job.json"
        path.write_text(json.dumps(job))
        return path

    return make


def command(job: object, out: object, *more: str) -> list[str]:
    return [sys.executable, "-m", "dynamics", "--job", str(job), "--out", str(out), *more]


def environment(**more: str) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([*more.pop("front", "").split(os.pathsep), str(ROOT / "batch-jobs")]).strip(os.pathsep),
        **more,
    }


def run_worker(job: object, out: object, *more: str, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(command(job, out, *more), env=environment(**variables), capture_output=True, text=True, timeout=600)


def results(out: Path) -> list[dict]:
    return [json.loads(path.read_text()) for path in sorted(out.glob("ligand-*/result.json"))]


def comparable(result: dict) -> dict:
    """A result without what depends on the clock."""
    return {key: value for key, value in result.items() if key != "timingsSeconds"}
