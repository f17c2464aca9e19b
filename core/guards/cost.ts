/**
 * What a run will cost, before it starts: planned work times dated prices, in whole micro-dollars, rounded up.
 *
 * cost of a device = tasks × fee per task + shots of all circuits × fee per shot + minutes × fee per minute
 */
import type { CostItem, CostPlan } from '../contracts/artifacts.ts';
import type { Campaign } from '../contracts/campaign.ts';
import { BudgetBelowPlan, InvalidCampaign } from '../contracts/errors.ts';
import type { Device, DynamicsTier } from '../contracts/primitives.ts';
import { planDynamics } from '../dynamics/plan.ts';
import type { Target } from '../problems/circuit-files.ts';
import { countWork, type StageWork } from '../problems/work.ts';
import { deviceRate, findDevice, isPaid, isQpu, type PriceTable, priceTable, serviceRate } from './price-table.ts';

/** At most so many compounds go to a paid device. */
export const PAID_DEVICE_CAP = 32;

export interface DeviceWork {
  device: Device;
  what: string;
  tasks: number;
  circuits: number;
  /** Of all circuits together. */
  shots: number;
  /** Expected run time of one task on a simulator, seconds; the service charges its minimum at least. */
  secondsPerTask: number;
}

export interface PlannedWork {
  lambdaGbSeconds: number;
  lambdaRequests: number;
  stateTransitions: number;
  s3Writes: number;
  s3Reads: number;
  train: DeviceWork;
  refine: DeviceWork;
  batchVcpuHours: number;
  batchGbHours: number;
  batchGpuHours: number;
  dynamicsTier: DynamicsTier;
}

export interface PlanRequest {
  campaign: Campaign;
  libraryRows: number;
  labelledCount: number;
  /** Overrides of the run's options. */
  dynamicsTier?: DynamicsTier | undefined;
  budgetMicroUsd?: number | undefined;
  prices?: PriceTable | undefined;
  /** Executables in a program set of the refining device; 1 prices every circuit as a task. */
  circuitsPerTask?: number | undefined;
}

/** Rows of one shard, and what one second of a Lambda does. */
const SHARD_ROWS = 1_000;
const LAMBDA_GB = 1.73;
const ROWS_PER_LAMBDA_SECOND = 500;
/** Compounds in one training step on a device, where each is paid for; in a Lambda the steps are full batches. */
const DEVICE_BATCH = 8;
const HARDWARE_DIRECTIONS = 4;
const LAMBDA_BATCH = 64;
/** Value and adjoint gradient of one compound at n = 6, and the audit of the head on a thousand compounds. */
const SECONDS_PER_GRADIENT = 1e-3;
const AUDIT_SECONDS = 60;
const TRANSITIONS_PER_SHARD = 8;
const TRANSITIONS_PER_ROUND = 6;
const FIXED_TRANSITIONS = 60;
/** Memory beside each core of a Batch job, GB. */
const BATCH_GB_PER_VCPU = 3;

/** Compounds sent to the refinement: the top fraction, at least one, at most 32 on a paid device. */
export function refinedCount(libraryRows: number, topFraction: number, device: Device): number {
  const wanted = Math.min(libraryRows, Math.max(1, Math.ceil(libraryRows * topFraction)));
  return isPaid(device) ? Math.min(wanted, PAID_DEVICE_CAP) : wanted;
}

/**
 * What a step of refinement asks of a device: everything on simulators; on hardware, where each circuit is paid for by the shot, the four
 * strongest latent directions and no angles.
 */
export function refineLearning(
  device: Device,
  latentSize: number,
  prices: PriceTable = priceTable,
): { trainAngles: boolean; directions: number } {
  if (device !== 'lambda' && isQpu(device, prices))
    return { trainAngles: false, directions: Math.min(HARDWARE_DIRECTIONS, latentSize) };
  return { trainAngles: true, directions: latentSize };
}

/** How the device is handed circuits: one a task on simulators, program sets on hardware. */
function targetOf(device: Device, shots: number, circuitsPerTask: number, prices: PriceTable): Target {
  const { kind, name } = findDevice(device, prices);
  if (kind === 'simulator') return { kind: 'sv1', shots, maximumExecutables: 1 };
  if (shots < 1)
    throw new InvalidCampaign(`quantum.shots: ${name} has no exact values, so at least 1 shot is wanted, found ${shots}`);
  return { kind: 'program-set', shots, maximumExecutables: circuitsPerTask };
}

function deviceWork(what: string, device: Device, work: StageWork, request: PlanRequest): DeviceWork {
  const { campaign, circuitsPerTask = 1, prices = priceTable } = request;
  if (device === 'lambda') return { device, what, tasks: 0, circuits: 0, shots: 0, secondsPerTask: 0 };
  const { tasks, executables, shots } = countWork(work, targetOf(device, campaign.quantum.shots, circuitsPerTask, prices));
  return { device, what, tasks, circuits: executables, shots, secondsPerTask: 0 };
}

