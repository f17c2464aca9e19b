/** Exact answers to a batch by the simulator in this process: what runs inside a Lambda at zero shots. */
import { compileHead } from '../model/head-circuit.ts';
import type { CircuitBatch, CircuitResult, Problem } from './problem.ts';

/** One result a request, in order. Throws RangeError when the angles do not fit the circuit. */
export function simulateBatch({ circuit, requests }: CircuitBatch): CircuitResult[] {
  const model = compileHead(circuit);
  if (circuit.theta.length !== model.parameters) {
    throw new RangeError(`the circuit wants ${model.parameters} angles, found ${circuit.theta.length}`);
  }
  return requests.map((request) => {
    if (request.kind === 'expectations')
      return { kind: 'expectations', values: model.expectations(circuit.theta, request.amplitudes) };
    const { amplitudes, cotangent, angles } = request;
    const slopes = model.pullback(circuit.theta, amplitudes, cotangent);
    // dF/dpsi is 2 Re(A psi), so its component along v is the wanted 2 Re<psi|A|v>.
    const directions = Float64Array.from(request.directions, (v) => {
      let sum = 0;
      for (let i = 0; i < v.length; i++) sum += v[i]! * slopes.amplitudes[i]!;
      return sum;
    });
    return { kind: 'gradient', theta: angles ? slopes.theta : new Float64Array(0), directions };
  });
}

/** Mean values only: the forward pass for a list of states. */
export function simulateExpectations(circuit: CircuitBatch['circuit'], states: readonly Float64Array[]): Float64Array[] {
  const model = compileHead(circuit);
  return states.map((amplitudes) => model.expectations(circuit.theta, amplitudes));
}

/** Takes up to `steps` gradient steps with exact circuits: what one Lambda does at zero shots. Stops early when the problem is done. */
export function advanceExactly<S>(problem: Problem<S>, state: S, steps: number): S {
  let current = state;
  const until = problem.progress(state).iteration + steps;
  for (;;) {
    const { iteration, totalIterations } = problem.progress(current);
    // A forward pass after the last step belongs to no step, so it is taken along.
    if (problem.done(current) || (iteration >= until && iteration < totalIterations)) return current;
    current = problem.tell(current, simulateBatch(problem.ask(current)));
  }
}
