/** What a Task may call: the Resource ARNs this local cloud knows, and what is known about each before it is called. */

export type Pattern = 'response' | 'sync' | 'sync2' | 'token';

export interface TaskResource {
  readonly arn: string;
  /** `function` for a bare Lambda ARN, `optimized` for e.g. lambda:invoke, `sdk` for aws-sdk. */
  readonly kind: 'function' | 'optimized' | 'sdk';
  /** As in the history: `lambda`, `batch`, `aws-sdk:braket`. */
  readonly resourceType: string;
  /** As in the history: `invoke.waitForTaskToken`. */
  readonly resource: string;
  readonly service: string;
  /** SDK operation name, `Invoke`. */
  readonly action: string;
  /** Signing name of the sibling that answers. */
  readonly peer: string;
  readonly pattern: Pattern;
  /** What stands before the dot of this service's error names, `Lambda` in Lambda.ServiceException. */
  readonly errorPrefix: string;
}

interface Optimized {
  readonly peer: string;
  readonly errorPrefix: string;
  readonly patterns: readonly Pattern[];
  readonly argumentNames: readonly string[];
  readonly requiredNames: readonly string[];
}

const OPTIMIZED: Readonly<Record<string, Optimized>> = {
  'lambda:invoke': {
    peer: 'lambda',
    errorPrefix: 'Lambda',
    patterns: ['response', 'token'],
    argumentNames: ['FunctionName', 'Payload', 'Qualifier', 'InvocationType', 'ClientContext', 'LogType'],
    requiredNames: ['FunctionName'],
  },
  'states:startExecution': {
    peer: 'states',
    errorPrefix: 'StepFunctions',
    patterns: ['response', 'sync', 'sync2', 'token'],
    argumentNames: ['StateMachineArn', 'Name', 'Input', 'TraceHeader'],
    requiredNames: ['StateMachineArn'],
  },
  'batch:submitJob': {
    peer: 'batch',
    errorPrefix: 'Batch',
    patterns: ['response', 'sync', 'token'],
    argumentNames: [
      'JobName',
      'JobQueue',
      'JobDefinition',
      'ArrayProperties',
      'ContainerOverrides',
      'DependsOn',
      'NodeOverrides',
      'Parameters',
      'PropagateTags',
      'RetryStrategy',
      'SchedulingPriorityOverride',
      'ShareIdentifier',
      'Tags',
      'Timeout',
    ],
    requiredNames: ['JobName', 'JobQueue', 'JobDefinition'],
  },
  'events:putEvents': {
    peer: 'events',
    errorPrefix: 'EventBridge',
    patterns: ['response', 'token'],
    argumentNames: ['Entries', 'EndpointId'],
    requiredNames: ['Entries'],
  },
};

interface SdkService {
  readonly peer: string;
  readonly errorPrefix: string;
  readonly actions: readonly string[];
}

/** The aws-sdk services of this cloud and the operations their siblings answer, as Step Functions spells them. */
export const SDK_SERVICES: Readonly<Record<string, SdkService>> = {
  s3: {
    peer: 's3',
    errorPrefix: 'S3',
    actions: [
      'getObject',
      'putObject',
      'headObject',
      'deleteObject',
      'deleteObjects',
      'copyObject',
      'listObjectsV2',
      'headBucket',
      'listBuckets',
      'createBucket',
    ],
  },
  lambda: {
    peer: 'lambda',
    errorPrefix: 'Lambda',
    actions: ['invoke', 'getFunction', 'listFunctions', 'getFunctionConfiguration'],
  },
  batch: {
    peer: 'batch',
    errorPrefix: 'Batch',
    actions: [
      'submitJob',
      'describeJobs',
      'listJobs',
      'terminateJob',
      'cancelJob',
      'describeJobQueues',
      'describeJobDefinitions',
    ],
  },
  braket: {
    peer: 'braket',
    errorPrefix: 'Braket',
    actions: [
      'createQuantumTask',
      'getQuantumTask',
      'cancelQuantumTask',
      'searchQuantumTasks',
      'getDevice',
      'searchDevices',
      'listTagsForResource',
      'tagResource',
      'untagResource',
    ],
  },
  eventbridge: {
    peer: 'events',
    errorPrefix: 'EventBridge',
    actions: [
      'putEvents',
      'putRule',
      'deleteRule',
      'describeRule',
      'listRules',
      'putTargets',
      'removeTargets',
      'listTargetsByRule',
      'enableRule',
      'disableRule',
    ],
  },
  sfn: {
    peer: 'states',
    errorPrefix: 'Sfn',
    actions: [
      'startExecution',
      'stopExecution',
      'describeExecution',
      'listExecutions',
      'getExecutionHistory',
      'sendTaskSuccess',
      'sendTaskFailure',
      'sendTaskHeartbeat',
      'describeStateMachine',
      'listStateMachines',
      'describeMapRun',
      'listMapRuns',
    ],
  },
  cloudwatch: {
    peer: 'monitoring',
    errorPrefix: 'CloudWatch',
    actions: ['putMetricData', 'getMetricData', 'getMetricStatistics', 'listMetrics'],
  },
};

