/** CreateQuantumTask: every check the service makes before it accepts a task, in its order and with its error codes. */
import { createHash } from 'node:crypto';
import { deriveSeed } from '@qefm/quantum';
import { canonicalJson } from '../canonical-json.ts';
import { uuidFrom } from '../change-events.ts';
import type { MemberReader } from '../members.ts';
import { ServiceError } from '../service.ts';
import type { BraketDevice } from './devices.ts';
import { type ActionFacts, ActionRefused, type BraketEngine } from './engine.ts';
import { enforceLimits } from './spending-limits.ts';
import type { Task, TaskRequest, TaskStore } from './task-store.ts';
import { usableDevice } from './usable-device.ts';

export interface CreateTaskOptions {
  store: TaskStore;
  engine: BraketEngine;
  /** Whether QPUs are noisy: wide programs are then refused. */
  noisy: boolean;
  accountId: string;
  seed: number;
  nowMs(): number;
  device(arn: string): BraketDevice | undefined;
  openTasks(deviceArn: string): number;
  /** The hybrid job under way whose token this is. */
  jobOf(jobToken: string): { arn: string; deviceArn: string } | undefined;
  bucketExists(bucket: string): Promise<boolean>;
}

const TOKEN_LENGTH = 64;
const PROGRAM_SET = 'braket.ir.openqasm.program_set';

/** The new task, or the one that the same token made before. */
export async function createTask(
  reader: MemberReader,
  region: string,
  options: CreateTaskOptions,
): Promise<{ task: Task; isNew: boolean }> {
  const { store } = options;
  const clientToken = reader.string('clientToken', { min: 1, max: TOKEN_LENGTH });
  const requestHash = hashRequest(reader.raw);
  const earlier = sameToken(reader, store, clientToken, requestHash);
  if (earlier) return { task: earlier, isNew: false };

  const deviceArn = reader.string('deviceArn', { min: 1, max: 256 });
  const device = usableDevice(reader, deviceArn, options.device);
  const shots = reader.integer('shots', { min: 0 });
  const bucket = reader.string('outputS3Bucket', { min: 3, max: 63 });
  const prefix = reader.string('outputS3KeyPrefix', { min: 1, max: 1024 });
  const action = reader.string('action', { min: 1 });
  const deviceParameters = reader.optionalString('deviceParameters', { min: 1, max: 48_000 });
  const tags = reader.stringMap('tags');
  const jobToken = reader.optionalString('jobToken', { min: 1, max: 128 });
  const job = jobToken === undefined ? undefined : options.jobOf(jobToken);
  if (jobToken !== undefined && !job) throw reader.refuse("'jobToken' is not that of a hybrid job under way.");
  const experimental = reader.optionalStructure('experimentalCapabilities');
  experimental?.optionalOneOf('enabled', ['ALL', 'NONE']);
  const associations = reader.structures('associations', { max: 1 }).map((association) => ({
    arn: association.string('arn'),
    type: association.oneOf('type', ['RESERVATION_TIME_WINDOW_ARN']),
  }));

  requireJsonObject(reader, 'deviceParameters', deviceParameters);
  const reservationShots = associations.length > 0 ? device.reservationShotsRange : undefined;
  const offered = reservationShots ? { ...device, shotsRange: reservationShots } : device;
  const facts = checkAction(reader, action, offered, shots, options);
  if (!(await options.bucketExists(bucket))) throw reader.refuse(`Caller doesn't have access to ${bucket} or it doesn't exist.`);

  // While the bucket was looked up, the same token may have arrived a second time; from here on nothing waits.
  const meanwhile = sameToken(reader, store, clientToken, requestHash);
  if (meanwhile) return { task: meanwhile, isNew: false };
  const openTasks = options.openTasks(deviceArn);
  if (device.concurrentTasks !== undefined && openTasks >= device.concurrentTasks) {
    throw new ServiceError(
      'ServiceQuotaExceededException',
      `${openTasks} tasks are open on ${deviceArn}, the quota is ${device.concurrentTasks}.`,
      402,
    );
  }
  const createdAtMs = options.nowMs();
  const priceMicroUsd = { perTask: device.price.perTaskMicroUsd, perShot: device.price.perShotMicroUsd };
  if (device.type === 'QPU' && associations.length === 0) {
    enforceLimits(store, deviceArn, priceMicroUsd.perTask + shots * priceMicroUsd.perShot, createdAtMs);
  }

  const id = uuidFrom('quantum-task', options.accountId, region, options.seed, clientToken);
  const request: TaskRequest = {
    arn: `arn:aws:braket:${region}:${options.accountId}:quantum-task/${id}`,
    id,
    region,
    deviceArn,
    shots,
    outputS3Bucket: bucket,
    outputS3Directory: `${prefix}/${id}`,
    deviceParameters: deviceParameters ?? '{}',
    clientToken,
    requestHash,
    seed: deriveSeed(options.seed, 'quantum-task', clientToken),
    createdAtMs,
    actionType: facts.actionType,
    ...(facts.programCount === undefined ? {} : { programCount: facts.programCount }),
    ...(facts.executableCount === undefined ? {} : { executableCount: facts.executableCount }),
    priceMicroUsd,
    ...(job === undefined ? {} : { jobArn: job.arn, hasPriority: job.deviceArn === deviceArn }),
    ...(associations.length === 0 ? {} : { associations }),
    ...(experimental ? { experimentalCapabilities: { ...experimental.raw } } : {}),
  };
  return { task: store.create(request, action, tags), isNew: true };
}

