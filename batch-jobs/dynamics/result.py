"""The outline of a result, shared by the supervisor and its children."""

from . import WORKER_VERSION

ENDING = "ending.json"  # how a child says why it stopped


def blank_result(unit: dict) -> dict:
    """A `DynamicsResult` in which nothing has been found yet."""
    return {
        "schema": "dynamics-result/1",
        "runId": unit["runId"],
        "tier": unit["tier"],
        "ligand": {"index": unit["index"], **{key: unit["ligand"][key] for key in ("id", "name", "role")}},
        "status": "failed",
        "code": None,
        "message": None,
        "phase": None,
        "productionPs": unit["productionPs"],
        "method": None,
        "docking": None,
        "replicas": [],
        "summary": None,
        "notes": [],
        "versions": {"worker": WORKER_VERSION},
        "inputHash": None,
        "timingsSeconds": {},
    }
