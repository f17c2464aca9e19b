"""Runs the script of a hybrid job in the way the service's containers do, with nothing but the standard library.

    python run_script.py CODE_DIR FAILURE_FILE

The entry point (AMZN_BRAKET_SCRIPT_ENTRY_POINT) is `module:callable` or `module`, which is run as `python -m` would. A callable whose
signature takes exactly the hyperparameters gets them, each through its annotation (str where there is none); any other is called
without arguments. What the script dies of goes to FAILURE_FILE in a line, and the process ends with 1.

source  amazon-braket/amazon-braket-containers, src/braket_container.py: behaviour, not code
"""

import importlib
import inspect
import json
import os
import runpy
import sys
import traceback


def arguments_for(function) -> dict:
    path = os.environ.get("AMZN_BRAKET_HP_FILE")
    if path is None:
        return {}
    with open(path, encoding="utf-8") as file:
        hyperparameters = json.load(file)
    try:
        inspect.signature(function).bind(**hyperparameters)
    except (TypeError, ValueError):
        return {}
    annotations = inspect.getfullargspec(function).annotations
    return {name: annotations.get(name, str)(value) for name, value in hyperparameters.items()}


def run(entry_point: str) -> None:
    module, separator, name = entry_point.partition(":")
    if not separator:
        runpy.run_module(module, run_name="__main__")
        return
    function = importlib.import_module(module)
    for part in name.split("."):
        function = getattr(function, part)
    function(**arguments_for(function))


def main() -> int:
    code_dir, failure_file = sys.argv[1:3]
    # The folder of this file is no business of the script's.
    sys.path[0:1] = []
    sys.path.append(code_dir)
    os.chdir(code_dir)
    if any("requirements.txt" in files for _, _, files in os.walk(code_dir)):
        print("requirements.txt found: the local cloud installs nothing, its packages must be in the Python of the jobs", flush=True)
    entry_point = os.environ["AMZN_BRAKET_SCRIPT_ENTRY_POINT"]
    sys.argv = [entry_point]
    try:
        run(entry_point)
    except Exception as error:
        traceback.print_exc()
        message = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        with open(failure_file, "w", encoding="utf-8") as file:
            file.write(message[:2000])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
