/** A local cloud with Step Functions, Batch and a zipped function, and the few calls that every contract test of machines makes. */
import { setTimeout as pause } from 'node:timers/promises';
import { CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  type DescribeExecutionCommandOutput,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { createBatch } from '../../local-sim/batch.ts';
import { createStates } from '../../local-sim/states/server.ts';
import { eventually, type StartedCloud, startCloud } from './start-cloud.ts';
import { zipOf } from './zip-of.ts';

export const roleArn = 'arn:aws:iam::000000000000:role/machines';

export type State = Record<string, unknown>;

export interface StatesCloud extends StartedCloud {
  sfn: SFNClient;
  /** Makes a JSONata machine and returns its ARN. */
  create(name: string, definition: State): Promise<string>;
  start(stateMachineArn: string, input?: unknown, name?: string): Promise<string>;
  /** Waits for the end of an execution; `value` is its output. */
  ended(executionArn: string): Promise<DescribeExecutionCommandOutput & { value: unknown }>;
  run(name: string, definition: State, input?: unknown): ReturnType<StatesCloud['ended']>;
  history(executionArn: string): Promise<HistoryEvent[]>;
  /** The task token that a running execution handed on in `Payload.token`, of its n-th task. */
  token(executionArn: string, index?: number): Promise<string>;
}

/** A job that the queue `main` runs: prints, and ends with the exit code it is given in its environment. */
const JOB = "console.log('worked'); process.exit(Number(process.env.EXIT_CODE ?? 0));";

export async function startStatesCloud(): Promise<StatesCloud> {
  const started = await startCloud({
    services: [
      (context) =>
        createBatch(context, {
          queues: ['main'],
          definitions: [{ name: 'node', entryPoint: [process.execPath], command: ['-e', JOB], vcpus: 1, memoryMb: 128 }],
        }),
      (context) => createStates(context),
    ],
  });
  const sfn = new SFNClient({ ...started.client, maxAttempts: 1 });
  const cloud: StatesCloud = {
    ...started,
    sfn,
    async create(name, definition) {
      const text = JSON.stringify({ QueryLanguage: 'JSONata', ...definition });
      const made = await sfn.send(new CreateStateMachineCommand({ name, roleArn, definition: text }));
      return made.stateMachineArn!;
    },
    async start(stateMachineArn, input = {}, name) {
      const begun = await sfn.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
      return begun.executionArn!;
    },
    async ended(executionArn) {
      for (const deadlineMs = Date.now() + 20_000; ; await pause(20)) {
        const told = await sfn.send(new DescribeExecutionCommand({ executionArn }));
        if (told.status !== 'RUNNING') return { ...told, value: told.output === undefined ? undefined : JSON.parse(told.output) };
        if (Date.now() > deadlineMs) throw new Error(`${executionArn} still runs after 20 s`);
      }
    },
    async run(name, definition, input) {
      return cloud.ended(await cloud.start(await cloud.create(name, definition), input));
    },
    async history(executionArn) {
      return (await sfn.send(new GetExecutionHistoryCommand({ executionArn, maxResults: 1000 }))).events!;
    },
    token(executionArn, index = 0) {
      return eventually(async () => {
        const scheduled = (await cloud.history(executionArn)).flatMap((event) => event.taskScheduledEventDetails ?? []);
        const parameters = scheduled[index]?.parameters;
        return parameters === undefined ? undefined : (JSON.parse(parameters) as { Payload: { token: string } }).Payload.token;
      });
    },
    async [Symbol.asyncDispose]() {
      sfn.destroy();
      await started[Symbol.asyncDispose]();
    },
  };
  return cloud;
}

/** Makes a function of one file through the API. */
export async function createFunction(cloud: StartedCloud, FunctionName: string, code: string): Promise<string> {
  const lambda = new LambdaClient(cloud.client);
  try {
    const made = await lambda.send(
      new CreateFunctionCommand({
        FunctionName,
        Role: roleArn,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Timeout: 10,
        MemorySize: 256,
        Code: { ZipFile: zipOf([{ name: 'index.mjs', content: code }]) },
      }),
    );
    return made.FunctionArn!;
  } finally {
    lambda.destroy();
  }
}

/** A machine of one state that ends it. */
export const single = (state: State): State => ({ StartAt: 'Only', States: { Only: { End: true, ...state } } });
