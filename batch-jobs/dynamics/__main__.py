"""`python -m dynamics --job JOB --out PLACE`: the entry point on a laptop and in AWS Batch.

JOB and PLACE are paths or s3:// addresses (or QEFM_JOB_URI and QEFM_OUTPUT_URI). With AWS_BATCH_JOB_ARRAY_INDEX or --index only
that ligand is done. Exit: 0 a ligand has a result; 3 all refused (or the job is not one); 70 failed; 74 input or output; 75
interrupted, run again to go on.
"""

import argparse
import os
import sys

from .job import BadJob, parse_job
from .refusal import EXIT_INTERNAL, EXIT_IO, EXIT_REFUSED, Failure
from .storage import read_bytes
from .supervise import Supervisor, log


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main(arguments: list[str] | None = None) -> int:
    environment = os.environ
    parser = argparse.ArgumentParser(prog="dynamics", description="Molecular dynamics of ligands in a protein pocket.")
    parser.add_argument("--job", default=environment.get("QEFM_JOB_URI"), help="job document: path or s3:// address")
    parser.add_argument(
        "--out", default=environment.get("QEFM_OUTPUT_URI"), help="folder or s3:// prefix for results and checkpoints"
    )
    parser.add_argument("--index", type=int, default=environment.get("AWS_BATCH_JOB_ARRAY_INDEX"), help="do this ligand only")
    parser.add_argument(
        "--workers", type=int, default=environment.get("QEFM_WORKERS"), help="tasks at a time; one each takes one core"
    )
    options = parser.parse_args(arguments)
    if not options.job or not options.out:
        parser.error("wanted --job and --out (or QEFM_JOB_URI and QEFM_OUTPUT_URI)")
    try:
        job = parse_job(read_bytes(options.job))
        index = options.index
        if index is not None and not 0 <= index < len(job["ligands"]):
            raise BadJob(f"wanted an index below {len(job['ligands'])}, found {index}")
        workers = options.workers or (1 if index is not None else _cores())
        return Supervisor(
            job, options.job, options.out.rstrip("/"), [index] if index is not None else list(range(len(job["ligands"]))), workers
        ).run()
    except BadJob as error:
        log(error="BAD_JOB", message=str(error))
        return EXIT_REFUSED
    except (Failure, OSError) as error:
        log(error="IO", message=str(error))
        return EXIT_IO
    except Exception as error:
        log(error="INTERNAL", message=f"{type(error).__name__}: {str(error)[:300]}")
        return EXIT_INTERNAL


if __name__ == "__main__":
    sys.exit(main())
