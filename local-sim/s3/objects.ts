/** What can be done to objects, apart from how a request spells it: get, put, delete, copy. */
import { digestOf } from '../http/checksums.ts';
import { decodePercent } from '../http/sigv4.ts';
import { type CloudContext, ServiceError } from '../service.ts';
import type { ObjectChange } from './bucket.ts';
import type { Bucket, Buckets } from './buckets.ts';
import { checkCopySource, checkWrite, isConditional } from './conditions.ts';
import { checkKey, describeFromHeaders, newVersionId, type Segment, type VersionRecord, verifyChecksums } from './record.ts';

type Headers = Readonly<Record<string, string>>;

/** Who did it, for the event. */
export interface Actor {
  requestId: string;
  sourceIp: string;
}

export interface PutBody {
  body: Buffer;
  bodyPath?: string;
  bytes: number;
  /** Base64, `md5` among them. */
  digests: Readonly<Record<string, string>>;
}

/** A body in memory with the digests S3 makes of it by default. */
export function putBody(bytes: Uint8Array): PutBody {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return { body, bytes: body.length, digests: { md5: digestOf('md5', body), crc64nvme: digestOf('crc64nvme', body) } };
}

export const hexOfBase64 = (text: string): string => Buffer.from(text, 'base64').toString('hex');

const noSuchKey = (key: string) => new ServiceError('NoSuchKey', 'The specified key does not exist.', 404, { Key: key });

/** The version asked for, or the current one. Throws NoSuchKey, NoSuchVersion, 405 MethodNotAllowed for a delete marker asked for by id. */
export function findVersion(bucket: Bucket, key: string, versionId: string | undefined): VersionRecord {
  if (versionId === undefined) {
    const newest = bucket.store.versions(key).at(-1);
    if (!newest) throw noSuchKey(key);
    if (newest.deleteMarker) {
      throw new ServiceError('NoSuchKey', 'The specified key does not exist.', 404, {
        Key: key,
        'header:x-amz-delete-marker': 'true',
        'header:x-amz-version-id': newest.versionId,
      });
    }
    return newest;
  }
  const found = bucket.store.versions(key).find((v) => v.versionId === versionId);
  if (!found)
    throw new ServiceError('NoSuchVersion', 'The specified version does not exist.', 404, { Key: key, VersionId: versionId });
  if (found.deleteMarker) {
    throw new ServiceError('MethodNotAllowed', 'The specified method is not allowed against this resource.', 405, {
      'header:x-amz-delete-marker': 'true',
    });
  }
  return found;
}

/** The event of a change, in the shape S3 sends to EventBridge; undefined for a bucket that sends none. */
export function changeEvent(
  context: CloudContext,
  bucket: Bucket,
  detailType: ObjectChange['detailType'],
  version: Pick<VersionRecord, 'key' | 'size' | 'etag' | 'versionId' | 'sequencer' | 'lastModifiedMs'>,
  reason: Record<string, string>,
  actor: Actor,
): ObjectChange | undefined {
  if (!bucket.settings.events) return undefined;
  const created = detailType === 'Object Created';
  return {
    id: `${version.versionId}/${version.sequencer}`,
    detailType,
    timeMs: version.lastModifiedMs,
    detail: {
      version: '0',
      bucket: { name: bucket.store.name },
      object: {
        key: version.key,
        ...(created ? { size: version.size } : {}),
        ...(created ? { etag: version.etag } : {}),
        'version-id': version.versionId,
        sequencer: version.sequencer,
      },
      'request-id': actor.requestId,
      requester: context.accountId,
      'source-ip-address': actor.sourceIp,
      ...reason,
    },
  };
}

/** Taken when a conditional write arrives: a deletion after it, and before the write's turn, is a conflict. */
export const deletionsOf = (bucket: Bucket, key: string): number => bucket.store.deletions(key);

export interface NewVersion
  extends Pick<VersionRecord, 'headers' | 'metadata' | 'checksums' | 'checksumType' | 'etag' | 'size' | 'segments'> {
  key: string;
  parts?: number;
}

/**
 * Commits a version whose bytes are already on the disk, under the write conditions of `headers`. One writer at a time per key decides,
 * so of two that race with If-None-Match one gets 412. A delete that comes between the request and its turn makes a conditional write
 * fail with 409 ConditionalRequestConflict, as S3 documents it. On failure the bytes are removed.
 */
export async function commitVersion(
  context: CloudContext,
  buckets: Buckets,
  bucket: Bucket,
  version: NewVersion,
  headers: Headers,
  reason: string,
  actor: Actor,
  deletionsBefore: number,
  completes?: string,
): Promise<VersionRecord> {
  const { store } = bucket;
  const written = await store
    .exclusive(version.key, async () => {
      if (completes !== undefined && !store.uploads.has(completes))
        throw new ServiceError('NoSuchUpload', 'The specified upload was completed or aborted meanwhile.', 404);
      if (isConditional(headers)) {
        if (store.deletions(version.key) !== deletionsBefore) {
          throw new ServiceError(
            'ConditionalRequestConflict',
            'A conflicting conditional operation is currently in progress against this resource. Please try again.',
            409,
            { Key: version.key },
          );
        }
        checkWrite(headers, store.current(version.key));
      }
      const nowMs = context.clock.now();
      const record: VersionRecord = {
        ...version,
        versionId: newVersionId(),
        lastModifiedMs: nowMs,
        sequencer: store.nextSequencer(nowMs),
      };
      await store.put(record, changeEvent(context, bucket, 'Object Created', record, { reason }, actor), completes);
      return record;
    })
    .catch(async (error) => {
      // A multipart upload keeps its parts: the client may complete it again.
      if (completes === undefined) await store.discard(version.segments);
      throw error;
    });
  if (bucket.settings.events) void buckets.deliver(bucket);
  return written;
}

