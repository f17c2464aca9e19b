/** CreateJob: every check before a hybrid job is accepted; what the local cloud cannot honour is refused, never dropped. */
import { createHash, randomBytes } from 'node:crypto';
import { canonicalJson } from '../../canonical-json.ts';
import { uuidFrom } from '../../change-events.ts';
import type { MemberReader } from '../../members.ts';
import { ServiceError } from '../../service.ts';
import type { BraketDevice } from '../devices.ts';
import { usableDevice } from '../usable-device.ts';
import { INSTANCE_TYPES } from './instance-types.ts';
import type { HybridJobStore } from './job-store.ts';
import type { HybridJob, HybridJobRequest, InputChannel, ScriptMode } from './model.ts';
import { parseS3Uri, type S3Files } from './s3-files.ts';

export interface CreateJobOptions {
  store: HybridJobStore;
  s3: S3Files;
  accountId: string;
  seed: number;
  /** Jobs that may be open at once, in a region. */
  concurrentJobs: number;
  nowMs(): number;
  device(arn: string): BraketDevice | undefined;
  /** Whether something stands in for this image; the service's own are run by the Python of this machine. */
  hasRunner(imageUri: string): boolean;
}

const JOB_NAME = /^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,50}$/;
const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/;
const IMAGE_URI = /^\d{10,14}\.dkr\.ecr.[a-z0-9-]+\.amazonaws\.com\/.+(@sha256)?:.+$/;
const CHANNEL_NAME = /^[A-Za-z0-9.\-_]+$/;
const LONGEST_RUNTIME_SECONDS = 432_000;
const MAX_HYPERPARAMETERS = 100;

/** The images that the service offers. source: amazon-braket-sdk 1.127, jobs/image_uri_config */
const SERVICE_IMAGE =
  /^292282985366\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\/amazon-braket-(base|pytorch|tensorflow|cudaq)-jobs[@:]/;

/** The new job, or the one that the same token made before. */
export async function createJob(
  reader: MemberReader,
  region: string,
  options: CreateJobOptions,
): Promise<{ job: HybridJob; isNew: boolean }> {
  const { store, s3 } = options;
  const clientToken = reader.string('clientToken', { min: 1, max: 64 });
  const requestHash = hashRequest(reader.raw);
  const earlier = sameToken(store, clientToken, requestHash);
  if (earlier) return { job: earlier, isNew: false };

  const terms = readTerms(reader, options);
  const tags = reader.stringMap('tags');
  const { bucket } = parseS3Uri(terms.outputS3Path)!;
  if (!(await s3.bucketExists(bucket))) throw reader.refuse(`Caller doesn't have access to ${bucket} or it doesn't exist.`);

  // While the bucket was looked up, the same token may have arrived a second time; from here on nothing waits.
  const meanwhile = sameToken(store, clientToken, requestHash);
  if (meanwhile) return { job: meanwhile, isNew: false };
  const open = store.open().filter((job) => job.region === region).length;
  if (open >= options.concurrentJobs) {
    throw new ServiceError(
      'ServiceQuotaExceededException',
      `${open} hybrid jobs are open in ${region}, the quota is ${options.concurrentJobs}.`,
      402,
    );
  }
  const id = uuidFrom('job', options.accountId, region, options.seed, clientToken);
  const request: HybridJobRequest = {
    arn: `arn:aws:braket:${region}:${options.accountId}:job/${id}`,
    id,
    region,
    createdAtMs: options.nowMs(),
    clientToken,
    requestHash,
    jobToken: randomBytes(32).toString('base64url'),
    ...terms,
  };
  return { job: store.create(request, tags), isNew: true };
}

type Terms = Omit<HybridJobRequest, 'arn' | 'id' | 'region' | 'createdAtMs' | 'clientToken' | 'requestHash' | 'jobToken'>;

function readTerms(reader: MemberReader, options: CreateJobOptions): Terms {
  const name = reader.string('jobName', { min: 1, max: 50, pattern: JOB_NAME });
  const roleArn = reader.string('roleArn', { pattern: ROLE_ARN });
  const deviceArn = required(reader, 'deviceConfig').string('device', { min: 1, max: 256 });
  requireUsable(reader, deviceArn, options);
  const output = required(reader, 'outputDataConfig');
  const outputS3Path = readS3Uri(output, 's3Path');
  const outputKmsKeyId = output.optionalString('kmsKeyId', { min: 1, max: 2048 });
  const checkpoint = reader.optionalStructure('checkpointConfig');
  const localPath = checkpoint?.optionalString('localPath', { min: 1, max: 4096 });
  const stopping = reader.optionalStructure('stoppingCondition');
  const associations = reader.structures('associations', { max: 1 }).map((association) => ({
    arn: association.string('arn'),
    type: association.oneOf('type', ['RESERVATION_TIME_WINDOW_ARN']),
  }));
  return {
    name,
    roleArn,
    deviceArn,
    ...readAlgorithm(required(reader, 'algorithmSpecification'), options),
    inputs: readInputs(reader),
    outputS3Path,
    ...(outputKmsKeyId === undefined ? {} : { outputKmsKeyId }),
    ...(checkpoint
      ? { checkpoint: { s3Uri: readS3Uri(checkpoint, 's3Uri'), ...(localPath === undefined ? {} : { localPath }) } }
      : {}),
    instance: readInstance(required(reader, 'instanceConfig')),
    maxRuntimeSeconds:
      stopping?.optionalInteger('maxRuntimeInSeconds', { min: 1, max: LONGEST_RUNTIME_SECONDS }) ?? LONGEST_RUNTIME_SECONDS,
    ...(reader.has('hyperParameters') ? { hyperParameters: readHyperParameters(reader) } : {}),
    ...(associations.length === 0 ? {} : { associations }),
  };
}

