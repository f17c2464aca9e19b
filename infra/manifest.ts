/**
 * The floor plan, as plain data: infra/ builds a cloud from it and local-sim/ the same thing on a laptop. Imports nothing but its own types.
 * `${...}` in an environment value or a definition names something of this page: `${bucket:Data}`, `${function:X}`,
 * `${machine:X}`, `${queue:Dynamics}`, `${job:Dynamics}`, and in an event pattern `${buckets:X}` the buckets of all regions; each builder puts its own name or ARN there.
 */

import type { AlarmPlan, BucketPlan, FunctionPlan, Grant, JobPlan, MachinePlan, RoutePlan, RulePlan } from './floor-plan.ts';

export type * from './floor-plan.ts';

/** The home region: functions, machines, data and the API lie here. */
const region = 'us-east-1';
/**
 * Regions with a bucket of quantum results and a rule for the tasks there: Braket writes where the device is. One more region in this list is one
 * more stack in infra/, and its devices can be named by campaigns.
 */
const resultRegions: readonly string[] = [region];

const readCampaign: Grant = { to: 'read', bucket: 'Data', prefix: 'campaigns/' };
const readRun: Grant = { to: 'read', bucket: 'Data', prefix: 'runs/' };
const writeRun: Grant = { to: 'write', bucket: 'Data', prefix: 'runs/' };
const listRuns: Grant = { to: 'list', bucket: 'Data', prefix: 'runs/' };
const ownRun = [readRun, writeRun, listRuns] as const;
/** The loop clears old states of its own away; nothing else of a run is ever deleted. */
const clearStates: Grant = { to: 'delete', bucket: 'Data', prefix: 'runs/*/optimize/' };
const ledger: readonly Grant[] = [
  { to: 'read', bucket: 'Data', prefix: 'ledger/' },
  { to: 'write', bucket: 'Data', prefix: 'ledger/' },
];
const tokens: readonly Grant[] = [
  { to: 'read', bucket: 'Data', prefix: 'tokens/' },
  { to: 'write', bucket: 'Data', prefix: 'tokens/' },
  { to: 'delete', bucket: 'Data', prefix: 'tokens/' },
  { to: 'list', bucket: 'Data', prefix: 'tokens/' },
];
const readResults: Grant = { to: 'read', bucket: 'QuantumResults', prefix: 'runs/' };
const rdkit = ['node_modules/@rdkit/rdkit/dist/RDKit_minimal.wasm'] as const;

type StepOptions = Omit<FunctionPlan, 'name' | 'entry'>;
const kebab = (name: string) => name.replace(/(?!^)([A-Z])/g, '-$1').toLowerCase();
const functionIn =
  (folder: string) =>
  (name: string, options: StepOptions): FunctionPlan => ({
    name,
    entry: `lambdas/${folder}/${kebab(name)}.ts`,
    ...options,
  });
const step = functionIn('steps');
const event = functionIn('events');
const route = functionIn('api');