const SUFFIXES: Readonly<Record<string, Pattern>> = {
  '': 'response',
  '.sync': 'sync',
  '.sync:2': 'sync2',
  '.waitForTaskToken': 'token',
};

const upperFirst = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

/** @throws Error that says what was wanted and found. */
export function parseResource(arn: string): TaskResource {
  const direct = /^arn:aws[a-z-]*:lambda:[a-z0-9-]*:\d*:function:([A-Za-z0-9_-]+)(:[A-Za-z0-9$_-]+)?$/.exec(arn);
  if (direct) {
    return {
      arn,
      kind: 'function',
      resourceType: 'lambda',
      resource: 'function',
      service: 'lambda',
      action: 'Invoke',
      peer: 'lambda',
      pattern: 'response',
      errorPrefix: 'Lambda',
    };
  }
  const sdk = /^arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:aws-sdk:([a-z0-9]+):([A-Za-z0-9]+)((?:\.[A-Za-z:0-9]+)?)$/.exec(arn);
  if (sdk) {
    const [, service = '', action = '', suffix = ''] = sdk;
    const known = Object.hasOwn(SDK_SERVICES, service) ? SDK_SERVICES[service] : undefined;
    if (!known) throw new Error(`this cloud has the aws-sdk services ${Object.keys(SDK_SERVICES).join(', ')}, found ${service}`);
    if (!known.actions.includes(action))
      throw new Error(`aws-sdk:${service} has the actions ${known.actions.join(', ')}, found ${action}`);
    const pattern = SUFFIXES[suffix];
    if (pattern !== 'response' && pattern !== 'token')
      throw new Error(`an aws-sdk action is called as it is or with .waitForTaskToken, found ${suffix}`);
    return {
      arn,
      kind: 'sdk',
      resourceType: `aws-sdk:${service}`,
      resource: `${action}${suffix}`,
      service,
      action: upperFirst(action),
      peer: known.peer,
      pattern,
      errorPrefix: known.errorPrefix,
    };
  }
  const optimized = /^arn:aws[a-z-]*:states:[a-z0-9-]*:\d*:([a-z0-9-]+):([A-Za-z0-9]+)((?:\.[A-Za-z:0-9]+)?)$/.exec(arn);
  if (optimized) {
    const [, service = '', action = '', suffix = ''] = optimized;
    const known = Object.hasOwn(OPTIMIZED, `${service}:${action}`) ? OPTIMIZED[`${service}:${action}`] : undefined;
    if (known) {
      const pattern = SUFFIXES[suffix];
      if (pattern === undefined || !known.patterns.includes(pattern)) {
        const wanted = Object.keys(SUFFIXES).filter((key) => known.patterns.includes(SUFFIXES[key]!));
        throw new Error(
          `${service}:${action} takes the suffixes ${wanted.map((key) => key || '(none)').join(', ')}, found ${suffix}`,
        );
      }
      return {
        arn,
        kind: 'optimized',
        resourceType: service,
        resource: `${action}${suffix}`,
        service,
        action: upperFirst(action),
        peer: known.peer,
        pattern,
        errorPrefix: known.errorPrefix,
      };
    }
    if (service === 'activity') throw new Error('activities are not part of this cloud; use lambda:invoke.waitForTaskToken');
  }
  throw new Error(
    `a Task calls a Lambda ARN, ${Object.keys(OPTIMIZED)
      .map((key) => `arn:aws:states:::${key}`)
      .join(', ')} or arn:aws:states:::aws-sdk:<service>:<action>, found ${JSON.stringify(arn)}`,
  );
}

/** Names of the arguments of an optimized integration that are unknown or missing; empty for other kinds. */
export function argumentIssues(resource: TaskResource, names: readonly string[]): string[] {
  if (resource.kind !== 'optimized') return [];
  const known = OPTIMIZED[`${resource.service}:${resource.action.charAt(0).toLowerCase()}${resource.action.slice(1)}`]!;
  return [
    ...names
      .filter((name) => !known.argumentNames.includes(name))
      .map((name) => `The field "${name}" is not supported by ${resource.arn}; it takes ${known.argumentNames.join(', ')}`),
    ...known.requiredNames
      .filter((name) => !names.includes(name))
      .map((name) => `The field "${name}" is required by ${resource.arn} but was missing`),
  ];
}
