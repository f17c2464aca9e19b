/**
 * The folder of one attempt: what the container of the service has under /opt/braket. Source, input data, hyperparameters and
 * earlier checkpoints go in before the script runs; results and checkpoints go out after it.
 *
 *   code/                            the unpacked source; where the script runs
 *   input/config/hyperparameters.json, input/data/<channel>/
 *   model/                           results: packed to <output path>/output/model.tar.gz
 *   checkpoints/                     copied from and to the checkpoint address, whatever its local path says
 *   output/failure                   what the script died of, in a line
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ArchiveRefused, pack, unpack } from '../../tar.ts';
import type { HybridJob } from './model.ts';
import { isEmptyFolder, keyBelow, type ListedObject, parseS3Uri, type S3Files, type S3Place } from './s3-files.ts';

export interface WorkFolder {
  code: string;
  inputData: string;
  hyperParameters: string;
  model: string;
  checkpoints: string;
  failure: string;
}

const GIB = 2 ** 30;
/** Of a source archive, packed and unpacked. */
const SOURCE_LIMIT_BYTES = GIB;
const SOURCE_ENTRIES = 200_000;

export function workFolder(dir: string): WorkFolder {
  return {
    code: join(dir, 'code'),
    inputData: join(dir, 'input', 'data'),
    hyperParameters: join(dir, 'input', 'config', 'hyperparameters.json'),
    model: join(dir, 'model'),
    checkpoints: join(dir, 'checkpoints'),
    failure: join(dir, 'output', 'failure'),
  };
}

/** Fills the folder. Throws, with the reason that the job fails of, where something is missing, hostile or too large. */
export async function prepareFolder(job: HybridJob, dir: string, s3: S3Files): Promise<WorkFolder> {
  const folder = workFolder(dir);
  for (const place of [folder.code, folder.inputData, dirname(folder.hyperParameters), folder.model, folder.checkpoints])
    mkdirSync(place, { recursive: true });
  mkdirSync(dirname(folder.failure), { recursive: true });
  if (job.hyperParameters) writeFileSync(folder.hyperParameters, JSON.stringify(job.hyperParameters));
  await fetchSource(job, dir, folder, s3);
  let bytesLeft = job.instance.volumeSizeInGb * GIB;
  for (const channel of job.inputs) {
    const { bucket, key } = placeOf(channel.s3Uri);
    const objects = (await s3.list(bucket, key)).filter((object) => !object.key.endsWith('/'));
    if (objects.length === 0) throw new Error(`No data found for channel '${channel.channelName}' at ${channel.s3Uri}.`);
    const target = join(folder.inputData, channel.channelName);
    bytesLeft = await downloadAll(s3, bucket, objects, topOf(key, objects), target, bytesLeft);
  }
  if (job.checkpoint) {
    const { bucket, key } = placeOf(job.checkpoint.s3Uri);
    const top = key === '' || key.endsWith('/') ? key : `${key}/`;
    const objects = (await s3.list(bucket, top)).filter((object) => !object.key.endsWith('/'));
    await downloadAll(s3, bucket, objects, top, folder.checkpoints, bytesLeft);
  }
  return folder;
}

async function fetchSource(job: HybridJob, dir: string, folder: WorkFolder, s3: S3Files): Promise<void> {
  if (!job.scriptMode) return;
  const { s3Uri, compressionType } = job.scriptMode;
  const place = placeOf(s3Uri);
  const isPacked = compressionType === 'GZIP';
  const path = join(isPacked ? dir : folder.code, basename(place.key));
  try {
    await s3.download(place, path, SOURCE_LIMIT_BYTES);
  } catch (error) {
    throw new Error(`Unable to download code from ${s3Uri}: ${textOf(error)}`);
  }
  if (!isPacked) return;
  try {
    await unpack(path, folder.code, { bytes: SOURCE_LIMIT_BYTES, entries: SOURCE_ENTRIES });
  } catch (error) {
    const what = error instanceof ArchiveRefused ? 'was refused' : 'could not be unpacked';
    throw new Error(`The source archive ${s3Uri} ${what}: ${textOf(error)}`);
  }
  rmSync(path);
}

/** As the SDK documents it: a prefix that is a folder gives its contents, any other gives whatever matches, named from its parent. */
function topOf(prefix: string, objects: readonly ListedObject[]): string {
  if (prefix === '' || prefix.endsWith('/')) return prefix;
  if (objects.every(({ key }) => key.startsWith(`${prefix}/`))) return `${prefix}/`;
  return prefix.slice(0, prefix.lastIndexOf('/') + 1);
}

/** Returns how many bytes may still come. */
async function downloadAll(
  s3: S3Files,
  bucket: string,
  objects: readonly ListedObject[],
  top: string,
  target: string,
  bytesLeft: number,
): Promise<number> {
  mkdirSync(target, { recursive: true });
  let left = bytesLeft;
  for (const { key } of objects) {
    const parts = key.slice(top.length).split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0')))
      throw new Error(`s3://${bucket}/${key} has a name that is no path of a file`);
    left -= await s3.download({ bucket, key }, join(target, ...parts), left);
  }
  return left;
}

/** Copies the checkpoints to their address in S3. */
export async function saveCheckpoints(job: HybridJob, dir: string, s3: S3Files): Promise<void> {
  const { checkpoints } = workFolder(dir);
  if (!job.checkpoint || !existsSync(checkpoints)) return;
  await s3.uploadFolder(checkpoints, placeOf(job.checkpoint.s3Uri));
}

/** Packs the results to where `AwsQuantumJob.result()` looks for them; an empty folder leaves nothing. Returns what was left out. */
export async function saveResults(job: HybridJob, dir: string, s3: S3Files): Promise<string[]> {
  const { model } = workFolder(dir);
  if (await isEmptyFolder(model)) return [];
  const archive = join(dir, 'model.tar.gz');
  const leftOut = await pack(model, archive);
  const { bucket, key } = placeOf(job.outputS3Path);
  await s3.upload(archive, { bucket, key: keyBelow(key, 'output/model.tar.gz') }, 'application/x-gzip');
  rmSync(archive);
  return leftOut;
}

/** What the script died of, as far as it could say. */
export function failureOf(dir: string): string | undefined {
  const { failure } = workFolder(dir);
  if (!existsSync(failure)) return undefined;
  return readFileSync(failure, 'utf8').trim() || undefined;
}

function placeOf(uri: string): S3Place {
  const place = parseS3Uri(uri);
  if (!place) throw new Error(`an address in S3 wanted, ${uri} found`);
  return place;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
