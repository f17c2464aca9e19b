"""One rival in one process: reads requests as JSON lines, answers one line each.

usage     worker.py RIVAL            a module of rivals/ with a class Rival
requests  {"prepare": workload}      builds the circuit, runs it once: {"prepareMs", "firstMs", "values"} or {"unsupported": why}
          {"run": calls}             mean over calls in a row: {"wallMs", "cpuMs"}; CPU time is that of all threads
          {"versions": true}         {"versions": text}

The workload is that of test/bench/quantum/workloads.ts. `values` are what all must agree on:
  forward, pauli, noisy  [mean of the observable]
  gradient               its derivative in each entry of theta
  batch                  a mean for each row of thetas
  sample                 [mean of the observable over the shots]
  encoded                a mean for each input; then the gradient in theta and the gradient in the input, each summed over the inputs
"""

import importlib
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "rivals"))


def main():
    # Libraries may print; only answers go to the real standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from common import Unsupported

    rival = importlib.import_module(sys.argv[1]).Rival()
    run = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "versions" in request:
                answer = {"versions": rival.versions}
            elif "prepare" in request:
                run = None
                begun = time.perf_counter()
                run = rival.prepare(request["prepare"])
                ready = time.perf_counter()
                values = [float(value) for value in run()]
                first = time.perf_counter()
                answer = {"prepareMs": (ready - begun) * 1e3, "firstMs": (first - ready) * 1e3, "values": values}
            else:
                calls = request["run"]
                cpu, wall = time.process_time(), time.perf_counter()
                for _ in range(calls):
                    run()
                answer = {
                    "wallMs": (time.perf_counter() - wall) / calls * 1e3,
                    "cpuMs": (time.process_time() - cpu) / calls * 1e3,
                }
        except Unsupported as reason:
            answer = {"unsupported": str(reason)}
        except Exception as error:  # noqa: BLE001: a rival's failure is a result
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