/** The model lists ConflictException for CreateJob and says nothing of when: a token that comes back with another request is one. */
function sameToken(store: HybridJobStore, clientToken: string, requestHash: string): HybridJob | undefined {
  const earlier = store.byClientToken(clientToken);
  if (earlier && earlier.requestHash !== requestHash) {
    throw new ServiceError('ConflictException', `The clientToken ${clientToken} was used before with another request.`, 409);
  }
  return earlier;
}

function required(reader: MemberReader, name: string): MemberReader {
  const found = reader.optionalStructure(name);
  if (!found) throw reader.refuse(`'${name}' is required`);
  return found;
}

function requireUsable(reader: MemberReader, deviceArn: string, options: CreateJobOptions): void {
  // A simulator within the script: nothing of the service's.
  if (/^local:[^/]+\/.+$/.test(deviceArn)) return;
  usableDevice(reader, deviceArn, options.device);
}

function readAlgorithm(reader: MemberReader, options: CreateJobOptions): { scriptMode?: ScriptMode; imageUri?: string } {
  const image = reader.optionalStructure('containerImage');
  const imageUri = image?.string('uri', { min: 1, max: 255, pattern: IMAGE_URI });
  const script = reader.optionalStructure('scriptModeConfig');
  const isOwn = imageUri !== undefined && options.hasRunner(imageUri);
  if (imageUri !== undefined && !isOwn && !SERVICE_IMAGE.test(imageUri)) {
    throw reader.refuse(
      `The image ${imageUri} cannot run: the local cloud has no containers. It runs scripts of the images that Amazon Braket offers ` +
        'with the Python of this machine, and others where a program is named for them (option jobs.runners).',
    );
  }
  if (!script && !isOwn)
    throw reader.refuse("'scriptModeConfig' is required for an image of Amazon Braket: it has no program of its own");
  return { ...(script ? { scriptMode: readScript(script) } : {}), ...(imageUri === undefined ? {} : { imageUri }) };
}

function readScript(reader: MemberReader): ScriptMode {
  const compressionType = reader.optionalOneOf('compressionType', ['NONE', 'GZIP'] as const);
  return {
    entryPoint: reader.string('entryPoint', { min: 1 }),
    s3Uri: readS3Uri(reader, 's3Uri', true),
    ...(compressionType === undefined ? {} : { compressionType }),
  };
}

function readInputs(reader: MemberReader): InputChannel[] {
  const inputs = reader.structures('inputDataConfig', { max: 20 }).map((input): InputChannel => {
    const contentType = input.optionalString('contentType', { min: 1, max: 256 });
    return {
      channelName: input.string('channelName', { min: 1, max: 64, pattern: CHANNEL_NAME }),
      ...(contentType === undefined ? {} : { contentType }),
      s3Uri: readS3Uri(required(required(input, 'dataSource'), 's3DataSource'), 's3Uri'),
    };
  });
  const names = inputs.map(({ channelName }) => channelName);
  if (new Set(names).size < names.length) throw reader.refuse(`Channel names must differ, found ${names.join(', ')}`);
  const path = names.find((name) => name === '.' || name === '..');
  if (path !== undefined) throw reader.refuse(`'${path}' is no name of a channel`);
  return inputs;
}

function readInstance(reader: MemberReader): HybridJobRequest['instance'] {
  const instanceCount = reader.optionalInteger('instanceCount', { min: 1 }) ?? 1;
  const found = {
    instanceType: reader.oneOf('instanceType', INSTANCE_TYPES),
    volumeSizeInGb: reader.integer('volumeSizeInGb', { min: 1 }),
    instanceCount,
  };
  if (instanceCount > 1)
    throw new ServiceError('ServiceQuotaExceededException', `A hybrid job has at most 1 instance, found ${instanceCount}.`, 402);
  return found;
}

function readHyperParameters(reader: MemberReader): Record<string, string> {
  const found = reader.stringMap('hyperParameters', MAX_HYPERPARAMETERS);
  for (const [name, value] of Object.entries(found)) {
    if (name.length < 1 || name.length > 256) throw reader.refuse(`'hyperParameters': a name of 1 to 256 characters wanted`);
    if (value.length < 1 || value.length > 2500)
      throw reader.refuse(`'hyperParameters.${name}': 1 to 2500 characters wanted, ${value.length} found`);
  }
  return found;
}

function readS3Uri(reader: MemberReader, name: string, needsKey = false): string {
  const uri = reader.string(name, { max: 1024 });
  const place = parseS3Uri(uri);
  if (!place || (needsKey && place.key === ''))
    throw reader.refuse(`'${name}': an address such as s3://bucket/key wanted, ${uri} found`);
  return uri;
}

function hashRequest(raw: Readonly<Record<string, unknown>>): string {
  const { clientToken: _token, ...body } = raw;
  return createHash('sha256').update(canonicalJson(body)).digest('hex');
}
