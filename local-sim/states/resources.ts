/** What a Task may call: the Resource ARNs this local cloud knows, and what is known about each before it is called. */
import { OPTIMIZED_ARGUMENTS, SDK_ARGUMENTS, type Shape, unknownMembers } from './arguments.ts';

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
  readonly requiredNames: readonly string[];
}

const OPTIMIZED: Readonly<Record<string, Optimized>> = {
  'lambda:invoke': {
    peer: 'lambda',
    errorPrefix: 'Lambda',
    patterns: ['response', 'token'],
    requiredNames: ['FunctionName'],
  },
  'states:startExecution': {
    peer: 'states',
    errorPrefix: 'StepFunctions',
    patterns: ['response', 'sync', 'sync2', 'token'],
    requiredNames: ['StateMachineArn'],
  },
  'batch:submitJob': {
    peer: 'batch',
    errorPrefix: 'Batch',
    patterns: ['response', 'sync', 'token'],
    requiredNames: ['JobName', 'JobQueue', 'JobDefinition'],
  },
  'events:putEvents': {
    peer: 'events',
    errorPrefix: 'EventBridge',
    patterns: ['response', 'token'],
    requiredNames: ['Entries'],
  },
};

interface SdkService {
  readonly peer: string;
  readonly errorPrefix: string;
}

/** The aws-sdk services of this cloud, as Step Functions spells them; their actions stand with their arguments. */
export const SDK_SERVICES: Readonly<Record<string, SdkService>> = {
  s3: { peer: 's3', errorPrefix: 'S3' },
  lambda: { peer: 'lambda', errorPrefix: 'Lambda' },
  batch: { peer: 'batch', errorPrefix: 'Batch' },
  braket: { peer: 'braket', errorPrefix: 'Braket' },
  eventbridge: { peer: 'events', errorPrefix: 'EventBridge' },
  sfn: { peer: 'states', errorPrefix: 'Sfn' },
  cloudwatch: { peer: 'monitoring', errorPrefix: 'CloudWatch' },
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
    const actions = SDK_ARGUMENTS[service]!;
    if (!Object.hasOwn(actions, action))
      throw new Error(`aws-sdk:${service} has the actions ${Object.keys(actions).join(', ')}, found ${action}`);
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

const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);

/**
 * What is wrong with the arguments of a call: members that nothing here would read, and for optimized integrations members that are missing.
 * A bare Lambda ARN takes anything: its arguments are the function's event.
 */
export function argumentIssues(resource: TaskResource, args: Readonly<Record<string, unknown>>): string[] {
  const { kind, service, arn } = resource;
  if (kind === 'function') return [];
  const action = lowerFirst(resource.action);
  const shape: Shape = kind === 'sdk' ? SDK_ARGUMENTS[service]![action]! : OPTIMIZED_ARGUMENTS[`${service}:${action}`]!;
  const required = kind === 'sdk' ? [] : OPTIMIZED[`${service}:${action}`]!.requiredNames;
  return [
    ...unknownMembers(shape, args).map(
      (path) =>
        `The field "${path}" is not supported by ${arn}; it takes ${Object.keys(membersAt(shape, path)).join(', ') || 'nothing'}`,
    ),
    ...required
      .filter((name) => !Object.hasOwn(args, name))
      .map((name) => `The field "${name}" is required by ${arn} but was missing`),
  ];
}

/** The members that may stand beside the last step of a path. */
function membersAt(shape: Shape, path: string): Exclude<Shape, 'any'> {
  const steps = path.split('.').slice(0, -1);
  const found = steps.reduce<Shape>((at, step) => (at === 'any' ? at : (at[step] ?? 'any')), shape);
  return found === 'any' ? {} : found;
}
