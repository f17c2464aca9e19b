/** Both builds of the kernels, with fused multiply-add and without: the same numbers but for the last digits. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  KERNELS_WASM_BASE64,
  RELAXED_KERNELS_WASM_BASE64,
  SHARED_KERNELS_WASM_BASE64,
  SHARED_RELAXED_KERNELS_WASM_BASE64,
} from '../../../quantum/assembly/kernels.generated.ts';
import { buildCircuit, CompiledCircuit, GATES, hardwareEfficientAnsatz, pauliTerm } from '../../../quantum/index.ts';
import { unitarySteps } from '../../../quantum/simulator/lowering.ts';
import { KernelProgram, NO_ANGLES, planSteps } from '../../../quantum/simulator/program.ts';
import { simulateReference } from '../../../quantum/simulator/reference-kernels.ts';
import { KernelMachine } from '../../../quantum/simulator/wasm-kernels.ts';
import type { KernelPool } from '../../../quantum/threads/kernel-pool.ts';
import { createKernelPool } from '../../../quantum/threads/node.ts';
import { largestDifference, randomCase } from '../../support/quantum-circuits.ts';

const moduleOf = (base64: string) => new WebAssembly.Module(Buffer.from(base64, 'base64'));

const everyGate = buildCircuit(5, (builder) => {
  for (let q = 0; q < 5; q++) builder.gate('u', [q], [q + 0.3, 0.2 * q, 1 - q]);
  for (const spec of GATES.values()) {
    const targets = [3, 0, 4].slice(0, spec.qubits);
    builder.gate(
      spec.name,
      targets,
      spec.parameters.map((_, i) => 0.4 + i),
    );
    for (let q = 0; q < 5; q++) builder.gate('ry', [q], [0.1 * q + 0.2]);
  }
});

describe.each([
  ['relaxed', RELAXED_KERNELS_WASM_BASE64],
  ['plain', KERNELS_WASM_BASE64],
])('the %s kernels', (_name, base64) => {
  test.each([3, 13])('run every gate of the catalogue as the reference does, blocks of 2^%i', (blockBits) => {
    const plan = planSteps(5, unitarySteps(everyGate).steps, { derivatives: false, blockBits });
    const program = new KernelProgram(new KernelMachine({ module: moduleOf(base64) }), plan);
    program.setAngles(NO_ANGLES);
    program.amplitudes[0] = 1;
    program.run();
    expect(largestDifference(program.amplitudes, simulateReference(everyGate, []))).toBeLessThan(1e-13);
  });
});

describe('the kernels on shared memory', () => {
  let pool: KernelPool;
  beforeAll(async () => {
    pool = await createKernelPool({ size: 3 });
  });
  afterAll(() => pool.close());

  test.each([
    ['relaxed', SHARED_RELAXED_KERNELS_WASM_BASE64],
    ['plain', SHARED_KERNELS_WASM_BASE64],
  ])('run every gate of the catalogue as the reference does, shared by three threads: %s', (_name, base64) => {
    const plan = planSteps(5, unitarySteps(everyGate).steps, { derivatives: false, blockBits: 3 });
    const program = new KernelProgram(new KernelMachine({ pool, module: moduleOf(base64) }), plan);
    program.setAngles(NO_ANGLES);
    for (let round = 0; round < 3; round++) {
      program.start();
      program.run();
      expect(largestDifference(program.amplitudes, simulateReference(everyGate, []))).toBeLessThan(1e-13);
    }
  });

  test('share the journeys of a sum of Pauli strings', () => {
    for (const qubits of [10, 11, 13]) {
      const circuit = hardwareEfficientAnsatz({ qubits, layers: 1 });
      const theta = Float64Array.from(circuit.parameters, (_, i) => Math.sin(i + 1));
      const options = { gradients: true, blockBits: 8 };
      const alone = new CompiledCircuit(circuit, options);
      const together = new CompiledCircuit(circuit, { ...options, pool });
      // Strings of every kind: alone in their group and not, flipping bits inside, above and across a run of 2^9 indices, or none.
      const across = `X0 Y${qubits - 1} Z3`;
      const texts = [
        'Z0',
        `Z0 Z${qubits - 1}`,
        'X0',
        'Y0 Z1',
        `X${qubits - 1}`,
        `X${qubits - 1} Z0`,
        across,
        `${across} Z5`,
        'I',
      ];
      for (const H of [texts.map((text, i) => pauliTerm(text, 0.3 + i)), ...texts.map((text) => [pauliTerm(text, 0.7)])]) {
        const [a, b] = [alone.gradient(H, theta), together.gradient(H, theta)];
        expect(Math.abs(b.value - a.value)).toBeLessThan(1e-12);
        expect(largestDifference(b.gradient, a.gradient)).toBeLessThan(1e-12);
        expect(Math.abs(together.expectation(H, theta) - a.value)).toBeLessThan(1e-12);
        expect(together.expectation(H, theta)).toBe(together.expectation(H, theta));
      }
    }
  });

  test('find the states and gradients of one thread', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 7, minQubits: 4, maxGates: 25 }), ({ circuit, theta, H }) => {
        const alone = new CompiledCircuit(circuit, { gradients: true, blockBits: 3 });
        const together = new CompiledCircuit(circuit, { gradients: true, blockBits: 3, pool });
        expect(largestDifference(together.run(theta), alone.run(theta))).toBe(0);
        const [a, b] = [alone.gradient(H, theta), together.gradient(H, theta)];
        expect(Math.abs(a.value - b.value)).toBeLessThan(1e-13);
        expect(largestDifference(a.gradient, b.gradient)).toBeLessThan(1e-12);
      }),
      { numRuns: 25 },
    );
  });

  test('are used from 18 qubits on', () => {
    const circuit = hardwareEfficientAnsatz({ qubits: 18, layers: 1 });
    const theta = circuit.parameters.map((_, i) => Math.sin(i));
    const together = new CompiledCircuit(circuit, { pool }).run(theta);
    expect(together.buffer).toBeInstanceOf(SharedArrayBuffer);
    const alone = new CompiledCircuit(circuit).run(theta);
    expect(alone.buffer).toBeInstanceOf(ArrayBuffer);
    expect(largestDifference(together, alone)).toBe(0);
  });
});

test('a host with relaxed SIMD gets the relaxed kernels', () => {
  expect(WebAssembly.validate(Buffer.from(RELAXED_KERNELS_WASM_BASE64, 'base64'))).toBe(true);
});
