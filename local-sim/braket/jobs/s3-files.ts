/** Files between the local S3 and a folder of this machine, with the caller's limits. */
import { mkdirSync } from 'node:fs';
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CloudContext } from '../../service.ts';
import { ServiceError } from '../../service.ts';

export interface S3Place {
  bucket: string;
  key: string;
}

const S3_URI = /^s3:\/\/([^/]+)\/?(.*)$/;
const HTTPS_URI = /^https:\/\/([^./]+)\.s3\.[^/]+\/?(.*)$/i;
/** Read at once from the store. */
const PORTION_BYTES = 8 * 1024 * 1024;
const LARGEST_UPLOAD_BYTES = 2 ** 30;

/** Undefined for what is no address in S3, in either of the two spellings that the SDK knows. */
export function parseS3Uri(uri: string): S3Place | undefined {
  const found = S3_URI.exec(uri) ?? HTTPS_URI.exec(uri);
  return found ? { bucket: found[1]!, key: found[2]! } : undefined;
}

export interface ListedObject {
  key: string;
  size: number;
}

export class S3Files {
  readonly #context: CloudContext;

  constructor(context: CloudContext) {
    this.#context = context;
  }

  async bucketExists(bucket: string): Promise<boolean> {
    try {
      await this.#call('HeadBucket', { Bucket: bucket });
      return true;
    } catch (error) {
      if (error instanceof ServiceError && (error.status === 404 || error.status === 403)) return false;
      throw error;
    }
  }

  async list(bucket: string, prefix: string): Promise<ListedObject[]> {
    const found: ListedObject[] = [];
    let token: unknown;
    do {
      const page = await this.#call('ListObjectsV2', {
        Bucket: bucket,
        Prefix: prefix,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      });
      for (const { Key, Size } of page['Contents'] as { Key: string; Size: number }[]) found.push({ key: Key, size: Size });
      token = page['NextContinuationToken'];
    } while (token !== undefined);
    return found;
  }

  /** Writes one object to a file; throws when it is larger than `limitBytes`. Returns its size. */
  async download({ bucket, key }: S3Place, path: string, limitBytes: number): Promise<number> {
    const head = await this.#call('HeadObject', { Bucket: bucket, Key: key });
    const size = Number(head['ContentLength']);
    if (size > limitBytes) throw new Error(`s3://${bucket}/${key} has ${size} bytes, at most ${limitBytes} fit`);
    mkdirSync(dirname(path), { recursive: true });
    const file = await open(path, 'w', 0o600);
    try {
      for (let at = 0; at < size; at += PORTION_BYTES) {
        const end = Math.min(size, at + PORTION_BYTES) - 1;
        const { Body } = await this.#call('GetObject', {
          Bucket: bucket,
          Key: key,
          VersionId: head['VersionId'],
          Range: `bytes=${at}-${end}`,
        });
        await file.writeFile(Body as Buffer);
      }
    } finally {
      await file.close();
    }
    return size;
  }

  /** Throws for a file of more than 1 GiB, since it passes through memory. */
  async upload(path: string, { bucket, key }: S3Place, contentType: string): Promise<void> {
    const { size } = await stat(path);
    if (size > LARGEST_UPLOAD_BYTES) throw new Error(`${path} has ${size} bytes, at most ${LARGEST_UPLOAD_BYTES} fit`);
    await this.#call('PutObject', { Bucket: bucket, Key: key, Body: await readFile(path), ContentType: contentType });
  }

  /** The regular files below a folder, as objects below a key; links and devices stay behind. Returns how many files there were. */
  async uploadFolder(folder: string, to: S3Place, below = ''): Promise<number> {
    let count = 0;
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) count += await this.uploadFolder(folder, to, name);
      if (!entry.isFile()) continue;
      await this.upload(join(folder, name), { bucket: to.bucket, key: keyBelow(to.key, name) }, 'application/octet-stream');
      count++;
    }
    return count;
  }

  #call(action: string, args: Record<string, unknown>): Promise<Record<string, unknown>> {
    return this.#context.peer('s3').call(action, args);
  }
}

export function keyBelow(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix.replace(/\/$/, '')}/${name}`;
}

export async function isEmptyFolder(folder: string): Promise<boolean> {
  return (await stat(folder).catch(() => undefined)) === undefined || (await readdir(folder)).length === 0;
}
