/** Braket actions and the options of a run, for tests of run-action. */

import { type ActionOptions, type JsonValue, runAction } from '../../quantum/index.ts';

export function programAction(source: string, inputs?: Readonly<Record<string, JsonValue>>) {
  return {
    braketSchemaHeader: { name: 'braket.ir.openqasm.program', version: '1' },
    source,
    ...(inputs === undefined ? {} : { inputs }),
  };
}

export function programSetAction(...programs: readonly ReturnType<typeof programAction>[]) {
  return { braketSchemaHeader: { name: 'braket.ir.openqasm.program_set', version: '1' }, programs };
}

export function runOptions(device: ActionOptions['device'], shots: number, more: Partial<ActionOptions> = {}): ActionOptions {
  return {
    device,
    shots,
    seed: 7,
    taskId: 'task-1',
    deviceArn: 'arn:aws:braket:::device/quantum-simulator/amazon/sv1',
    createdAt: '2026-01-01T00:00:00.000Z',
    endedAt: '2026-01-01T00:00:01.000Z',
    ...more,
  };
}

/** The value of the first result type. */
export function firstValue(source: string, options: ActionOptions, inputs?: Readonly<Record<string, JsonValue>>): JsonValue {
  const results = runAction(programAction(source, inputs), options).files['results.json'] as {
    resultTypes: { value: JsonValue }[];
  };
  return results.resultTypes[0]!.value;
}
