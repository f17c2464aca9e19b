"""A process that answers JSON lines with JSON lines, in order; what an answer raises becomes {"error": text}."""

import json
import os
import sys


def serve(answer, versions):
    """Answers every line with answer(line's JSON), and {"versions": true} with {"versions": versions}."""
    # Libraries may print; only answers go to the real standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            request = json.loads(line)
            reply = {"versions": versions} if "versions" in request else answer(request)
        except Exception as error:  # noqa: BLE001: a refusal is an answer
            reply = {"error": f"{type(error).__name__}: {error}"[:600]}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()