/** Core-hours (or GPU-hours of the explicit tier) that the reference and the candidates may take before they are stopped. */
function dynamicsHours(campaign: Campaign, tier: DynamicsTier): number {
  if (tier === 'none') return 0;
  // A nominal job: only its size is read.
  const input = { uri: 'nominal', sha256: '0'.repeat(64) };
  const ligand = (id: string, pose: typeof input | null) => ({ id, name: id, smiles: '', pose });
  const { estimate } = planDynamics({
    runId: 'plan',
    tier,
    protein: input,
    reference: ligand('reference', input),
    candidates: Array.from({ length: campaign.dynamics.candidates }, (_, i) => ligand(`candidate ${i}`, null)),
    pocketRadiusAngstrom: campaign.dynamics.pocketRadiusAngstrom,
    pH: campaign.dynamics.pH,
    seed: campaign.seed,
  });
  // Time-outs, not expectations: the block that is reserved must hold on a crowded machine too.
  return ((campaign.dynamics.candidates + 1) * estimate.attemptSeconds) / 3600;
}

/** Estimates the work of a run from its campaign and the size of its files. An upper bound for devices: full batches, no compound rejected. */
export function planWork(request: PlanRequest): PlannedWork {
  const { campaign, libraryRows, labelledCount } = request;
  const { quantum } = campaign;
  const { trainDevice, refineDevice, qubits, layers, latentSize } = quantum;
  const tier = request.dynamicsTier ?? campaign.dynamics.tier;
  const shards = Math.max(1, Math.ceil(libraryRows / SHARD_ROWS));
  const selected = refinedCount(libraryRows, quantum.topFraction, refineDevice);
  const circuit = { qubits, layers, entangler: 'ring' as const, latentSize };
  const train: StageWork = {
    circuit,
    candidates: 0,
    steps: quantum.trainSteps,
    batch: Math.min(DEVICE_BATCH, labelledCount),
    learning: { trainAngles: true, directions: latentSize },
  };
  const refine: StageWork = {
    circuit,
    candidates: selected,
    steps: quantum.refineSteps,
    batch: quantum.refineNeighbours,
    learning: refineLearning(refineDevice, latentSize, request.prices),
  };
  const localGradients =
    (trainDevice === 'lambda' ? quantum.trainSteps * Math.min(LAMBDA_BATCH, labelledCount) : 0) +
    (refineDevice === 'lambda' ? 2 * selected + quantum.refineSteps * quantum.refineNeighbours : 0);
  const trainRounds = trainDevice === 'lambda' ? Math.ceil(quantum.trainSteps / quantum.innerSteps) : 2 * quantum.trainSteps;
  const refineRounds = refineDevice === 'lambda' ? 1 : 2 + 2 * quantum.refineSteps;
  const rounds = trainRounds + refineRounds;
  const hours = dynamicsHours(campaign, tier);
  const seconds =
    (2 * libraryRows + labelledCount) / ROWS_PER_LAMBDA_SECOND + AUDIT_SECONDS + localGradients * SECONDS_PER_GRADIENT;
  return {
    lambdaGbSeconds: LAMBDA_GB * seconds,
    lambdaRequests: shards * 2 + rounds * 4 + 30,
    stateTransitions: FIXED_TRANSITIONS + shards * TRANSITIONS_PER_SHARD + rounds * TRANSITIONS_PER_ROUND,
    s3Writes: shards * 5 + rounds * 4 + 100,
    s3Reads: shards * 8 + rounds * 6 + 200,
    train: deviceWork(`${quantum.trainSteps} training steps`, trainDevice, train, request),
    refine: deviceWork(`${selected} compounds and ${quantum.refineSteps} refinement steps`, refineDevice, refine, request),
    batchVcpuHours: tier === 'explicit' ? 0 : hours,
    batchGbHours: tier === 'explicit' ? 0 : hours * BATCH_GB_PER_VCPU,
    batchGpuHours: tier === 'explicit' ? hours : 0,
    dynamicsTier: tier,
  };
}

const item = (stage: CostItem['stage'], what: string, quantity: number, unit: string, rateMicroUsd: number): CostItem => ({
  stage,
  what,
  quantity,
  unit,
  rateMicroUsd,
  // The product of a count and a decimal rate may stand a few ulp above a whole number; that is not another micro-dollar.
  costMicroUsd: Math.ceil(quantity * rateMicroUsd - 1e-6),
});

function deviceItems(stage: 'train' | 'refine', work: DeviceWork, prices: PriceTable): CostItem[] {
  if (work.device === 'lambda') return [];
  const rate = deviceRate(work.device, prices);
  const { name } = findDevice(work.device, prices);
  const seconds = work.tasks * Math.max(rate.minimumSeconds, work.secondsPerTask);
  const items = [
    item(stage, `${name}: ${work.what}, tasks`, work.tasks, 'tasks', rate.perTaskMicroUsd),
    item(stage, `${name}: ${work.what}, shots`, work.shots, 'shots', rate.perShotMicroUsd),
    item(stage, `${name}: ${work.what}, time`, seconds / 60, 'minutes', rate.perMinuteMicroUsd),
  ];
  return items.filter(({ rateMicroUsd, quantity }) => rateMicroUsd > 0 && quantity > 0);
}

