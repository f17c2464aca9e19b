/** The SDK for JavaScript against the local Step Functions: machines and executions, and the errors it knows by class. */
import * as aws from '@aws-sdk/client-sfn';
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListTagsForResourceCommand,
  paginateGetExecutionHistory,
  paginateListExecutions,
  paginateListStateMachines,
  StartExecutionCommand,
  StopExecutionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateStateMachineCommand,
  ValidateStateMachineDefinitionCommand,
} from '@aws-sdk/client-sfn';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { roleArn, type State, type StatesCloud, single, startStatesCloud } from './states-cloud.ts';

let cloud: StatesCloud;
let sfn: aws.SFNClient;

beforeAll(async () => {
  cloud = await startStatesCloud();
  sfn = cloud.sfn;
});
afterAll(() => cloud[Symbol.asyncDispose]());

const PASS = single({ Type: 'Pass', Output: '{% $states.input %}' });
const WAIT = single({ Type: 'Wait', Seconds: 3600 });
const textOf = (definition: State) => JSON.stringify({ QueryLanguage: 'JSONata', ...definition });

/** The error of a call; a call that succeeds fails the test. */
async function refusal(call: Promise<unknown>): Promise<aws.SFNServiceException> {
  const error = await call.then(
    () => new Error('the call was not refused'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof aws.SFNServiceException)) throw error;
  return error;
}

