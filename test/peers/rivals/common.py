"""What the rivals share: reading a workload's circuit, and turning derivatives of angles into those of parameters."""

from importlib.metadata import version


class Unsupported(Exception):
    """The rival has no such thing, so the case is left out for it."""


def versions_of(*packages):
    return ", ".join(f"{name} {version(name)}" for name in packages)


def angle_of(gate, theta):
    angle = gate.get("angle")
    if isinstance(angle, dict):
        return angle["factor"] * theta[angle["parameter"]]
    return angle


def is_parametric(gate):
    return isinstance(gate.get("angle"), dict)


def matrix_of(gate):
    """The 4 x 4 matrix of a `unitary`, first target most significant."""
    import numpy as np

    flat = np.array(gate["matrix"])
    return (flat[0::2] + 1j * flat[1::2]).reshape(4, 4)


def to_parameters(circuit, derivatives):
    """Derivatives of the parametric gates' angles, in their order, to derivatives in theta."""
    out = [0.0] * len(circuit["theta"])
    gates = [gate for gate in circuit["gates"] if is_parametric(gate)]
    for gate, derivative in zip(gates, derivatives, strict=True):
        angle = gate["angle"]
        out[angle["parameter"]] += angle["factor"] * float(derivative)
    return out


def letters_of(text):
    """'X0 Z3' as [('X', 0), ('Z', 3)]."""
    return [(word[0], int(word[1:])) for word in text.split()]
