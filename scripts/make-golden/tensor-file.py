"""Writes test/golden/safetensors/python.safetensors: a small file by the package whose format it is.

python scripts/make-golden/tensor-file.py test/golden/safetensors/python.safetensors   (its versions stand in the file's metadata)
"""

import sys

import numpy
import safetensors
from safetensors.numpy import save_file

save_file(
    {
        "weight": numpy.arange(6, dtype=numpy.float32).reshape(2, 3) / 2,
        "ids": numpy.array([0, 1, 65535], dtype=numpy.uint16),
        "steps": numpy.array(-7, dtype=numpy.int64),
        "none": numpy.zeros((0, 4)),
    },
    sys.argv[1],
    metadata={"tool": f"safetensors {safetensors.__version__}, numpy {numpy.__version__}"},
)
