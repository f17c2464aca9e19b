import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMachine } from '../../../local-sim/states/parse.ts';
import { parseResource } from '../../../local-sim/states/resources.ts';

const pass = { Type: 'Pass', End: true };
const machine = (states: object, more: object = {}) => ({
  QueryLanguage: 'JSONata',
  StartAt: Object.keys(states)[0],
  States: states,
  ...more,
});
const task = (more: object) =>
  machine({
    T: { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', Arguments: { FunctionName: 'f' }, End: true, ...more },
  });
const distributed = (more: object, child: object = pass, config: object = {}) =>
  machine({
    M: {
      Type: 'Map',
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD', ...config },
        StartAt: 'C',
        States: { C: child },
      },
      End: true,
      ...more,
    },
  });
const reader = (config: object | undefined, more: object = {}) =>
  distributed({
    ItemReader: {
      Resource: 'arn:aws:states:::s3:getObject',
      Arguments: { Bucket: 'b', Key: 'k' },
      ...(config ? { ReaderConfig: config } : {}),
      ...more,
    },
  });

const issuesOf = (definition: unknown) =>
  parseMachine(typeof definition === 'string' ? definition : JSON.stringify(definition)).issues;

/** Definition, path of the offence, and a part of the message. */
const REFUSED: [string, unknown, string, RegExp][] = [
  ['text that is not JSON', '{', '', /not JSON/],
  ['a definition that is no object', '[]', '', /object was expected/],
  ['a missing StartAt', { QueryLanguage: 'JSONata', States: { A: pass } }, '/StartAt', /required/],
  ['missing States', { QueryLanguage: 'JSONata', StartAt: 'A' }, '/States', /required/],
  ['no states', { QueryLanguage: 'JSONata', StartAt: 'A', States: {} }, '/States', /at least one/],
  ['a JSONPath machine', { StartAt: 'A', States: { A: pass } }, '/States/A', /JSONata machines only/],
  ['a machine that says JSONPath', { ...machine({ A: pass }), QueryLanguage: 'JSONPath' }, '/States/A', /JSONPath/],
  ['a JSONPath state', machine({ A: { ...pass, QueryLanguage: 'JSONPath' } }), '/States/A', /JSONPath/],
  ['a JSONPath field', machine({ A: { ...pass, ResultPath: '$.x' } }), '/States/A/ResultPath', /use Output/],
  ['a JSONPath parameter', task({ 'TimeoutSeconds.$': '$.x' }), '/States/T/TimeoutSeconds.$', /JSONPath/],
  ['an unknown field of the machine', machine({ A: pass }, { Foo: 1 }), '/Foo', /not known/],
  ['an unknown field of a state', machine({ A: { ...pass, Nxt: 'B' } }), '/States/A/Nxt', /not known in a Pass state/],
  ['a field of another state', machine({ A: { ...pass, Seconds: 1 } }), '/States/A/Seconds', /not known/],
  ['an unknown type', machine({ A: { Type: 'Jump' } }), '/States/A/Type', /one of Pass/],
  ['a missing type', machine({ A: { End: true } }), '/States/A/Type', /required/],
  ['a wrong version', machine({ A: pass }, { Version: '2.0' }), '/Version', /1\.0/],
  ['a machine time-out of 0', machine({ A: pass }, { TimeoutSeconds: 0 }), '/TimeoutSeconds', /1 to/],
  ['a StartAt that is not there', { ...machine({ A: pass }), StartAt: 'B' }, '/StartAt', /not there/],
  ['a Next that is not there', machine({ A: { Type: 'Pass', Next: 'B' } }), '/States/A/Next', /not there/],
  [
    'a Catch target that is not there',
    task({ Catch: [{ ErrorEquals: ['E'], Next: 'X' }] }),
    '/States/T/Catch/0/Next',
    /not there/,
  ],
  [
    'a Choice target that is not there',
    machine({ A: { Type: 'Choice', Choices: [{ Condition: true, Next: 'X' }] } }),
    '/States/A/Choices/0/Next',
    /not there/,
  ],
  [
    'a Default that is not there',
    machine({ A: { Type: 'Choice', Choices: [{ Condition: true, Next: 'A' }], Default: 'X' } }),
    '/States/A/Default',
    /not there/,
  ],
  ['an unreachable state', machine({ A: pass, B: pass }), '/States/B', /no transition/],
  ['neither Next nor End', machine({ A: { Type: 'Pass' } }), '/States/A', /either Next/],
  ['both Next and End', machine({ A: { Type: 'Pass', Next: 'A', End: true } }), '/States/A', /found both/],
  ['a state name that is too long', machine({ ['x'.repeat(81)]: pass }), `/States/${'x'.repeat(81)}`, /80/],
  [
    'a state name used twice',
    machine({ A: { Type: 'Parallel', Branches: [{ StartAt: 'A', States: { A: pass } }], End: true } }),
    '/States/A/Branches/0/States/A',
    /twice/,
  ],
  ['half an expression', machine({ A: { ...pass, Output: '{% 1' } }), '/States/A/Output', /begins with/],
  [
    'an expression that does not parse',
    machine({ A: { ...pass, Output: { x: '{% 1 + %}' } } }),
    '/States/A/Output/x',
    /character/,
  ],
  ['an unknown function', machine({ A: { ...pass, Output: '{% $frob(1) %}' } }), '/States/A/Output', /does not exist/],
  ['$eval', machine({ A: { ...pass, Output: "{% $eval('1') %}" } }), '/States/A/Output', /\$parse/],
  ['a variable that nothing assigns', machine({ A: { ...pass, Output: '{% $x %}' } }), '/States/A/Output', /assigned nowhere/],
  ['a bare field', machine({ A: { ...pass, Output: '{% x %}' } }), '/States/A/Output', /top level/],
  [
    'a member that $states does not have',
    machine({ A: { ...pass, Output: '{% $states.inputs %}' } }),
    '/States/A/Output',
    /found inputs/,
  ],
  [
    '$states.result in Arguments',
    task({ Arguments: { FunctionName: 'f', Payload: '{% $states.result %}' } }),
    '/States/T/Arguments/Payload',
    /not available/,
  ],
  ['$states.errorOutput outside Catch', task({ Output: '{% $states.errorOutput %}' }), '/States/T/Output', /not available/],
  ['an assignment to states', machine({ A: { ...pass, Assign: { states: 1 } } }), '/States/A/Assign/states', /reserved/],
  ['a variable name that is none', machine({ A: { ...pass, Assign: { 'a-b': 1 } } }), '/States/A/Assign/a-b', /identifier/],
  [
    'a variable of an outer scope assigned inside',
    machine({
      A: { Type: 'Pass', Assign: { x: 1 }, Next: 'P' },
      P: {
        Type: 'Parallel',
        Branches: [{ StartAt: 'B', States: { B: { ...pass, Assign: { x: 2 }, Output: '{% $x %}' } } }],
        End: true,
      },
    }),
    '/States/P/Branches/0/States/B/Assign/x',
    /outer scope/,
  ],
  [
    'a variable of the parent inside a Distributed Map',
    machine({
      A: { Type: 'Pass', Assign: { x: 1 }, Next: 'M' },
      M: {
        Type: 'Map',
        ItemProcessor: {
          ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
          StartAt: 'C',
          States: { C: { ...pass, Output: '{% $x %}' } },
        },
        End: true,
      },
    }),
    '/States/M/ItemProcessor/States/C/Output',
    /assigned nowhere/,
  ],
  [
    'a function hidden by a variable',
    machine({ A: { Type: 'Pass', Assign: { count: 1 }, Next: 'B' }, B: { ...pass, Output: '{% $count([1]) %}' } }),
    '/States/B/Output',
    /hidden/,
  ],
  ['a missing Resource', machine({ T: { Type: 'Task', End: true } }), '/States/T/Resource', /required/],
  ['an unknown resource', task({ Resource: 'arn:aws:states:::sns:publish' }), '/States/T/Resource', /found/],
  ['an activity', task({ Resource: 'arn:aws:states:us-east-1:123456789012:activity:a' }), '/States/T/Resource', /./],
  ['an HTTP endpoint', task({ Resource: 'arn:aws:states:::http:invoke' }), '/States/T/Resource', /found/],
  ['an unknown pattern', task({ Resource: 'arn:aws:states:::lambda:invoke.sync' }), '/States/T/Resource', /suffixes/],
  [
    'an aws-sdk service that is not here',
    task({ Resource: 'arn:aws:states:::aws-sdk:sqs:sendMessage' }),
    '/States/T/Resource',
    /services/,
  ],
  [
    'an aws-sdk action that is not here',
    task({ Resource: 'arn:aws:states:::aws-sdk:s3:getObjectt' }),
    '/States/T/Resource',
    /actions/,
  ],
  [
    'an aws-sdk action with .sync',
    task({ Resource: 'arn:aws:states:::aws-sdk:s3:getObject.sync' }),
    '/States/T/Resource',
    /waitForTaskToken/,
  ],
  [
    'an unknown argument',
    task({ Arguments: { FunctionName: 'f', Payloud: 1 } }),
    '/States/T/Arguments',
    /"Payloud" is not supported/,
  ],
  ['a missing argument', task({ Arguments: { Payload: 1 } }), '/States/T/Arguments', /"FunctionName" is required/],
  [
    'no arguments',
    machine({ T: { Type: 'Task', Resource: 'arn:aws:states:::lambda:invoke', End: true } }),
    '/States/T/Arguments',
    /required/,
  ],
  ['Credentials', task({ Credentials: { RoleArn: 'x' } }), '/States/T/Credentials', /not known/],
  [
    'a token that is not handed on',
    task({ Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken' }),
    '/States/T/Arguments',
    /Task\.Token/,
  ],
  [
    'a heartbeat of a .sync task',
    task({ Resource: 'arn:aws:states:::states:startExecution.sync', Arguments: { StateMachineArn: 'm' }, HeartbeatSeconds: 5 }),
    '/States/T/HeartbeatSeconds',
    /\.sync/,
  ],
  [
    'a machine that cannot end',
    machine({ A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', Next: 'A' } }),
    '',
    /no state ends it/,
  ],
  [
    'a heartbeat longer than the time-out',
    task({
      Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
      Arguments: { FunctionName: 'f', Payload: '{% $states.context.Task.Token %}' },
      HeartbeatSeconds: 5,
      TimeoutSeconds: 5,
    }),
    '/States/T/HeartbeatSeconds',
    /smaller/,
  ],
  ['a time-out of 0', task({ TimeoutSeconds: 0 }), '/States/T/TimeoutSeconds', /1 to/],
  ['a time-out that is text', task({ TimeoutSeconds: '5' }), '/States/T/TimeoutSeconds', /expression/],
  ['an empty Retry', task({ Retry: [] }), '/States/T/Retry', /at least one/],
  ['a retrier without errors', task({ Retry: [{}] }), '/States/T/Retry/0/ErrorEquals', /required/],
  [
    'States.ALL beside another error',
    task({ Retry: [{ ErrorEquals: ['States.ALL', 'E'] }] }),
    '/States/T/Retry/0/ErrorEquals',
    /alone/,
  ],
  [
    'States.ALL before the last',
    task({
      Catch: [
        { ErrorEquals: ['States.ALL'], Next: 'T' },
        { ErrorEquals: ['E'], Next: 'T' },
      ],
    }),
    '/States/T/Catch/0/ErrorEquals',
    /last/,
  ],
  [
    'a States error that is none',
    task({ Retry: [{ ErrorEquals: ['States.Oops'] }] }),
    '/States/T/Retry/0/ErrorEquals',
    /no error of Step Functions/,
  ],
  [
    'a backoff below 1',
    task({ Retry: [{ ErrorEquals: ['E'], BackoffRate: 0.5 }] }),
    '/States/T/Retry/0/BackoffRate',
    /at least 1/,
  ],
  [
    'a jitter that is none',
    task({ Retry: [{ ErrorEquals: ['E'], JitterStrategy: 'HALF' }] }),
    '/States/T/Retry/0/JitterStrategy',
    /FULL/,
  ],
  [
    'a maximum delay below the interval',
    task({ Retry: [{ ErrorEquals: ['E'], IntervalSeconds: 5, MaxDelaySeconds: 5 }] }),
    '/States/T/Retry/0/MaxDelaySeconds',
    /greater/,
  ],
  ['an unknown field of a retrier', task({ Retry: [{ ErrorEquals: ['E'], Max: 5 }] }), '/States/T/Retry/0/Max', /not known/],
  ['a catcher without Next', task({ Catch: [{ ErrorEquals: ['E'] }] }), '/States/T/Catch/0/Next', /required/],
  [
    'a ResultPath of a catcher',
    task({ Catch: [{ ErrorEquals: ['E'], Next: 'T', ResultPath: '$' }] }),
    '/States/T/Catch/0/ResultPath',
    /Output/,
  ],
  ['a Retry on a Pass', machine({ A: { ...pass, Retry: [{ ErrorEquals: ['E'] }] } }), '/States/A/Retry', /not known/],
  ['a Wait for nothing', machine({ A: { Type: 'Wait', End: true } }), '/States/A', /either Seconds/],
  [
    'a Wait for both',
    machine({ A: { Type: 'Wait', Seconds: 1, Timestamp: '2026-01-01T00:00:00Z', End: true } }),
    '/States/A',
    /either Seconds/,
  ],
  ['a Wait of half a second', machine({ A: { Type: 'Wait', Seconds: 0.5, End: true } }), '/States/A/Seconds', /integer/],
  [
    'a Timestamp that is none',
    machine({ A: { Type: 'Wait', Timestamp: 'tomorrow', End: true } }),
    '/States/A/Timestamp',
    /RFC 3339/,
  ],
  ['a Choice without rules', machine({ A: { Type: 'Choice', Default: 'A' } }), '/States/A/Choices', /required/],
  [
    'a JSONPath rule',
    machine({ A: { Type: 'Choice', Choices: [{ Variable: '$.x', Condition: true, Next: 'A' }] } }),
    '/States/A/Choices/0/Variable',
    /Condition/,
  ],
  [
    'a Choice with End',
    machine({ A: { Type: 'Choice', Choices: [{ Condition: true, Next: 'A' }], End: true } }),
    '/States/A/End',
    /not known/,
  ],
  [
    'a condition that is text',
    machine({ A: { Type: 'Choice', Choices: [{ Condition: 'yes', Next: 'A' }] } }),
    '/States/A/Choices/0/Condition',
    /true, false/,
  ],
  ['a Succeed with Next', machine({ A: { Type: 'Succeed', Next: 'A' } }), '/States/A/Next', /not known/],
  ['a Fail with Output', machine({ A: { Type: 'Fail', Output: 1 } }), '/States/A/Output', /not known/],
  [
    'a Parallel without branches',
    machine({ A: { Type: 'Parallel', Branches: [], End: true } }),
    '/States/A/Branches',
    /at least one/,
  ],
  [
    'a field in a branch',
    machine({ A: { Type: 'Parallel', Branches: [{ StartAt: 'B', States: { B: pass }, TimeoutSeconds: 1 }], End: true } }),
    '/States/A/Branches/0/TimeoutSeconds',
    /not known/,
  ],
  ['a Map without processor', machine({ A: { Type: 'Map', End: true } }), '/States/A/ItemProcessor', /required/],
  [
    'an Iterator',
    machine({ A: { Type: 'Map', Iterator: {}, ItemProcessor: { StartAt: 'B', States: { B: pass } }, End: true } }),
    '/States/A/Iterator',
    /ItemProcessor/,
  ],
  [
    'an inline Map with a reader',
    machine({ A: { Type: 'Map', ItemReader: {}, ItemProcessor: { StartAt: 'B', States: { B: pass } }, End: true } }),
    '/States/A/ItemReader',
    /DISTRIBUTED/,
  ],
  [
    'an ExecutionType inline',
    machine({
      A: {
        Type: 'Map',
        ItemProcessor: { ProcessorConfig: { ExecutionType: 'STANDARD' }, StartAt: 'B', States: { B: pass } },
        End: true,
      },
    }),
    '/States/A/ItemProcessor/ProcessorConfig/ExecutionType',
    /DISTRIBUTED/,
  ],
  [
    'a Distributed Map without ExecutionType',
    machine({
      A: {
        Type: 'Map',
        ItemProcessor: { ProcessorConfig: { Mode: 'DISTRIBUTED' }, StartAt: 'B', States: { B: pass } },
        End: true,
      },
    }),
    '/States/A/ItemProcessor/ProcessorConfig/ExecutionType',
    /required/,
  ],
  [
    'a reader beside Items',
    distributed({
      Items: [1],
      ItemReader: {
        Resource: 'arn:aws:states:::s3:getObject',
        Arguments: { Bucket: 'b', Key: 'k' },
        ReaderConfig: { InputType: 'JSON' },
      },
    }),
    '/States/M/Items',
    /both/,
  ],
  [
    'a reader of something else',
    reader({ InputType: 'JSON' }, { Resource: 'arn:aws:states:::s3:headObject' }),
    '/States/M/ItemReader/Resource',
    /getObject/,
  ],
  ['a reader without InputType', reader(undefined), '/States/M/ItemReader/ReaderConfig/InputType', /required/],
  ['a Parquet reader', reader({ InputType: 'PARQUET' }), '/States/M/ItemReader/ReaderConfig/InputType', /CSV, JSON, JSONL/],
  [
    'a CSV reader without header location',
    reader({ InputType: 'CSV' }),
    '/States/M/ItemReader/ReaderConfig/CSVHeaderLocation',
    /required/,
  ],
  [
    'a CSV reader whose headers are missing',
    reader({ InputType: 'CSV', CSVHeaderLocation: 'GIVEN' }),
    '/States/M/ItemReader/ReaderConfig/CSVHeaders',
    /required/,
  ],
  [
    'a CSV reader with headers twice',
    reader({ InputType: 'CSV', CSVHeaderLocation: 'FIRST_ROW', CSVHeaders: ['a'] }),
    '/States/M/ItemReader/ReaderConfig/CSVHeaders',
    /FIRST_ROW/,
  ],
  [
    'headers of a JSON reader',
    reader({ InputType: 'JSON', CSVHeaders: ['a'] }),
    '/States/M/ItemReader/ReaderConfig/CSVHeaders',
    /not known/,
  ],
  [
    'a pointer that is none',
    reader({ InputType: 'JSON', ItemsPointer: 'a' }),
    '/States/M/ItemReader/ReaderConfig/ItemsPointer',
    /begins with/,
  ],
  [
    'an unknown reader argument',
    reader({ InputType: 'JSON' }, { Arguments: { Bucket: 'b', Key: 'k', Range: 'x' } }),
    '/States/M/ItemReader/Arguments',
    /Range/,
  ],
  ['MaxItems of 0', reader({ InputType: 'JSON', MaxItems: 0 }), '/States/M/ItemReader/ReaderConfig/MaxItems', /1 to/],
  ['an empty batcher', distributed({ ItemBatcher: { BatchInput: 1 } }), '/States/M/ItemBatcher', /MaxItemsPerBatch/],
  [
    'a batch above the payload limit',
    distributed({ ItemBatcher: { MaxInputBytesPerBatch: 262_145 } }),
    '/States/M/ItemBatcher/MaxInputBytesPerBatch',
    /262144/,
  ],
  [
    'a writer without arguments',
    distributed({ ResultWriter: { Resource: 'arn:aws:states:::s3:putObject' } }),
    '/States/M/ResultWriter',
    /together/,
  ],
  ['an empty writer', distributed({ ResultWriter: {} }), '/States/M/ResultWriter', /WriterConfig/],
  [
    'JSONPath parameters of a writer',
    distributed({ ResultWriter: { Resource: 'arn:aws:states:::s3:putObject', Parameters: { Bucket: 'b' } } }),
    '/States/M/ResultWriter/Parameters',
    /Arguments/,
  ],
  ['a tolerance above 100 %', distributed({ ToleratedFailurePercentage: 101 }), '/States/M/ToleratedFailurePercentage', /100/],
  ['a label with a space', distributed({ Label: 'a b' }), '/States/M/Label', /40/],
  ['a label that is too long', distributed({ Label: 'a'.repeat(41) }), '/States/M/Label', /40/],
  ['a concurrency below 0', distributed({ MaxConcurrency: -1 }), '/States/M/MaxConcurrency', /0 to/],
  [
    'a token in an EXPRESS child',
    distributed(
      {},
      {
        Type: 'Task',
        Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
        Arguments: { FunctionName: 'f', Payload: '{% $states.context.Task.Token %}' },
        End: true,
      },
      { ExecutionType: 'EXPRESS' },
    ),
    '/States/M/ItemProcessor/States/C/Resource',
    /EXPRESS/,
  ],
];

describe('parseMachine', () => {
  test.each(REFUSED)('refuses %s', (_, definition, path, message) => {
    const issues = issuesOf(definition);
    const told = issues.map((issue) => `${issue.path}: ${issue.message}`).join('\n');
    const found = issues.find((issue) => issue.path === path && message.test(issue.message));
    expect(found, `wanted ${path} ${message}, found\n${told}`).toBeDefined();
  });

  test('accepts every kind of state with every field it knows', () => {
    const definition = machine(
      {
        Start: {
          Type: 'Pass',
          Comment: 'c',
          QueryLanguage: 'JSONata',
          Assign: { x: 1, list: '{% [1, 2] %}' },
          Output: { y: '{% $states.input %}' },
          Next: 'Pick',
        },
        Pick: {
          Type: 'Choice',
          Choices: [{ Condition: '{% $x = 1 %}', Next: 'Pause', Assign: { x: 2 }, Output: 1, Comment: 'c' }],
          Default: 'Stop',
          Assign: { x: 3 },
          Output: 2,
        },
        Pause: { Type: 'Wait', Seconds: '{% $x %}', Next: 'Until' },
        Until: { Type: 'Wait', Timestamp: '2026-01-01T00:00:00+01:00', Next: 'Both' },
        Both: {
          Type: 'Parallel',
          Arguments: { a: '{% $x %}' },
          Branches: [
            { Comment: 'c', StartAt: 'B', States: { B: { ...pass, Assign: { inner: '{% $x %}' }, Output: '{% $x %}' } } },
          ],
          Retry: [
            {
              ErrorEquals: ['E', 'F'],
              IntervalSeconds: 1,
              MaxAttempts: 0,
              BackoffRate: 1.5,
              MaxDelaySeconds: 9,
              JitterStrategy: 'FULL',
              Comment: 'c',
            },
            { ErrorEquals: ['States.ALL'] },
          ],
          Catch: [
            {
              ErrorEquals: ['States.ALL'],
              Next: 'Stop',
              Assign: { x: '{% $states.errorOutput.Error %}' },
              Output: '{% $states.errorOutput %}',
            },
          ],
          Output: '{% $states.result %}',
          Next: 'Inline',
        },
        Inline: {
          Type: 'Map',
          Items: '{% $list %}',
          ItemSelector: { i: '{% $states.context.Map.Item.Index %}' },
          MaxConcurrency: 2,
          ItemProcessor: { ProcessorConfig: { Mode: 'INLINE' }, StartAt: 'I', States: { I: pass } },
          Next: 'Far',
        },
        Far: {
          Type: 'Map',
          Label: 'far',
          ItemReader: {
            Resource: 'arn:aws:states:::s3:getObject',
            Arguments: { Bucket: 'b', Key: '{% $x %}' },
            ReaderConfig: {
              InputType: 'CSV',
              CSVHeaderLocation: 'GIVEN',
              CSVHeaders: ['a'],
              CSVDelimiter: 'TAB',
              MaxItems: '{% 10 %}',
            },
          },
          ItemSelector: { v: '{% $states.context.Map.Item.Value %}' },
          ItemBatcher: { MaxItemsPerBatch: 2, MaxInputBytesPerBatch: '{% 1000 %}', BatchInput: { x: '{% $x %}' } },
          ItemProcessor: {
            ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'EXPRESS' },
            StartAt: 'F',
            States: { F: pass },
          },
          ResultWriter: {
            Resource: 'arn:aws:states:::s3:putObject',
            Arguments: { Bucket: 'b', Prefix: 'p' },
            WriterConfig: { OutputType: 'JSONL', Transformation: 'FLATTEN' },
          },
          ToleratedFailureCount: '{% 1 %}',
          ToleratedFailurePercentage: 12.5,
          MaxConcurrency: '{% 5 %}',
          Next: 'Call',
        },
        Call: {
          Type: 'Task',
          Resource: 'arn:aws:states:::lambda:invoke.waitForTaskToken',
          Arguments: { FunctionName: 'f', Payload: { t: '{% $states.context.Task.Token %}' } },
          TimeoutSeconds: '{% 10 %}',
          HeartbeatSeconds: 5,
          Assign: { x: '{% $states.result %}' },
          Next: 'Done',
        },
        Stop: { Type: 'Fail', Error: '{% $string($x) %}', Cause: 'c' },
        Done: { Type: 'Succeed', Output: '{% $x %}', Comment: 'c' },
      },
      { Comment: 'c', Version: '1.0', TimeoutSeconds: 60 },
    );
    expect(issuesOf(definition)).toEqual([]);
  });

  test('accepts JSONata states one by one in a machine that does not say so', () => {
    expect(issuesOf({ StartAt: 'A', States: { A: { ...pass, QueryLanguage: 'JSONata' } } })).toEqual([]);
  });

  test('reads a state without QueryLanguage inside a branch by the machine, not by the Parallel', () => {
    const definition = {
      StartAt: 'P',
      States: { P: { Type: 'Parallel', QueryLanguage: 'JSONata', Branches: [{ StartAt: 'A', States: { A: pass } }], End: true } },
    };
    expect(issuesOf(definition)[0]).toMatchObject({
      path: '/States/P/Branches/0/States/A',
      message: expect.stringMatching(/JSONPath/),
    });
  });

  test('asks whether the service of a Task is there', () => {
    const definition = JSON.stringify(
      task({ Resource: 'arn:aws:states:::aws-sdk:braket:getDevice', Arguments: { DeviceArn: 'd' } }),
    );
    expect(parseMachine(definition, { hasPeer: () => true }).issues).toEqual([]);
    expect(parseMachine(definition, { hasPeer: () => false }).issues[0]?.message).toMatch(/braket is not part/);
  });

  test('answers for any JSON without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        expect(issuesOf(JSON.stringify(value)).length).toBeGreaterThan(0);
      }),
    );
  });

  test('answers for a valid machine with one value replaced by anything', () => {
    const base = JSON.stringify(reader({ InputType: 'CSV', CSVHeaderLocation: 'GIVEN', CSVHeaders: ['a'] }));
    fc.assert(
      fc.property(fc.nat(40), fc.jsonValue({ maxDepth: 2 }), (at, value) => {
        let seen = 0;
        const changed = JSON.stringify(JSON.parse(base, (_key, member: unknown) => (seen++ === at ? value : member)));
        expect(Array.isArray(issuesOf(changed ?? 'null'))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('parseResource', () => {
  test('reads a Lambda ARN, optimized integrations and the aws-sdk', () => {
    expect(parseResource('arn:aws:lambda:eu-west-2:123456789012:function:encode:live')).toMatchObject({
      kind: 'function',
      peer: 'lambda',
      pattern: 'response',
    });
    expect(parseResource('arn:aws:states:::lambda:invoke.waitForTaskToken')).toMatchObject({
      kind: 'optimized',
      resource: 'invoke.waitForTaskToken',
      resourceType: 'lambda',
      action: 'Invoke',
      pattern: 'token',
    });
    expect(parseResource('arn:aws:states:::states:startExecution.sync:2')).toMatchObject({
      service: 'states',
      pattern: 'sync2',
      errorPrefix: 'StepFunctions',
    });
    expect(parseResource('arn:aws:states:::aws-sdk:eventbridge:putEvents')).toMatchObject({
      resourceType: 'aws-sdk:eventbridge',
      peer: 'events',
      action: 'PutEvents',
    });
  });

  test('does not take names of Object.prototype for services', () => {
    expect(() => parseResource('arn:aws:states:::aws-sdk:constructor:call')).toThrow(/services/);
    expect(() => parseResource('arn:aws:states:::constructor:call')).toThrow(/found/);
  });
});
