"""JAX on the CPU, double precision, jit and vmap: batches of the ansatz and of encoded samples with both gradients. Compiling counts as the first run."""

import jax
import jax.numpy as jnp
import numpy as np
from common import Unsupported, versions_of

jax.config.update("jax_enable_x64", True)


def ring(qubits):
    """Where each basis state goes in a ring of CNOT, as the index to gather from."""
    image = np.arange(2**qubits)
    for q in range(qubits):
        target = 1 << (qubits - 1 - (q + 1) % qubits)
        control = (image >> (qubits - 1 - q)) & 1
        image = np.where(control == 1, image ^ target, image)
    return np.argsort(image)


def ansatz(state, theta, qubits):
    """Four layers of RY, RZ (one matrix) and the ring (one permutation); theta [8n] in the order of the gates."""
    gather = ring(qubits)
    angles = theta.reshape(4, qubits, 2) / 2
    for layer in range(4):
        state = state.reshape((2,) * qubits)
        for q in range(qubits):
            a, b = angles[layer, q, 0], angles[layer, q, 1]
            c, s, down, up = jnp.cos(a), jnp.sin(a), jnp.exp(-1j * b), jnp.exp(1j * b)
            matrix = jnp.array([[c * down, -s * down], [s * up, c * up]])
            state = jnp.moveaxis(jnp.tensordot(matrix, state, ((1,), (q,))), 0, q)
        state = state.reshape(-1)[gather]
    return state


class Rival:
    versions = versions_of("jax", "jaxlib")

    def prepare(self, load):
        circuit, work = load["circuit"], load["work"]
        if load["family"] != "ansatz" or work not in ("batch", "encoded"):
            raise Unsupported("JAX is asked for batches of the ansatz")
        qubits = circuit["qubits"]
        signs = np.array([[1 - 2 * ((x >> (qubits - 1 - q)) & 1) for x in range(2**qubits)] for q in range(qubits)], float)
        diagonal = jnp.array(np.array([coefficient for coefficient, _ in load["observable"]]) @ signs)

        def value(x, theta):
            state = ansatz((x / jnp.linalg.norm(x)).astype(jnp.complex128), theta, qubits)
            return diagonal @ (jnp.abs(state) ** 2)

        if work == "batch":
            zero = jnp.zeros(2**qubits).at[0].set(1.0)
            thetas = jnp.array(load["thetas"])
            run = jax.jit(jax.vmap(value, (None, 0)))
            return lambda: np.asarray(run(zero, thetas))
        theta, inputs = jnp.array(circuit["theta"]), jnp.array(load["inputs"])
        both = jax.jit(jax.vmap(jax.value_and_grad(value, argnums=(0, 1)), (0, None)))

        def encoded():
            values, (in_x, in_theta) = both(inputs, theta)
            return np.concatenate([np.asarray(values), np.asarray(in_theta).sum(0), np.asarray(in_x).sum(0)])

        return encoded