export async function putObject(
  context: CloudContext,
  buckets: Buckets,
  bucketName: string,
  key: string,
  body: PutBody,
  headers: Headers,
  actor: Actor,
): Promise<VersionRecord> {
  checkKey(key);
  const bucket = buckets.get(bucketName);
  const deletionsBefore = deletionsOf(bucket, key);
  const checksums = verifyChecksums(headers, body.digests);
  const described = describeFromHeaders(headers);
  // Fail before the bytes are written when it is already clear; the turn under the lock decides.
  if (isConditional(headers)) checkWrite(headers, bucket.store.current(key));
  const segments: Segment[] = body.bytes === 0 ? [] : [await bucket.store.keep(body.body, body.bodyPath, body.bytes)];
  const version: NewVersion = {
    key,
    ...described,
    checksums,
    checksumType: 'FULL_OBJECT',
    etag: hexOfBase64(body.digests['md5']!),
    size: body.bytes,
    segments,
  };
  return commitVersion(context, buckets, bucket, version, headers, 'PutObject', actor, deletionsBefore);
}

export interface Deletion {
  versionId?: string;
  deleteMarker: boolean;
}

/** Without a version id a delete marker is laid on top; with one that version is removed for good. Deleting nothing succeeds. */
export async function deleteObject(
  context: CloudContext,
  buckets: Buckets,
  bucketName: string,
  key: string,
  versionId: string | undefined,
  headers: Headers,
  actor: Actor,
): Promise<Deletion> {
  checkKey(key);
  const bucket = buckets.get(bucketName);
  const { store } = bucket;
  const done = await store.exclusive(key, async (): Promise<Deletion> => {
    const nowMs = context.clock.now();
    const sequencer = store.nextSequencer(nowMs);
    if (headers['if-match'] !== undefined) {
      const target = versionId === undefined ? store.current(key) : store.versions(key).find((v) => v.versionId === versionId);
      checkWrite({ 'if-match': headers['if-match'] }, target);
    }
    if (versionId !== undefined) {
      const found = store.versions(key).find((v) => v.versionId === versionId);
      if (!found) return { versionId, deleteMarker: false };
      const gone = { ...found, sequencer, lastModifiedMs: nowMs };
      const reason = { reason: 'DeleteObject', 'deletion-type': 'Permanently Deleted' };
      await store.drop(key, versionId, changeEvent(context, bucket, 'Object Deleted', gone, reason, actor));
      return { versionId, deleteMarker: found.deleteMarker === true };
    }
    const marker: VersionRecord = {
      key,
      versionId: newVersionId(),
      deleteMarker: true,
      etag: '',
      size: 0,
      segments: [],
      lastModifiedMs: nowMs,
      sequencer,
      headers: {},
      metadata: {},
      checksums: {},
      checksumType: 'FULL_OBJECT',
    };
    const reason = { reason: 'DeleteObject', 'deletion-type': 'Delete Marker Created' };
    await store.put(marker, changeEvent(context, bucket, 'Object Deleted', marker, reason, actor));
    return { versionId: marker.versionId, deleteMarker: true };
  });
  if (bucket.settings.events) void buckets.deliver(bucket);
  return done;
}

export interface CopySource {
  bucket: Bucket;
  record: VersionRecord;
}

/** Reads `x-amz-copy-source: [/]bucket/key[?versionId=…]`, percent-encoded, and checks its conditions. */
export function findCopySource(buckets: Buckets, headers: Headers): CopySource {
  const source = headers['x-amz-copy-source'] ?? '';
  const [path = '', query = ''] = source.split(/\?(?=versionId=)/);
  const plain = decodePercent(path.replaceAll('+', '%20')).replace(/^\//, '');
  const cut = plain.indexOf('/');
  if (cut <= 0)
    throw new ServiceError(
      'InvalidArgument',
      `Copy Source must mention the source bucket and key: sourcebucket/sourcekey, found ${source}`,
      400,
    );
  const bucket = buckets.get(plain.slice(0, cut));
  const record = findVersion(
    bucket,
    plain.slice(cut + 1),
    query === '' ? undefined : decodePercent(query.slice('versionId='.length)),
  );
  checkCopySource(headers, record);
  return { bucket, record };
}

export async function copyObject(
  context: CloudContext,
  buckets: Buckets,
  bucketName: string,
  key: string,
  source: CopySource,
  headers: Headers,
  actor: Actor,
): Promise<VersionRecord> {
  checkKey(key);
  const bucket = buckets.get(bucketName);
  const { record } = source;
  const replace = (headers['x-amz-metadata-directive'] ?? 'COPY').toUpperCase() === 'REPLACE';
  if (source.bucket === bucket && record.key === key && !replace && bucket.store.current(key) === record) {
    throw new ServiceError(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata.",
      400,
    );
  }
  const deletionsBefore = deletionsOf(bucket, key);
  const segments: Segment[] = [];
  for (const segment of record.segments) segments.push(await bucket.store.copy(segment, source.bucket.store));
  const described = replace ? describeFromHeaders(headers) : { headers: record.headers, metadata: record.metadata };
  const version: NewVersion = {
    key,
    ...described,
    checksums: record.checksums,
    checksumType: record.checksumType,
    etag: record.etag,
    size: record.size,
    segments,
  };
  if (record.parts !== undefined) version.parts = record.parts;
  return commitVersion(context, buckets, bucket, version, headers, 'CopyObject', actor, deletionsBefore);
}
