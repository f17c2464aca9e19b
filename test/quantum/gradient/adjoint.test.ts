import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  adjoint,
  adjointGradient,
  adjointOfObservable,
  adjointOfSum,
  buildCircuit,
  complexState,
  expectation,
  observableOf,
  parameter,
  parameterShift,
  pauliSum,
  planParameterShift,
  simulate,
  throughNormalisation,
} from '../../../quantum/index.ts';
import { largestDifference, randomCase, randomSum, realVector } from '../../support/quantum-circuits.ts';

const RUNS = { numRuns: 100 };

function finiteDifferences(f: (x: Float64Array) => number, at: Float64Array, step = 1e-5): Float64Array {
  return at.map((_, i) => {
    const shifted = (by: number) => f(at.map((value, j) => (i === j ? value + by : value)));
    return (shifted(step) - shifted(-step)) / (2 * step);
  });
}

describe('adjointGradient', () => {
  test('agrees with parameter-shift on random circuits', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 5 }), ({ circuit, theta, H }) => {
        expect(largestDifference(adjointGradient(circuit, theta, H), parameterShift(circuit, theta, H))).toBeLessThan(1e-10);
      }),
      RUNS,
    );
  });

  test('agrees with finite differences', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 4 }), ({ circuit, theta, H }) => {
        const numeric = finiteDifferences((values) => expectation(simulate(circuit, values), H), theta);
        // Coefficients up to 2 and frequencies up to 4 in many gates: central differences err up to some 1e-7.
        expect(largestDifference(adjointGradient(circuit, theta, H), numeric)).toBeLessThan(1e-6);
      }),
      RUNS,
    );
  });

  test('finds the cosine of a single rotation', () => {
    const circuit = buildCircuit(1, (builder) => builder.gate('rx', [0], [parameter('t')]));
    expect(adjointGradient(circuit, [0.3], pauliSum('Z0'))[0]).toBeCloseTo(-Math.sin(0.3), 14);
    expect(adjoint(circuit, [0.3], pauliSum('Z0')).value).toBeCloseTo(Math.cos(0.3), 14);
  });

  test('is zero for a parameter that is declared and not used', () => {
    const circuit = buildCircuit(1, (builder) => {
      builder.declare('unused');
      builder.gate('ry', [0], [parameter('t')]);
    });
    expect(adjointGradient(circuit, [0.1, 0.2], pauliSum('Z0'))[0]).toBe(0);
  });

  test('refuses a circuit with noise', () => {
    const circuit = buildCircuit(1, (builder) => builder.noise('bit_flip', [0], [0.1]));
    expect(() => adjointGradient(circuit, [], pauliSum('Z0'))).toThrow(/without noise/);
  });
});

describe('adjoint', () => {
  test('finds the gradient in a real initial vector', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 4 }), fc.integer(), ({ circuit, theta, H }, seed) => {
        const x = realVector(circuit.qubits, seed).map((value) => 1.7 * value);
        const F = (vector: Float64Array) => expectation(simulate(circuit, theta, complexState(vector)), H);
        const { value, inputGradient } = adjoint(circuit, theta, H, x);
        expect(Math.abs(value - F(x))).toBeLessThan(1e-11);
        // F is quadratic in x, so central differences are exact up to rounding.
        expect(largestDifference(inputGradient, finiteDifferences(F, x, 1e-3))).toBeLessThan(1e-9);
        // Euler's theorem for a quadratic form: x · dF/dx = 2 F.
        expect(Math.abs(x.reduce((sum, xi, i) => sum + xi * inputGradient[i]!, 0) - 2 * value)).toBeLessThan(1e-10);
      }),
      RUNS,
    );
  });

  test('passes through normalisation as finite differences do, and is orthogonal to the vector', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 4 }), fc.integer(), ({ circuit, theta, H }, seed) => {
        const x = realVector(circuit.qubits, seed).map((value) => 2.3 * value);
        const unit = (vector: Float64Array) => {
          const norm = Math.hypot(...vector);
          return vector.map((value) => value / norm);
        };
        const F = (vector: Float64Array) => expectation(simulate(circuit, theta, complexState(unit(vector))), H);
        const gradient = throughNormalisation(x, adjoint(circuit, theta, H, unit(x)).inputGradient);
        expect(largestDifference(gradient, finiteDifferences(F, x))).toBeLessThan(1e-8);
        expect(Math.abs(x.reduce((sum, xi, i) => sum + xi * gradient[i]!, 0))).toBeLessThan(1e-11);
      }),
      RUNS,
    );
  });

  test('weighs several observables in one sweep', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 4 }), fc.integer(), ({ circuit, theta, H }, seed) => {
        const other = randomSum(circuit.qubits, seed);
        const both = adjointOfSum(circuit, theta, [H, other], [0.3, -2]);
        const [first, second] = [adjoint(circuit, theta, H), adjoint(circuit, theta, other)];
        expect(Math.abs(both.value - (0.3 * first.value - 2 * second.value))).toBeLessThan(1e-11);
        const sum = first.gradient.map((value, i) => 0.3 * value - 2 * second.gradient[i]!);
        expect(largestDifference(both.gradient, sum)).toBeLessThan(1e-10);
      }),
      { numRuns: 30 },
    );
  });

  test('takes observables with matrices', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 4 }), ({ circuit, theta, H }) => {
        const general = adjointOfObservable(circuit, theta, observableOf(H));
        expect(largestDifference(general.gradient, adjointGradient(circuit, theta, H))).toBeLessThan(1e-11);
      }),
      { numRuns: 30 },
    );
  });
});

describe('planParameterShift', () => {
  test('asks for two runs per rotation and four where the frequencies want it', () => {
    const circuit = buildCircuit(2, (builder) => {
      builder.gate('ry', [0], [parameter('a')]);
      builder.gate('xy', [0, 1], [parameter('b')]);
      builder.gate('rz', [1], [parameter('a', 2)], [{ qubit: 0, value: 1 }]);
    });
    const plan = planParameterShift(circuit, [0.1, 0.2]);
    expect(plan.evaluations).toHaveLength(2 + 4 + 4);
    expect(plan.circuit.parameters).toHaveLength(3);
  });

  test('shares its runs among several observables', () => {
    fc.assert(
      fc.property(randomCase({ maxQubits: 3, maxGates: 6 }), fc.integer(), ({ circuit, theta, H }, seed) => {
        const other = randomSum(circuit.qubits, seed);
        const plan = planParameterShift(circuit, theta);
        const means = plan.evaluations.map((row) => {
          const state = simulate(plan.circuit, row);
          return [expectation(state, H), expectation(state, other)];
        });
        const gradients = plan.assemble(means);
        if (means.length === 0) return;
        expect(largestDifference(gradients[1]!, adjointGradient(circuit, theta, other))).toBeLessThan(1e-10);
      }),
      { numRuns: 30 },
    );
  });

  test('refuses results that do not fit', () => {
    const circuit = buildCircuit(1, (builder) => builder.gate('ry', [0], [parameter('a')]));
    expect(() => planParameterShift(circuit, [0]).assemble([[1]])).toThrow(/2 evaluations wanted, 1 found/);
  });
});