describe('a state machine', () => {
  test('is created once, described, updated and deleted', async () => {
    const arn = await cloud.create('Life', PASS);
    expect(arn).toBe('arn:aws:states:us-east-1:000000000000:stateMachine:Life');
    expect(await cloud.create('Life', PASS)).toBe(arn);
    expect(await refusal(cloud.create('Life', WAIT))).toBeInstanceOf(aws.StateMachineAlreadyExists);
    const before = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn: arn }));
    expect(before).toMatchObject({ name: 'Life', status: 'ACTIVE', type: 'STANDARD', roleArn, definition: textOf(PASS) });
    expect(before.creationDate).toBeInstanceOf(Date);

    const updated = await sfn.send(new UpdateStateMachineCommand({ stateMachineArn: arn, definition: textOf(WAIT) }));
    expect(updated.updateDate).toBeInstanceOf(Date);
    const after = await sfn.send(new DescribeStateMachineCommand({ stateMachineArn: arn }));
    expect(after).toMatchObject({ definition: textOf(WAIT), revisionId: updated.revisionId });
    expect(after.revisionId).not.toBe(before.revisionId);
    expect(await refusal(sfn.send(new UpdateStateMachineCommand({ stateMachineArn: arn })))).toBeInstanceOf(
      aws.MissingRequiredParameter,
    );

    await sfn.send(new DeleteStateMachineCommand({ stateMachineArn: arn }));
    await sfn.send(new DeleteStateMachineCommand({ stateMachineArn: arn }));
    expect(await refusal(sfn.send(new DescribeStateMachineCommand({ stateMachineArn: arn })))).toBeInstanceOf(
      aws.StateMachineDoesNotExist,
    );
  });

  test('is listed by page, in the order of the names', async () => {
    const names = ['List1', 'List2', 'List3', 'List4', 'List5'];
    for (const name of [...names].reverse()) await cloud.create(name, PASS);
    const pages: number[] = [];
    const found: string[] = [];
    for await (const page of paginateListStateMachines({ client: sfn, pageSize: 2 }, {})) {
      pages.push(page.stateMachines!.length);
      found.push(...page.stateMachines!.map((machine) => machine.name!));
    }
    expect(found.filter((name) => name.startsWith('List'))).toEqual(names);
    expect(pages.slice(0, -1).every((count) => count === 2)).toBe(true);
  });

  test('keeps its tags', async () => {
    const resourceArn = await cloud.create('Tagged', PASS);
    await sfn.send(
      new TagResourceCommand({
        resourceArn,
        tags: [
          { key: 'a', value: '1' },
          { key: 'b', value: '2' },
        ],
      }),
    );
    await sfn.send(new UntagResourceCommand({ resourceArn, tagKeys: ['a'] }));
    expect((await sfn.send(new ListTagsForResourceCommand({ resourceArn }))).tags).toEqual([{ key: 'b', value: '2' }]);
  });

  test('is refused for its name, role or type by the error of that name', async () => {
    const create = (more: object) =>
      refusal(sfn.send(new CreateStateMachineCommand({ name: 'Bad', roleArn, definition: textOf(PASS), ...more })));
    expect(await create({ name: 'with space' })).toBeInstanceOf(aws.InvalidName);
    expect(await create({ name: 'x'.repeat(81) })).toBeInstanceOf(aws.InvalidName);
    expect(await create({ roleArn: 'arn:aws:s3:::bucket' })).toBeInstanceOf(aws.InvalidArn);
    expect(await create({ type: 'EXPRESS' })).toBeInstanceOf(aws.StateMachineTypeNotSupported);
    expect(await create({ publish: true })).toBeInstanceOf(aws.ValidationException);
    const described = sfn.send(new DescribeStateMachineCommand({ stateMachineArn: 'arn:aws:states:x' }));
    expect(await refusal(described)).toBeInstanceOf(aws.InvalidArn);
  });

  const INVOKE = { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Arguments: { FunctionName: 'F', Payload: {} } };
  const BAD: [string, string, RegExp][] = [
    [
      'is JSONPath by default',
      JSON.stringify({ StartAt: 'Only', States: { Only: { Type: 'Succeed' } } }),
      /JSONPath.*at \/States\/Only/,
    ],
    ['has a JSONPath state', textOf(single({ Type: 'Pass', QueryLanguage: 'JSONPath' })), /JSONPath.*at \/States\/Only/],
    [
      'has a JSONPath field',
      textOf(single({ Type: 'Pass', ResultPath: '$.x' })),
      /ResultPath.*use Output at \/States\/Only\/ResultPath/,
    ],
    [
      'has a field nobody knows',
      textOf(single({ Type: 'Pass', Colour: 'red' })),
      /Colour is not known.*at \/States\/Only\/Colour/,
    ],
    ['has a top-level field nobody knows', textOf({ ...PASS, Owner: 'me' }), /Owner is not known.*at \/Owner/],
    ['has a state of no type', textOf(single({ Type: 'Sleep' })), /Sleep.*at \/States\/Only\/Type/],
    [
      'names a service nobody knows',
      textOf(single({ ...INVOKE, Resource: 'arn:aws:states:::aws-sdk:dynamodb:getItem' })),
      /dynamodb.*Resource/,
    ],
    [
      'names a resource nobody knows',
      textOf(single({ ...INVOKE, Resource: 'arn:aws:states:::glue:startJobRun' })),
      /glue.*Resource/,
    ],
    [
      'names an action nobody knows',
      textOf(single({ ...INVOKE, Resource: 'arn:aws:states:::aws-sdk:s3:eatObject' })),
      /eatObject/,
    ],
    [
      'waits for a service that cannot be followed',
      textOf(single({ ...INVOKE, Resource: 'arn:aws:states:::lambda:invoke.sync' })),
      /\.sync/,
    ],
    ['gives an argument nobody knows', textOf(single({ ...INVOKE, Arguments: { FunctionName: 'F', Speed: 1 } })), /Speed/],
    [
      'waits for a token it never hands on',
      textOf(single({ ...INVOKE, Resource: `${INVOKE.Resource}.waitForTaskToken` })),
      /Task\.Token/,
    ],
    ['calls a function nobody knows', textOf(single({ Type: 'Pass', Output: '{% $frobnicate(1) %}' })), /frobnicate.*Output/],
    ['calls $eval', textOf(single({ Type: 'Pass', Output: "{% $eval('1') %}" })), /eval.*Output/],
    ['reads a variable nobody assigned', textOf(single({ Type: 'Pass', Output: '{% $nothing %}' })), /nothing.*Output/],
    ['has a broken expression', textOf(single({ Type: 'Pass', Output: '{% 1 + %}' })), /INVALID_JSONATA_EXPRESSION.*Output/],
    [
      'leads nowhere',
      textOf({ StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' } } }),
      /MISSING_TRANSITION_TARGET.*\/States\/A\/Next/,
    ],
    ['begins nowhere', textOf({ ...PASS, StartAt: 'Other' }), /MISSING_TRANSITION_TARGET.*Other/],
    ['is no JSON', '{', /INVALID_JSON_DESCRIPTION/],
  ];
  test.each(BAD)('is refused when it %s', async (_, definition, message) => {
    const error = await refusal(sfn.send(new CreateStateMachineCommand({ name: 'Bad', roleArn, definition })));
    expect(error).toBeInstanceOf(aws.InvalidDefinition);
    expect(error.message).toMatch(/^Invalid State Machine Definition: '/);
    expect(error.message).toMatch(message);
    expect(error.$metadata.httpStatusCode).toBe(400);
    const told = await sfn.send(new ValidateStateMachineDefinitionCommand({ definition }));
    expect(told.result).toBe('FAIL');
    for (const diagnostic of told.diagnostics!) expect(error.message).toContain(`${diagnostic.code}: ${diagnostic.message}`);
  });

  test('is validated without being made, with the place of every fault', async () => {
    const good = await sfn.send(new ValidateStateMachineDefinitionCommand({ definition: textOf(PASS) }));
    expect(good).toMatchObject({ result: 'OK', diagnostics: [], truncated: false });
    const definition = textOf({ StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' }, C: { Type: 'Wait', End: true } } });
    const bad = await sfn.send(new ValidateStateMachineDefinitionCommand({ definition }));
    expect(bad.diagnostics).toContainEqual({
      severity: 'ERROR',
      code: 'MISSING_TRANSITION_TARGET',
      message: 'the state B is not there',
      location: '/States/A/Next',
    });
    expect(bad.diagnostics!.length).toBeGreaterThan(2);
    const first = await sfn.send(new ValidateStateMachineDefinitionCommand({ definition, maxResults: 1 }));
    expect(first).toMatchObject({ result: 'FAIL', truncated: true, diagnostics: [bad.diagnostics![0]] });
  });
});

describe('an execution', () => {
  test('is started once by its name, and not again once it ended', async () => {
    const stateMachineArn = await cloud.create('Once', single({ Type: 'Wait', Seconds: '{% $states.input.s %}' }));
    const first = await sfn.send(new StartExecutionCommand({ stateMachineArn, name: 'same', input: '{"s":3600}' }));
    const second = await sfn.send(new StartExecutionCommand({ stateMachineArn, name: 'same', input: '{"s":3600}' }));
    expect(second.executionArn).toBe('arn:aws:states:us-east-1:000000000000:execution:Once:same');
    expect(second.startDate).toEqual(first.startDate);
    const other = sfn.send(new StartExecutionCommand({ stateMachineArn, name: 'same', input: '{"s":1}' }));
    expect(await refusal(other)).toBeInstanceOf(aws.ExecutionAlreadyExists);
    await sfn.send(new StopExecutionCommand({ executionArn: first.executionArn, error: 'Enough', cause: 'seen it' }));
    const again = sfn.send(new StartExecutionCommand({ stateMachineArn, name: 'same', input: '{"s":3600}' }));
    expect(await refusal(again)).toBeInstanceOf(aws.ExecutionAlreadyExists);
    const told = await sfn.send(new DescribeExecutionCommand({ executionArn: first.executionArn }));
    expect(told).toMatchObject({ status: 'ABORTED', error: 'Enough', cause: 'seen it', name: 'same', input: '{"s":3600}' });
    expect(told.stopDate!.getTime()).toBeGreaterThanOrEqual(told.startDate!.getTime());
    const [{ stopDate }, history] = [
      await sfn.send(new StopExecutionCommand({ executionArn: first.executionArn })),
      await cloud.history(first.executionArn!),
    ];
    expect(stopDate).toEqual(told.stopDate);
    expect(history.at(-1)).toMatchObject({
      type: 'ExecutionAborted',
      executionAbortedEventDetails: { error: 'Enough', cause: 'seen it' },
    });
  });

  test('tells its history by page, forwards and backwards, with details', async () => {
    const told = await cloud.run(
      'Steps',
      {
        StartAt: 'First',
        States: {
          First: { Type: 'Pass', Assign: { seen: '{% $states.input.n %}' }, Next: 'Pick' },
          Pick: { Type: 'Choice', Choices: [{ Condition: '{% $seen > 1 %}', Next: 'Last' }], Default: 'No' },
          No: { Type: 'Fail', Error: 'TooSmall' },
          Last: { Type: 'Succeed', Output: { twice: '{% $seen * 2 %}' } },
        },
      },
      { n: 21 },
    );
    expect(told).toMatchObject({ status: 'SUCCEEDED', value: { twice: 42 }, outputDetails: { included: true } });
    const executionArn = told.executionArn!;
    const forwards: aws.HistoryEvent[] = [];
    for await (const page of paginateGetExecutionHistory({ client: sfn, pageSize: 3 }, { executionArn }))
      forwards.push(...page.events!);
    expect(forwards.map(({ id, type }) => [id, type])).toEqual([
      [1, 'ExecutionStarted'],
      [2, 'PassStateEntered'],
      [3, 'PassStateExited'],
      [4, 'ChoiceStateEntered'],
      [5, 'ChoiceStateExited'],
      [6, 'SucceedStateEntered'],
      [7, 'SucceedStateExited'],
      [8, 'ExecutionSucceeded'],
    ]);
    expect(forwards[0]!.timestamp).toBeInstanceOf(Date);
    expect(forwards[0]!.executionStartedEventDetails).toMatchObject({ input: '{"n":21}', roleArn });
    expect(forwards[1]!.stateEnteredEventDetails).toMatchObject({ name: 'First', input: '{"n":21}' });
    expect(forwards[2]!.stateExitedEventDetails).toMatchObject({ name: 'First', assignedVariables: { seen: '21' } });
    expect(forwards[7]!.executionSucceededEventDetails).toMatchObject({ output: '{"twice":42}' });
    const backwards: aws.HistoryEvent[] = [];
    const query = { executionArn, reverseOrder: true };
    for await (const page of paginateGetExecutionHistory({ client: sfn, pageSize: 5 }, query)) backwards.push(...page.events!);
    expect(backwards).toEqual([...forwards].reverse());
    const bare = await sfn.send(new GetExecutionHistoryCommand({ executionArn, includeExecutionData: false }));
    expect(bare.events![1]!.stateEnteredEventDetails).toEqual({ name: 'First' });
  });

  test('is listed newest first, by page and status', async () => {
    const stateMachineArn = await cloud.create('Listed', {
      StartAt: 'Pick',
      States: {
        Pick: { Type: 'Choice', Choices: [{ Condition: "{% $states.input = 'fail' %}", Next: 'Bad' }], Default: 'Good' },
        Bad: { Type: 'Fail', Error: 'Asked', Cause: 'for it' },
        Good: { Type: 'Succeed' },
      },
    });
    for (const [i, input] of ['ok', 'fail', 'ok', 'fail', 'ok'].entries())
      await cloud.ended(await cloud.start(stateMachineArn, input, `n${i}`));
    const names = async (statusFilter?: aws.ExecutionStatus) => {
      const found: string[] = [];
      for await (const page of paginateListExecutions({ client: sfn, pageSize: 2 }, { stateMachineArn, statusFilter }))
        found.push(...page.executions!.map((execution) => execution.name!));
      return found;
    };
    expect(await names()).toEqual(['n4', 'n3', 'n2', 'n1', 'n0']);
    expect(await names('SUCCEEDED')).toEqual(['n4', 'n2', 'n0']);
    expect(await names('FAILED')).toEqual(['n3', 'n1']);
    expect(await names('RUNNING')).toEqual([]);
    const list = (more: object) => refusal(sfn.send(new ListExecutionsCommand({ stateMachineArn, ...more })));
    expect(await list({ nextToken: 'made-up' })).toBeInstanceOf(aws.InvalidToken);
    expect(await list({ maxResults: 1001 })).toBeInstanceOf(aws.ValidationException);
    expect(await list({ stateMachineArn: stateMachineArn.replace('Listed', 'Absent') })).toBeInstanceOf(
      aws.StateMachineDoesNotExist,
    );
  });

  test('keeps the machine it was started with', async () => {
    const stateMachineArn = await cloud.create('Kept', WAIT);
    const executionArn = await cloud.start(stateMachineArn);
    await sfn.send(new UpdateStateMachineCommand({ stateMachineArn, definition: textOf(PASS) }));
    const told = await sfn.send(new DescribeStateMachineForExecutionCommand({ executionArn }));
    expect(told).toMatchObject({ stateMachineArn, name: 'Kept', definition: textOf(WAIT) });
    await sfn.send(new DeleteStateMachineCommand({ stateMachineArn }));
    expect((await cloud.ended(executionArn)).status).toBe('ABORTED');
  });

  test('has inputs and results of at most 256 KiB of UTF-8', async () => {
    const stateMachineArn = await cloud.create(
      'Limit',
      single({ Type: 'Pass', Output: { twice: '{% $states.input & $states.input %}' } }),
    );
    const start = (input: string) => sfn.send(new StartExecutionCommand({ stateMachineArn, input }));
    expect(await refusal(start('{'))).toBeInstanceOf(aws.InvalidExecutionInput);
    expect(await refusal(start(JSON.stringify('x'.repeat(262_143))))).toBeInstanceOf(aws.InvalidExecutionInput);
    expect(await refusal(start(JSON.stringify('é'.repeat(131_072))))).toBeInstanceOf(aws.InvalidExecutionInput);
    const told = await cloud.ended((await start(JSON.stringify('x'.repeat(262_142)))).executionArn!);
    expect(told).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(told.output).toBeUndefined();
    expect((await cloud.ended(await cloud.start(stateMachineArn, 'x'.repeat(131_000)))).status).toBe('SUCCEEDED');
  });

  test('that is not there is told by class', async () => {
    const executionArn = 'arn:aws:states:us-east-1:000000000000:execution:Absent:none';
    for (const call of [
      sfn.send(new DescribeExecutionCommand({ executionArn })),
      sfn.send(new GetExecutionHistoryCommand({ executionArn })),
      sfn.send(new StopExecutionCommand({ executionArn })),
    ])
      expect(await refusal(call)).toBeInstanceOf(aws.ExecutionDoesNotExist);
    const nothing = sfn.send(new DescribeExecutionCommand({ executionArn: 'nothing' }));
    expect(await refusal(nothing)).toBeInstanceOf(aws.InvalidArn);
  });
});
