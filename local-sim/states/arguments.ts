/**
 * What the call of a Task may be handed: the members that the services of this cloud read, in Step Functions' spelling. A member that is not
 * here is refused, even one that AWS knows: a service that never reads it would otherwise answer as if it had been honoured.
 */
import { isObject } from './json.ts';

/** `any` where what is inside is the user's, or is checked by the service; a list is as its elements. */
export type Shape = 'any' | { readonly [member: string]: Shape };

const names = (text: string, inner: Readonly<Record<string, Shape>> = {}): Shape => ({
  ...Object.fromEntries(text.split(' ').map((name) => [name, 'any' as const])),
  ...inner,
});

const ENTRIES = names('Source DetailType Detail Time Resources EventBusName');
const FILTERS = names('Name Operator Values');
const DIMENSIONS = names('Name Value');
const STORED =
  'ContentType CacheControl ContentDisposition ContentEncoding ContentLanguage Metadata ServerSideEncryption StorageClass';

const SUBMIT_JOB = names('JobName JobQueue JobDefinition Parameters PropagateTags Tags', {
  ArrayProperties: names('Size'),
  ContainerOverrides: names('Command Vcpus Memory', {
    Environment: names('Name Value'),
    ResourceRequirements: names('Type Value'),
  }),
  DependsOn: names('JobId Type'),
  RetryStrategy: names('Attempts', { EvaluateOnExit: names('Action OnExitCode OnReason OnStatusReason') }),
  Timeout: names('AttemptDurationSeconds'),
});

export const OPTIMIZED_ARGUMENTS: Readonly<Record<string, Shape>> = {
  'lambda:invoke': names('FunctionName Payload Qualifier InvocationType LogType'),
  'states:startExecution': names('StateMachineArn Name Input'),
  'batch:submitJob': SUBMIT_JOB,
  'events:putEvents': { Entries: ENTRIES },
};

/** The aws-sdk actions of this cloud by service, each with its members. */
export const SDK_ARGUMENTS: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  s3: {
    getObject: names('Bucket Key VersionId Range IfMatch IfNoneMatch'),
    putObject: names(`Bucket Key Body IfMatch IfNoneMatch ${STORED}`),
    headObject: names('Bucket Key VersionId IfMatch IfNoneMatch'),
    deleteObject: names('Bucket Key VersionId IfMatch'),
    deleteObjects: names('Bucket', { Delete: { Objects: names('Key VersionId') } }),
    copyObject: names(`Bucket Key CopySource MetadataDirective ${STORED}`),
    listObjectsV2: names('Bucket Prefix Delimiter StartAfter MaxKeys ContinuationToken'),
    headBucket: names('Bucket'),
    listBuckets: {},
    createBucket: names('Bucket'),
  },
  lambda: {
    invoke: names('FunctionName Payload Qualifier InvocationType LogType'),
    getFunction: names('FunctionName'),
    listFunctions: {},
    getFunctionConfiguration: names('FunctionName'),
  },
  batch: {
    submitJob: SUBMIT_JOB,
    describeJobs: names('Jobs'),
    listJobs: names('JobQueue ArrayJobId JobStatus MaxResults NextToken', { Filters: names('Name Values') }),
    terminateJob: names('JobId Reason'),
    cancelJob: names('JobId Reason'),
    describeJobQueues: names('JobQueues MaxResults NextToken'),
    describeJobDefinitions: names('JobDefinitions JobDefinitionName Status MaxResults NextToken'),
  },
  braket: {
    createQuantumTask: names(
      'ClientToken DeviceArn DeviceParameters Shots OutputS3Bucket OutputS3KeyPrefix Action Tags JobToken Associations ExperimentalCapabilities',
    ),
    getQuantumTask: names('QuantumTaskArn AdditionalAttributeNames'),
    cancelQuantumTask: names('QuantumTaskArn ClientToken'),
    searchQuantumTasks: names('MaxResults NextToken', { Filters: FILTERS }),
    getDevice: names('DeviceArn'),
    searchDevices: names('MaxResults NextToken', { Filters: names('Name Values') }),
    listTagsForResource: names('ResourceArn'),
    tagResource: names('ResourceArn Tags'),
    untagResource: names('ResourceArn TagKeys'),
  },
  eventbridge: {
    putEvents: { Entries: ENTRIES },
    putRule: names('Name Description State EventPattern ScheduleExpression EventBusName'),
    deleteRule: names('Name EventBusName'),
    describeRule: names('Name EventBusName'),
    listRules: names('NamePrefix EventBusName'),
    putTargets: names('Rule EventBusName Targets'),
    removeTargets: names('Rule EventBusName Ids'),
    listTargetsByRule: names('Rule EventBusName'),
    enableRule: names('Name EventBusName'),
    disableRule: names('Name EventBusName'),
  },
  sfn: {
    startExecution: names('StateMachineArn Name Input'),
    stopExecution: names('ExecutionArn Error Cause'),
    describeExecution: names('ExecutionArn IncludedData'),
    listExecutions: names('StateMachineArn MapRunArn StatusFilter MaxResults NextToken'),
    getExecutionHistory: names('ExecutionArn ReverseOrder IncludeExecutionData MaxResults NextToken'),
    sendTaskSuccess: names('TaskToken Output'),
    sendTaskFailure: names('TaskToken Error Cause'),
    sendTaskHeartbeat: names('TaskToken'),
    describeStateMachine: names('StateMachineArn IncludedData'),
    listStateMachines: names('MaxResults NextToken'),
    describeMapRun: names('MapRunArn'),
    listMapRuns: names('ExecutionArn MaxResults NextToken'),
  },
  cloudwatch: {
    putMetricData: names('Namespace', {
      MetricData: names('MetricName Timestamp Value Values Counts Unit', {
        Dimensions: DIMENSIONS,
        StatisticValues: names('SampleCount Sum Minimum Maximum'),
      }),
    }),
    getMetricData: names('StartTime EndTime ScanBy', {
      MetricDataQueries: names('Id Label ReturnData', {
        MetricStat: names('Period Stat', { Metric: names('Namespace MetricName', { Dimensions: DIMENSIONS }) }),
      }),
    }),
    getMetricStatistics: names('Namespace MetricName StartTime EndTime Period Statistics ExtendedStatistics', {
      Dimensions: DIMENSIONS,
    }),
    listMetrics: names('Namespace MetricName', { Dimensions: DIMENSIONS }),
  },
};

/** Paths of the members that the shape does not have, `ContainerOverrides.Enviroment`. Text (an expression, say) has none. */
export function unknownMembers(shape: Shape, value: unknown, path = ''): string[] {
  if (shape === 'any') return [];
  if (Array.isArray(value)) return value.flatMap((item) => unknownMembers(shape, item, path));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const inner = Object.hasOwn(shape, name) ? shape[name] : undefined;
    return inner === undefined ? [at] : unknownMembers(inner, member, at);
  });
}
