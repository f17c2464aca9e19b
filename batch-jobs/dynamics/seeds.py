"""Every random stream derives its seed from the job's seed and the name of its use, so that streams are independent and
repeatable."""

import hashlib


def derive_seed(job_seed: int, *use: object) -> int:
    """A seed in [1, 2**31 - 1] for one use; zero is left out because OpenMM reads it as "choose one for me"."""
    text = "/".join([str(job_seed), *map(str, use)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % (2**31 - 1) + 1