/**
 * What tasks of the given shots cost on a device, micro-dollars, before they are created; simulators by their minimum time. The sum over the
 * tasks of a stage never exceeds the plan of that stage. Throws DeviceUnknown, DeviceRetired or RateUnknown.
 */
export function taskPriceMicroUsd(device: Device, tasks: readonly { shots: number }[], prices: PriceTable = priceTable): number {
  const { perTaskMicroUsd, perShotMicroUsd, perMinuteMicroUsd, minimumSeconds } = deviceRate(device, prices);
  const shots = tasks.reduce((sum, task) => sum + task.shots, 0);
  const exact = tasks.length * (perTaskMicroUsd + (minimumSeconds / 60) * perMinuteMicroUsd) + shots * perShotMicroUsd;
  return Math.floor(exact + 1e-6);
}

/** Prices planned work. Throws DeviceUnknown, DeviceRetired or RateUnknown for a device it may not price. */
export function priceWork(work: PlannedWork, budgetMicroUsd: number, prices: PriceTable = priceTable): CostPlan {
  const service = (
    stage: 'serverless' | 'dynamics',
    what: Parameters<typeof serviceRate>[0],
    words: string,
    quantity: number,
  ) => {
    const { unit, rateMicroUsd } = serviceRate(what, prices);
    return item(stage, words, quantity, unit, rateMicroUsd);
  };
  const items = [
    service('serverless', 'lambda-gb-second', 'Lambda compute', work.lambdaGbSeconds),
    service('serverless', 'lambda-request', 'Lambda requests', work.lambdaRequests),
    service('serverless', 'state-transition', 'Step Functions', work.stateTransitions),
    service('serverless', 's3-put', 'S3 writes', work.s3Writes),
    service('serverless', 's3-get', 'S3 reads', work.s3Reads),
    ...deviceItems('train', work.train, prices),
    ...deviceItems('refine', work.refine, prices),
  ];
  if (work.dynamicsTier !== 'none') {
    const tier = `dynamics (${work.dynamicsTier})`;
    if (work.batchGpuHours > 0) items.push(service('dynamics', 'batch-gpu-hour', `${tier}, GPU`, work.batchGpuHours));
    else {
      items.push(service('dynamics', 'batch-vcpu-hour', `${tier}, processors`, work.batchVcpuHours));
      items.push(service('dynamics', 'batch-gb-hour', `${tier}, memory`, work.batchGbHours));
    }
  }
  return {
    schema: 'cost-plan/1',
    priceTableDate: prices.date,
    items,
    totalMicroUsd: items.reduce((sum, { costMicroUsd }) => sum + costMicroUsd, 0),
    budgetMicroUsd,
  };
}

/** Plan of a run: `priceWork(planWork(request))` with the budget of the campaign or of the run's options. Throws InvalidCampaign for hardware without shots. */
export function planCost(request: PlanRequest): CostPlan {
  return priceWork(planWork(request), request.budgetMicroUsd ?? request.campaign.budgetMicroUsd, request.prices ?? priceTable);
}

/** Planned cost of one stage, micro-dollars. */
export function stageCost(plan: CostPlan, stage: CostItem['stage']): number {
  return plan.items.reduce((sum, part) => (part.stage === stage ? sum + part.costMicroUsd : sum), 0);
}

/** Micro-dollars as dollars with as many digits as they deserve. */
export function formatUsd(amountMicroUsd: number): string {
  const digits = amountMicroUsd === 0 || amountMicroUsd >= 1_000_000 ? 2 : amountMicroUsd >= 10_000 ? 3 : 6;
  return `$${(amountMicroUsd / 1e6).toFixed(digits)}`;
}

/**
 * `plan-only` for a budget of 0, `run` where the budget covers the plan.
 * Throws BudgetBelowPlan with the sums of every stage otherwise: a run that cannot be paid is not begun.
 */
export function checkBudget(plan: CostPlan): 'plan-only' | 'run' {
  if (plan.budgetMicroUsd === 0) return 'plan-only';
  if (plan.budgetMicroUsd >= plan.totalMicroUsd) return 'run';
  const stages = (['serverless', 'train', 'refine', 'dynamics'] as const)
    .map((stage) => `${stage} ${formatUsd(stageCost(plan, stage))}`)
    .join(', ');
  throw new BudgetBelowPlan(
    `the budget is ${formatUsd(plan.budgetMicroUsd)} but the plan costs ${formatUsd(plan.totalMicroUsd)} (${stages}; prices of ${plan.priceTableDate}): ` +
      'raise budgetMicroUsd, ask for less, or set it to 0 to see the plan only',
  );
}