export const manifest = {
  name: 'qefm',
  region,
  metricNamespace: 'QEFM',
  /** Hard limits over all runs; a campaign's budget is the limit of one. */
  caps: { dayMicroUsd: 200_000_000, accountMicroUsd: 2_000_000_000 },
  buckets: [
    {
      name: 'Data',
      namePrefix: 'qefm-data',
      region,
      emitsEvents: true,
      expiry: [{ prefix: 'tokens/', days: 30 }],
    },
    // The service's managed policy and role reach only buckets whose name begins so; it must lie in the device's region.
    ...resultRegions.map((region) => ({
      name: 'QuantumResults' as const,
      namePrefix: 'amazon-braket-qefm',
      region,
      emitsEvents: false,
      expiry: [{ prefix: 'runs/', days: 365 }],
    })),
  ] satisfies BucketPlan[] as readonly BucketPlan[],

  functions: [
    step('PrepareRun', { memoryMb: 1024, timeoutSeconds: 900, grants: [readCampaign, ...ownRun, { to: 'readTasks' }] }),
    step('PrepareAssay', { memoryMb: 1024, timeoutSeconds: 300, assets: rdkit, grants: [readCampaign, ...ownRun] }),
    step('TrainClassical', { memoryMb: 1769, timeoutSeconds: 900, grants: [...ownRun, clearStates] }),
    step('EncodeLigands', { memoryMb: 1024, timeoutSeconds: 300, assets: rdkit, grants: [...ownRun] }),
    step('MergeDuplicates', { memoryMb: 1024, timeoutSeconds: 300, grants: [...ownRun] }),
    step('ScoreLigands', { memoryMb: 1024, timeoutSeconds: 300, grants: [...ownRun] }),
    step('DecideQuantum', { memoryMb: 1769, timeoutSeconds: 900, grants: [...ownRun, clearStates, { to: 'readTasks' }] }),
    step('ReserveFunds', { memoryMb: 256, timeoutSeconds: 60, grants: [...ownRun, ...ledger] }),
    step('SettleFunds', { memoryMb: 256, timeoutSeconds: 60, grants: [...ownRun, ...ledger] }),
    step('AskCircuits', { memoryMb: 1024, timeoutSeconds: 300, grants: [...ownRun, { to: 'readTasks' }] }),
    step('RunCircuits', { memoryMb: 1769, timeoutSeconds: 900, grants: [...ownRun, clearStates] }),
    step('SubmitCircuits', {
      memoryMb: 512,
      timeoutSeconds: 900,
      grants: [...ownRun, ...tokens, { to: 'submitTasks' }, { to: 'answerTokens' }],
    }),
    step('CollectResults', {
      memoryMb: 1024,
      timeoutSeconds: 300,
      grants: [...ownRun, ...tokens, readResults],
    }),
    step('TellProblem', { memoryMb: 1769, timeoutSeconds: 900, grants: [...ownRun, clearStates] }),
    step('RankCandidates', { memoryMb: 1769, timeoutSeconds: 900, grants: [...ownRun] }),
    step('AuditHead', { memoryMb: 1769, timeoutSeconds: 900, grants: [...ownRun] }),
    step('PlanDynamics', { memoryMb: 1024, timeoutSeconds: 120, assets: rdkit, grants: [readCampaign, ...ownRun] }),
    step('JudgeDynamics', { memoryMb: 512, timeoutSeconds: 120, grants: [...ownRun] }),
    step('WriteReport', {
      memoryMb: 1769,
      timeoutSeconds: 900,
      assets: rdkit,
      grants: [
        readCampaign,
        { to: 'read', bucket: 'Data', prefix: 'truth/' },
        ...ownRun,
        { to: 'read', bucket: 'Data', prefix: 'tokens/' },
        { to: 'inspect', machine: 'Discover' },
      ],
      environment: { DISCOVER_ARN: '${machine:Discover}' },
    }),

    event('LibraryUploaded', {
      memoryMb: 256,
      timeoutSeconds: 60,
      grants: [{ to: 'start', machine: 'Discover' }],
      environment: { DISCOVER_ARN: '${machine:Discover}' },
    }),
    event('QuantumTaskChanged', {
      memoryMb: 256,
      timeoutSeconds: 60,
      grants: [...tokens, { to: 'readTasks' }, { to: 'answerTokens' }],
    }),
    event('Sweep', {
      memoryMb: 512,
      timeoutSeconds: 600,
      grants: [
        ...tokens,
        ...ledger,
        { to: 'read', bucket: 'Data', prefix: 'runs/*/money.json' },
        { to: 'write', bucket: 'Data', prefix: 'runs/*/money.json' },
        { to: 'readTasks' },
        { to: 'cancelTasks' },
        { to: 'answerTokens' },
        { to: 'inspect', machine: 'Discover' },
      ],
      environment: { DISCOVER_ARN: '${machine:Discover}' },
    }),

    route('CreateUpload', {
      memoryMb: 256,
      timeoutSeconds: 29,
      grants: [
        readCampaign,
        { to: 'write', bucket: 'Data', prefix: 'campaigns/' },
        { to: 'write', bucket: 'Data', prefix: 'truth/' },
      ],
    }),
    route('StartRun', {
      memoryMb: 256,
      timeoutSeconds: 29,
      grants: [readCampaign, { to: 'start', machine: 'Discover' }],
      environment: { DISCOVER_ARN: '${machine:Discover}' },
    }),
    route('ListRuns', {
      memoryMb: 256,
      timeoutSeconds: 29,
      grants: [{ to: 'inspect', machine: 'Discover' }],
      environment: { DISCOVER_ARN: '${machine:Discover}' },
    }),
    route('GetRun', {
      memoryMb: 256,
      timeoutSeconds: 29,
      grants: [readRun, listRuns, { to: 'inspect', machine: 'Discover' }],
      environment: { DISCOVER_ARN: '${machine:Discover}' },
    }),
    route('StopRun', {
      memoryMb: 256,
      timeoutSeconds: 29,
      grants: [
        { to: 'inspect', machine: 'Discover' },
        { to: 'stop', machine: 'Discover' },
      ],
      environment: { DISCOVER_ARN: '${machine:Discover}' },
    }),
    route('ListCandidates', {
      memoryMb: 512,
      timeoutSeconds: 29,
      grants: [readRun, { to: 'inspect', machine: 'Discover' }],
      environment: { DISCOVER_ARN: '${machine:Discover}' },
    }),
    route('GetReport', {
      memoryMb: 256,
      timeoutSeconds: 29,
      grants: [readRun, { to: 'inspect', machine: 'Discover' }],
      environment: { DISCOVER_ARN: '${machine:Discover}' },
    }),
    route('GetPlan', {
      memoryMb: 256,
      timeoutSeconds: 29,
      grants: [readRun, { to: 'inspect', machine: 'Discover' }],
      environment: { DISCOVER_ARN: '${machine:Discover}' },
    }),
    route('GetOpenapi', { memoryMb: 256, timeoutSeconds: 29, grants: [] }),
  ] satisfies FunctionPlan[] as readonly FunctionPlan[],

  machines: [
    {
      name: 'Discover',
      definition: 'state-machines/discover.asl.json',
      grants: [
        ...[
          'PrepareRun',
          'PrepareAssay',
          'TrainClassical',
          'EncodeLigands',
          'MergeDuplicates',
          'ScoreLigands',
          'DecideQuantum',
          'ReserveFunds',
          'SettleFunds',
          'RankCandidates',
          'AuditHead',
          'PlanDynamics',
          'JudgeDynamics',
          'WriteReport',
        ].map((name) => ({ to: 'invoke', function: name }) as const),
        { to: 'start', machine: 'Optimize' },
        { to: 'start', machine: 'Compute' },
        // A Distributed Map starts its children as executions of its own machine, reads its items and writes its results.
        { to: 'start', machine: 'Discover' },
        readRun,
        writeRun,
        listRuns,
      ],
    },
    {
      name: 'Optimize',
      definition: 'state-machines/optimize.asl.json',
      grants: [
        ...['AskCircuits', 'RunCircuits', 'SubmitCircuits', 'CollectResults', 'TellProblem'].map(
          (name) => ({ to: 'invoke', function: name }) as const,
        ),
        { to: 'start', machine: 'Optimize' },
      ],
    },
    {
      name: 'Compute',
      definition: 'state-machines/compute.asl.json',
      grants: [{ to: 'submitJobs', queue: 'Jobs', job: 'Dynamics' }],
    },
  ] satisfies MachinePlan[] as readonly MachinePlan[],

  rules: [
    {
      name: 'LibraryUploaded',
      region,
      pattern: {
        source: ['aws.s3'],
        'detail-type': ['Object Created'],
        detail: {
          bucket: { name: ['${bucket:Data}'] },
          object: {
            key: [
              { wildcard: 'campaigns/*/libraries/*.smi' },
              { wildcard: 'campaigns/*/libraries/*.csv' },
              { wildcard: 'campaigns/*/libraries/*.sdf' },
              { wildcard: 'campaigns/*/libraries/*.gz' },
            ],
          },
        },
      },
      function: 'LibraryUploaded',
    },
    // Outside the home region a rule forwards its events to the home region's bus, where the rule of the same name has the function.
    ...resultRegions.map((region) => ({
      name: 'QuantumTaskChanged',
      region,
      pattern: {
        source: ['aws.braket'],
        'detail-type': ['Braket Task State Change'],
        detail: { status: ['COMPLETED', 'FAILED', 'CANCELLED'], outputS3Bucket: ['${buckets:QuantumResults}'] },
      },
      function: 'QuantumTaskChanged',
    })),
    { name: 'Sweep', region, schedule: 'rate(5 minutes)', function: 'Sweep' },
  ] satisfies RulePlan[] as readonly RulePlan[],

  /** How long a rule tries to deliver an event before it goes to the dead letters. */
  eventDelivery: { retryAttempts: 8, maxAgeSeconds: 6 * 3600 },

  /** Queues, by the last part of their name, for events that reached no target and for events whose function failed every time. */
  deadLetterQueues: { lostEvents: 'lost-events', failedEvents: 'failed-events' },

  /** The HTTP API; every route asks for IAM authorisation. */
  routes: [
    { method: 'POST', path: '/uploads', function: 'CreateUpload' },
    { method: 'POST', path: '/runs', function: 'StartRun' },
    { method: 'GET', path: '/runs', function: 'ListRuns' },
    { method: 'GET', path: '/runs/{runId}', function: 'GetRun' },
    { method: 'DELETE', path: '/runs/{runId}', function: 'StopRun' },
    { method: 'GET', path: '/runs/{runId}/candidates', function: 'ListCandidates' },
    { method: 'GET', path: '/runs/{runId}/report', function: 'GetReport' },
    { method: 'GET', path: '/runs/{runId}/plan', function: 'GetPlan' },
    { method: 'GET', path: '/openapi.json', function: 'GetOpenapi' },
  ] satisfies RoutePlan[] as readonly RoutePlan[],

  queues: [{ name: 'Jobs', maxVcpus: 64 }],

  jobs: [
    {
      name: 'Dynamics',
      dockerfile: 'batch-jobs/Dockerfile',
      command: ['python', '-m', 'dynamics'],
      vcpus: 1,
      memoryMb: 3072,
      attempts: 3,
      // 75: stopped half-way (Spot), 74: could not read or write.
      retryExitCodes: [75, 74],
      timeoutSeconds: 86_400,
      grants: [readCampaign, readRun, writeRun, listRuns],
    },
  ] satisfies JobPlan[] as readonly JobPlan[],

  /** Devices a campaign may name, each with the region its tasks, bucket and rule live in. */
  devices: [
    { arn: 'arn:aws:braket:::device/quantum-simulator/amazon/sv1', region },
    { arn: 'arn:aws:braket:::device/quantum-simulator/amazon/dm1', region },
    { arn: 'arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1', region: 'us-east-1' },
    { arn: 'arn:aws:braket:us-east-1::device/qpu/ionq/Forte-Enterprise-1', region: 'us-east-1' },
    { arn: 'arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet', region: 'eu-north-1' },
    { arn: 'arn:aws:braket:eu-north-1::device/qpu/iqm/Emerald', region: 'eu-north-1' },
    { arn: 'arn:aws:braket:eu-north-1::device/qpu/aqt/Ibex-Q1', region: 'eu-north-1' },
    { arn: 'arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q', region: 'us-west-1' },
  ],

  alarms: [
    {
      name: 'OldestOpenTokenMinutes',
      metric: 'OldestOpenTokenMinutes',
      statistic: 'Maximum',
      threshold: 26 * 60,
      periodMinutes: 15,
      description: 'A quantum task has been waited for longer than any campaign allows.',
    },
    {
      name: 'StepErrors',
      metric: 'StepErrors',
      statistic: 'Sum',
      threshold: 5,
      periodMinutes: 15,
      description: 'Steps keep failing.',
    },
    {
      name: 'SpendPerHour',
      metric: 'CostMicroUsd',
      statistic: 'Sum',
      threshold: 100_000_000,
      periodMinutes: 60,
      description: 'More than 100 USD drawn within an hour.',
    },
  ] satisfies AlarmPlan[] as readonly AlarmPlan[],

  /** What the dashboard plots; every one is emitted by some handler. */
  /** What the dashboard shows of the executions of Discover, from Step Functions itself. */
  runMetrics: ['ExecutionsStarted', 'ExecutionsSucceeded', 'ExecutionsFailed', 'ExecutionsAborted'],
  dashboardMetrics: [
    'Loss',
    'GradientVariance',
    'CircuitsRun',
    'ShotsSpent',
    'CostMicroUsd',
    'LigandsEncoded',
    'RowsRejected',
    'StepErrors',
    'StepMs',
    'OldestOpenTokenMinutes',
  ],
} as const;

export type Manifest = typeof manifest;
