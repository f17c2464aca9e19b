/**
 * S3 for siblings in the process: the SDK's member names, without HTTP. `Body` is given as text or bytes and comes back as a Buffer;
 * times come back as Date. Actions not listed are refused by name.
 */
import { randomUUID } from 'node:crypto';
import { type CloudContext, ServiceError } from '../service.ts';
import type { Buckets } from './buckets.ts';
import { checkRead, parseRange } from './conditions.ts';
import { encodeToken, type ListRequest, listObjects } from './listing.ts';
import { copyObject, deleteObject, findCopySource, findVersion, putBody, putObject } from './objects.ts';
import { quoted, type VersionRecord } from './record.ts';

type Args = Record<string, unknown>;

const HEADER_OF: Record<string, string> = {
  ContentType: 'content-type',
  CacheControl: 'cache-control',
  ContentDisposition: 'content-disposition',
  ContentEncoding: 'content-encoding',
  ContentLanguage: 'content-language',
  IfMatch: 'if-match',
  IfNoneMatch: 'if-none-match',
  Range: 'range',
  CopySource: 'x-amz-copy-source',
  MetadataDirective: 'x-amz-metadata-directive',
  ServerSideEncryption: 'x-amz-server-side-encryption',
  SSEKMSKeyId: 'x-amz-server-side-encryption-aws-kms-key-id',
  StorageClass: 'x-amz-storage-class',
};

function text(args: Args, name: string): string {
  const value = args[name];
  if (typeof value !== 'string' || value === '')
    throw new ServiceError('InvalidArgument', `${name} must be a non-empty string, found ${JSON.stringify(value)}`, 400);
  return value;
}

function headersOfArgs(args: Args): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, header] of Object.entries(HEADER_OF)) if (typeof args[name] === 'string') headers[header] = args[name];
  for (const [name, value] of Object.entries((args['Metadata'] as Record<string, string> | undefined) ?? {}))
    headers[`x-amz-meta-${name.toLowerCase()}`] = value;
  return headers;
}

const optional = (args: Args, name: string): string | undefined =>
  args[name] === undefined || args[name] === null ? undefined : String(args[name]);

function describe(record: VersionRecord): Record<string, unknown> {
  return {
    ETag: quoted(record.etag),
    VersionId: record.versionId,
    ContentLength: record.size,
    ContentType: record.headers['content-type'],
    LastModified: new Date(record.lastModifiedMs),
    Metadata: record.metadata,
    ServerSideEncryption: record.headers['x-amz-server-side-encryption'],
    ...(record.headers['content-encoding'] === undefined ? {} : { ContentEncoding: record.headers['content-encoding'] }),
  };
}

export async function siblingCall(
  context: CloudContext,
  buckets: Buckets,
  action: string,
  args: Args,
): Promise<Record<string, unknown>> {
  const headers = headersOfArgs(args);
  const actor = { requestId: randomUUID(), sourceIp: '127.0.0.1' };
  switch (action) {
    case 'CreateBucket':
      await buckets.create(text(args, 'Bucket'));
      return { Location: `/${text(args, 'Bucket')}` };
    case 'HeadBucket':
      buckets.get(text(args, 'Bucket'));
      return { BucketRegion: context.region };
    case 'ListBuckets':
      return {
        Buckets: buckets.all().map(({ store, settings }) => ({ Name: store.name, CreationDate: new Date(settings.createdMs) })),
      };
    case 'PutObject': {
      const body = args['Body'];
      if (body !== undefined && typeof body !== 'string' && !(body instanceof Uint8Array)) {
        throw new ServiceError('InvalidArgument', `Body must be text or bytes, found ${typeof body}`, 400);
      }
      const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : (body ?? Buffer.alloc(0));
      const record = await putObject(context, buckets, text(args, 'Bucket'), text(args, 'Key'), putBody(bytes), headers, actor);
      return {
        ETag: quoted(record.etag),
        VersionId: record.versionId,
        ServerSideEncryption: record.headers['x-amz-server-side-encryption'],
      };
    }
    case 'GetObject':
    case 'HeadObject': {
      const bucket = buckets.get(text(args, 'Bucket'));
      const record = findVersion(bucket, text(args, 'Key'), optional(args, 'VersionId'));
      checkRead(headers, record);
      if (action === 'HeadObject') return describe(record);
      const range = parseRange(headers['range'], record.size);
      const [start, end] = range ?? [0, record.size];
      const pieces: Uint8Array[] = [];
      for await (const piece of bucket.store.read(record.segments, start, end)) pieces.push(piece);
      return {
        ...describe(record),
        ContentLength: end - start,
        ...(range ? { ContentRange: `bytes ${start}-${end - 1}/${record.size}` } : {}),
        Body: Buffer.concat(pieces),
      };
    }
    case 'DeleteObject': {
      const done = await deleteObject(
        context,
        buckets,
        text(args, 'Bucket'),
        text(args, 'Key'),
        optional(args, 'VersionId'),
        headers,
        actor,
      );
      return { DeleteMarker: done.deleteMarker, ...(done.versionId === undefined ? {} : { VersionId: done.versionId }) };
    }
    case 'DeleteObjects': {
      const objects = (args['Delete'] as { Objects?: { Key: string; VersionId?: string }[] } | undefined)?.Objects ?? [];
      const Deleted = [];
      for (const { Key, VersionId } of objects) {
        await deleteObject(context, buckets, text(args, 'Bucket'), Key, VersionId, {}, actor);
        Deleted.push({ Key, ...(VersionId === undefined ? {} : { VersionId }) });
      }
      return { Deleted };
    }
    case 'CopyObject': {
      const record = await copyObject(
        context,
        buckets,
        text(args, 'Bucket'),
        text(args, 'Key'),
        findCopySource(buckets, headers),
        headers,
        actor,
      );
      return {
        CopyObjectResult: { ETag: quoted(record.etag), LastModified: new Date(record.lastModifiedMs) },
        VersionId: record.versionId,
      };
    }
    case 'ListObjectsV2': {
      const bucket = buckets.get(text(args, 'Bucket'));
      const maxKeys = Number(args['MaxKeys'] ?? 1000);
      const request: ListRequest = {
        prefix: optional(args, 'Prefix') ?? '',
        delimiter: optional(args, 'Delimiter') ?? '',
        startAfter: optional(args, 'StartAfter') ?? '',
        maxKeys,
      };
      const token = optional(args, 'ContinuationToken');
      if (token !== undefined) request.continuationToken = token;
      const page = listObjects(bucket, request);
      return {
        Name: bucket.store.name,
        Prefix: request.prefix,
        MaxKeys: maxKeys,
        KeyCount: page.objects.length + page.commonPrefixes.length,
        IsTruncated: page.last !== undefined,
        ...(page.last === undefined ? {} : { NextContinuationToken: encodeToken(page.last) }),
        Contents: page.objects.map((r) => ({
          Key: r.key,
          Size: r.size,
          ETag: quoted(r.etag),
          LastModified: new Date(r.lastModifiedMs),
          StorageClass: 'STANDARD',
        })),
        CommonPrefixes: page.commonPrefixes.map((Prefix) => ({ Prefix })),
      };
    }
    default:
      throw new ServiceError('NotImplemented', `The local S3 does not implement ${action} for callers in the process.`, 501);
  }
}