/** The service calls tokens idempotent; a token that comes back with another request is refused rather than guessed at. */
function sameToken(reader: MemberReader, store: TaskStore, clientToken: string, requestHash: string): Task | undefined {
  const earlier = store.byToken(clientToken);
  if (earlier && earlier.requestHash !== requestHash)
    throw reader.refuse(`The clientToken ${clientToken} was used before with another request.`);
  return earlier;
}

function requireJsonObject(reader: MemberReader, name: string, text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw reader.refuse(`'${name}' must be a JSON document`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw reader.refuse(`'${name}' must be a JSON object`);
  return parsed as Record<string, unknown>;
}

function checkAction(
  reader: MemberReader,
  action: string,
  device: BraketDevice,
  shots: number,
  { engine, noisy }: CreateTaskOptions,
): ActionFacts {
  const document = requireJsonObject(reader, 'action', action)!;
  const name = (document['braketSchemaHeader'] as { name?: unknown } | undefined)?.name;
  if (name === PROGRAM_SET && !device.programSets) throw reader.refuse(`Device ${device.arn} takes no program sets.`);
  if (name !== PROGRAM_SET) checkShots(reader, device, shots);
  try {
    const facts = engine.check({ action, device, shots, noisy });
    if (facts.actionType === PROGRAM_SET) checkProgramSet(reader, device, shots, facts);
    return facts;
  } catch (error) {
    if (!(error instanceof ActionRefused)) throw error;
    const located =
      error.failures.length > 0 ? { reason: 'ProgramSetValidationFailed', programSetValidationFailures: error.failures } : {};
    throw new ServiceError('ValidationException', error.message, 400, located);
  }
}

function checkShots(reader: MemberReader, device: BraketDevice, shots: number): void {
  const [fewest, most] = device.shotsRange;
  if (shots < fewest || shots > most)
    throw reader.refuse(`Device ${device.arn} takes ${fewest} to ${most} shots, found ${shots}.`);
}

function checkProgramSet(reader: MemberReader, device: BraketDevice, shots: number, facts: ActionFacts): void {
  const limits = device.programSets!;
  const executables = facts.executableCount ?? 0;
  const fewest = Math.max(1, limits.minimumTotalShots ?? 1);
  if (executables > limits.maximumExecutables) {
    throw reader.refuse(
      `A program set on ${device.arn} has at most ${limits.maximumExecutables} executables, found ${executables}.`,
    );
  }
  if (shots < fewest || shots > limits.maximumTotalShots) {
    throw reader.refuse(
      `A program set on ${device.arn} takes ${fewest} to ${limits.maximumTotalShots} shots in total, found ${shots}.`,
    );
  }
  if (shots % executables !== 0) throw reader.refuse(`${shots} shots cannot be divided among ${executables} executables.`);
}

function hashRequest(raw: Readonly<Record<string, unknown>>): string {
  const { clientToken: _token, ...body } = raw;
  return createHash('sha256').update(canonicalJson(body)).digest('hex');
}
