/**
 * The one store. JSON artifacts and tensor files are checked by their schema on the way in and out; a write with a
 * condition is how two writers agree who was first.
 */

import type { S3Client } from '@aws-sdk/client-s3';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { z } from 'zod';
import { ArtifactInvalid, ArtifactMissing } from '../../core/contracts/errors.ts';
import type { Tensor, TensorFile } from '../../core/contracts/tensors.ts';
import { decodeTensors, encodeTensors } from '../../core/contracts/tensors.ts';

export interface Versioned<T> {
  value: T;
  etag: string;
}

export interface WriteCondition {
  /** The object must not exist yet. */
  absent?: true;
  /** The object must still have this ETag. */
  etag?: string;
}

/** Somebody else was first: the condition of a write or a deletion did not hold. */
export class ConditionFailed extends Error {}

export interface ArtifactStore {
  readonly bucket: string;
  readBytes(key: string, versionId?: string): Promise<Uint8Array>;
  /** The object's body piece by piece, for files that may be large. */
  stream(key: string, versionId?: string): Promise<AsyncIterable<Uint8Array>>;
  writeBytes(key: string, bytes: Uint8Array | string, contentType: string, condition?: WriteCondition): Promise<string>;
  read<T>(key: string, schema: z.ZodType<T>): Promise<T>;
  readVersioned<T>(key: string, schema: z.ZodType<T>): Promise<Versioned<T> | null>;
  /** Null when the object does not exist. */
  find<T>(key: string, schema: z.ZodType<T>): Promise<T | null>;
  write<T>(key: string, schema: z.ZodType<T>, value: T, condition?: WriteCondition): Promise<string>;
  readTensors<H>(key: string, header: z.ZodType<H>): Promise<TensorFile<H>>;
  readRawTensors(key: string): Promise<TensorFile<Record<string, unknown>>>;
  writeTensors(key: string, file: { header: object; tensors: Record<string, Tensor> }): Promise<void>;
  exists(key: string): Promise<boolean>;
  list(prefix: string): Promise<string[]>;
  /** Throws ConditionFailed when the object no longer has the ETag that was asked for. */
  delete(key: string, condition?: Pick<WriteCondition, 'etag'>): Promise<void>;
}

const statusOf = (error: unknown) => (error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined);
const isMissing = (error: unknown) => statusOf(error) === 404;
const isConditionFailed = (error: unknown) => statusOf(error) === 412 || statusOf(error) === 409;

function check<T>(key: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`);
  throw new ArtifactInvalid(`${key}: ${issues.join('; ')}`);
}

function parseJson(key: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new ArtifactInvalid(`${key}: not JSON (${(error as Error).message})`);
  }
}

export function createArtifactStore(client: S3Client, bucket: string): ArtifactStore {
  async function get(key: string, versionId?: string) {
    try {
      return await client.send(
        new GetObjectCommand({ Bucket: bucket, Key: key, ...(versionId === undefined ? {} : { VersionId: versionId }) }),
      );
    } catch (error) {
      if (isMissing(error)) throw new ArtifactMissing(`nothing lies at s3://${bucket}/${key}`);
      throw error;
    }
  }

  async function readWithEtag(key: string, versionId?: string): Promise<Versioned<Uint8Array>> {
    const { Body, ETag } = await get(key, versionId);
    return { value: await Body!.transformToByteArray(), etag: ETag! };
  }

  const store: ArtifactStore = {
    bucket,
    readBytes: async (key, versionId) => (await readWithEtag(key, versionId)).value,
    stream: async (key, versionId) => (await get(key, versionId)).Body as unknown as AsyncIterable<Uint8Array>,
    async writeBytes(key, bytes, contentType, condition = {}) {
      try {
        const { ETag } = await client.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: key,
            Body: bytes,
            ContentType: contentType,
            ...(condition.absent ? { IfNoneMatch: '*' } : {}),
            ...(condition.etag === undefined ? {} : { IfMatch: condition.etag }),
          }),
        );
        return ETag!;
      } catch (error) {
        if (isConditionFailed(error) || (condition.etag !== undefined && isMissing(error))) {
          throw new ConditionFailed(`s3://${bucket}/${key} was written by somebody else`);
        }
        throw error;
      }
    },
    read: async (key, schema) => check(key, schema, parseJson(key, await store.readBytes(key))),
    async readVersioned(key, schema) {
      try {
        const { value, etag } = await readWithEtag(key);
        return { value: check(key, schema, parseJson(key, value)), etag };
      } catch (error) {
        if (error instanceof ArtifactMissing) return null;
        throw error;
      }
    },
    find: async (key, schema) => (await store.readVersioned(key, schema))?.value ?? null,
    write: async (key, schema, value, condition) =>
      store.writeBytes(key, `${JSON.stringify(check(key, schema, value))}\n`, 'application/json', condition),
    async readTensors(key, headerSchema) {
      const { header, tensors } = await store.readRawTensors(key);
      return { header: check(key, headerSchema, header), tensors };
    },
    async readRawTensors(key) {
      try {
        return decodeTensors(await store.readBytes(key));
      } catch (error) {
        if (error instanceof RangeError || error instanceof SyntaxError) throw new ArtifactInvalid(`${key}: ${error.message}`);
        throw error;
      }
    },
    async writeTensors(key, { header, tensors }) {
      await store.writeBytes(key, encodeTensors(header, tensors), 'application/octet-stream');
    },
    async exists(key) {
      try {
        await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    },
    async list(prefix) {
      const keys: string[] = [];
      let token: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        );
        for (const { Key } of page.Contents ?? []) keys.push(Key!);
        token = page.NextContinuationToken;
      } while (token !== undefined);
      return keys;
    },
    async delete(key, { etag } = {}) {
      try {
        await client.send(
          new DeleteObjectCommand({ Bucket: bucket, Key: key, ...(etag === undefined ? {} : { IfMatch: etag }) }),
        );
      } catch (error) {
        if (etag !== undefined && (isConditionFailed(error) || isMissing(error))) {
          throw new ConditionFailed(`s3://${bucket}/${key} was written or deleted by somebody else`);
        }
        throw error;
      }
    },
  };
  return store;
}

/** Reads, changes and writes an object until nobody was in between. `change` returning null leaves it as it is. */
export async function compareAndSwap<T>(
  store: ArtifactStore,
  key: string,
  schema: z.ZodType<T>,
  initial: () => T,
  change: (value: T) => T | null,
  conflict: (tries: number) => Error,
): Promise<T> {
  const tries = 30;
  for (let attempt = 0; attempt < tries; attempt++) {
    const found = await store.readVersioned(key, schema);
    const current = found?.value ?? initial();
    const changed = change(current);
    if (changed === null) return current;
    try {
      await store.write(key, schema, changed, found === null ? { absent: true } : { etag: found.etag });
      return changed;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // Jitter, so that two writers do not meet again; the result does not depend on it.
      await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * Math.min(500, 10 * 2 ** attempt)));
    }
  }
  throw conflict(tries);
}
