/** Plans of circuits, made once for each circuit and forgotten with it. */

import type { Circuit } from '../circuit/circuit.ts';
import { AngleMap } from './angle-map.ts';
import { withExponentials } from './exponentials.ts';
import { densitySteps, unitarySteps } from './lowering.ts';
import type { Plan } from './program.ts';
import { planSteps } from './program.ts';

export interface PlannedCircuit {
  readonly plan: Plan;
  readonly angles: AngleMap;
}

const forward = new WeakMap<Circuit, PlannedCircuit>();
const withDerivatives = new WeakMap<Circuit, PlannedCircuit>();

export function planCircuit(circuit: Circuit, derivatives: boolean, blockBits?: number): PlannedCircuit {
  const { steps, parametric } = unitarySteps({ ...circuit, operations: withExponentials(circuit) });
  const plan = planSteps(circuit.qubits, steps, { derivatives, ...(blockBits === undefined ? {} : { blockBits }) });
  return { plan, angles: new AngleMap(parametric, circuit.parameters) };
}

const densities = new WeakMap<Circuit, PlannedCircuit>();

function remember(plans: WeakMap<Circuit, PlannedCircuit>, circuit: Circuit, make: () => PlannedCircuit): PlannedCircuit {
  const known = plans.get(circuit);
  if (known !== undefined) return known;
  const planned = make();
  plans.set(circuit, planned);
  return planned;
}

/** The plan of a circuit with noise on the 2n bits of its density matrix. */
export function densityPlanOf(circuit: Circuit): PlannedCircuit {
  return remember(densities, circuit, () => {
    const { steps, parametric } = densitySteps(circuit);
    const plan = planSteps(2 * circuit.qubits, steps, { derivatives: false });
    return { plan, angles: new AngleMap(parametric, circuit.parameters) };
  });
}

/** The plan of a circuit, which must not change afterwards. */
export function planOf(circuit: Circuit, derivatives: boolean): PlannedCircuit {
  return remember(derivatives ? withDerivatives : forward, circuit, () => planCircuit(circuit, derivatives));
}
