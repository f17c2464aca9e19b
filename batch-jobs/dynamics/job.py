"""Reads and checks a job document, and fetches what one ligand needs."""

import hashlib
import json
from pathlib import Path

from .refusal import Refusal
from .storage import read_bytes, resolve, write_atomic

SCHEMAS = Path(__file__).resolve().parent.parent / "schemas"


class BadJob(Exception):
    """The document is not a job; `path` is where it departs from the schema."""


def load_schema(name: str) -> dict:
    return json.loads((SCHEMAS / name).read_text())


def _departure(error) -> str:
    """What was wanted there. jsonschema's own words quote what was found, which may be a SMILES, and end in a log."""
    if error.validator == "additionalProperties":
        return error.message[:300]  # names of properties only
    return f"wanted {error.validator} {json.dumps(error.validator_value)[:200]}"


def parse_job(data: bytes) -> dict:
    """A job that satisfies schemas/dynamics-job.json. Raises BadJob with the path of the first departure and what was wanted
    there."""
    from jsonschema import Draft202012Validator

    try:
        job = json.loads(data)
    except ValueError as error:
        raise BadJob(f"wanted a JSON document, found: {error}") from error
    errors = sorted(
        Draft202012Validator(load_schema("dynamics-job.json")).iter_errors(job),
        key=lambda error: list(map(str, error.absolute_path)),
    )
    if errors:
        where = "/" + "/".join(map(str, errors[0].absolute_path))
        raise BadJob(f"at {where}: {_departure(errors[0])}")
    ids = [ligand["id"] for ligand in job["ligands"]]
    if len(set(ids)) != len(ids):
        raise BadJob("at /ligands: wanted ids that differ, found one twice")
    if sum(ligand["role"] == "reference" for ligand in job["ligands"]) > 1:
        raise BadJob("at /ligands: wanted at most one reference, found several")
    return job


def fetch(entry: dict, job_uri: str, folder: Path) -> Path:
    """The input's bytes as a local file named by their hash. Refusal INPUT_HASH when they are not what the job names."""
    path = folder / entry["sha256"]
    if path.exists():
        return path
    data = read_bytes(resolve(entry["uri"], job_uri))
    found = hashlib.sha256(data).hexdigest()
    if found != entry["sha256"]:
        raise Refusal("INPUT_HASH", f"wanted {entry['uri']} with sha256 {entry['sha256']}, found {found}")
    write_atomic(path, data)
    return path


def ligand_unit(job: dict, index: int, job_uri: str, inputs: Path) -> dict:
    """The part of the job that concerns one ligand, with local paths: what the child process reads."""
    ligand = job["ligands"][index]
    reference = next((entry for entry in job["ligands"] if entry["role"] == "reference" and entry["pose"]), None)

    def local(entry: dict | None) -> str | None:
        return str(fetch(entry, job_uri, inputs)) if entry else None

    return {
        "runId": job["runId"],
        "index": index,
        "tier": job["tier"],
        "ligand": {key: ligand[key] for key in ("id", "name", "smiles", "role")},
        "pose": local(ligand["pose"]),
        "poseSha256": ligand["pose"]["sha256"] if ligand["pose"] else None,
        "protein": local(job["protein"]),
        "proteinSha256": job["protein"]["sha256"],
        "reference": local(reference["pose"]) if reference else None,
        "referenceSha256": reference["pose"]["sha256"] if reference else None,
        **{
            key: job[key]
            for key in (
                "box",
                "pocketRadiusAngstrom",
                "replicas",
                "productionPs",
                "seed",
                "pH",
                "ligandProtonation",
                "docking",
                "platform",
            )
        },
    }
