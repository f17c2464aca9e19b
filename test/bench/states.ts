/**
 * Step Functions: the time of 1,000 transitions, and of a Distributed Map of 10,000 items with a task that does nothing.
 * Goals: 0.3 s and 10 s. Rivals, on two shared cores: ministack 0.66 s for the same JSONata loop and 23.9 s for 10,000 items,
 * moto 100.6 s; LocalStack 8.6 s for the loop.
 *
 *   node test/bench/states.ts        JSON lines {bench, value, unit, goal}
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../../local-sim/clock.ts';
import { type CloudContext, type Service, ServiceError } from '../../local-sim/service.ts';
import { createStates, type StatesService } from '../../local-sim/states/server.ts';

export interface Figure {
  bench: string;
  value: number;
  unit: string;
  goal: number;
}

const REPEATS = 5;

/** A Lambda service whose every function answers its own event. */
const echo: Service = {
  signingNames: ['lambda'],
  handle: () => Promise.reject(new Error('the benchmark calls directly')),
  async call(action, args) {
    if (action !== 'Invoke') throw new ServiceError('UnknownOperationException', action);
    return { StatusCode: 200, ExecutedVersion: '$LATEST', Payload: String(args['Payload']) };
  },
};

/** 334 turns of three states, two expressions a turn. */
const LOOP = {
  StartAt: 'Begin',
  States: {
    Begin: { Type: 'Pass', Assign: { k: 0 }, Next: 'Check' },
    Check: { Type: 'Choice', Choices: [{ Condition: '{% $k < 333 %}', Next: 'Step' }], Default: 'End' },
    Step: { Type: 'Pass', Assign: { k: '{% $k + 1 %}' }, Next: 'Hand' },
    Hand: { Type: 'Pass', Next: 'Check' },
    End: { Type: 'Succeed' },
  },
};

const distributed = (items: number) => ({
  StartAt: 'Each',
  States: {
    Each: {
      Type: 'Map',
      Items: `{% [1..${items}] %}`,
      MaxConcurrency: 40,
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'Work',
        States: {
          Work: {
            Type: 'Task',
            Resource: 'arn:aws:states:::lambda:invoke',
            Arguments: { FunctionName: 'echo', Payload: '{% $states.input %}' },
            Output: '{% $states.result.Payload %}',
            End: true,
          },
        },
      },
      End: true,
    },
  },
});

async function timed(states: StatesService, name: string, definition: object): Promise<number> {
  const { stateMachineArn } = await states.call('CreateStateMachine', {
    name,
    definition: JSON.stringify({ QueryLanguage: 'JSONata', ...definition }),
    roleArn: 'arn:aws:iam::000000000000:role/bench',
  });
  const start = performance.now();
  const { executionArn } = await states.call('StartExecution', { stateMachineArn });
  await states.ended(String(executionArn));
  const seconds = (performance.now() - start) / 1000;
  const told = await states.call('DescribeExecution', { executionArn });
  if (told['status'] !== 'SUCCEEDED') throw new Error(`${name} ended as ${String(told['status'])}: ${String(told['cause'])}`);
  return seconds;
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

export async function benchStates(report: (figure: Figure) => void): Promise<void> {
  const stateDir = mkdtempSync(join(tmpdir(), 'qefm-bench-states-'));
  const context: CloudContext = {
    clock: realClock(),
    stateDir,
    region: 'us-east-1',
    accountId: '000000000000',
    endpoint: () => 'http://127.0.0.1:1',
    peer: () => echo,
    log: (level, message, fields) => console.error(level, message, fields),
  };
  const states = createStates(context);
  try {
    await timed(states, 'warm', LOOP);
    const loops: number[] = [];
    for (let i = 0; i < REPEATS; i++) loops.push(await timed(states, 'loop', LOOP));
    report({ bench: 'states-1000-transitions', value: median(loops), unit: 's', goal: 0.3 });
    await timed(states, 'warm-map', distributed(200));
    report({
      bench: 'states-distributed-map-10000',
      value: await timed(states, 'map', distributed(10_000)),
      unit: 's',
      goal: 10,
    });
  } finally {
    await states.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

if (import.meta.main)
  await benchStates((figure) => console.log(JSON.stringify({ ...figure, value: Number(figure.value.toPrecision(4)) })));
