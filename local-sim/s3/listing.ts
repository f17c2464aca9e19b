/** ListObjects (both versions), ListObjectVersions, ListMultipartUploads and ListParts as XML. */
import { encodeRfc3986 } from '../http/sigv4.ts';
import { type XmlFields, xmlDocument } from '../http/xml.ts';
import { ServiceError } from '../service.ts';
import type { UploadRecord } from './bucket.ts';
import type { Bucket } from './buckets.ts';
import { compareUtf8, listKeys } from './keys.ts';
import { quoted, type VersionRecord } from './record.ts';

export const S3_NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';
const OWNER = { ID: 'local', DisplayName: 'local' };
const MOST_KEYS = 1000;

export interface ListRequest {
  prefix: string;
  delimiter: string;
  startAfter: string;
  continuationToken?: string;
  maxKeys: number;
}

export interface ListPage {
  objects: VersionRecord[];
  commonPrefixes: string[];
  /** What the next page continues after, when there is one. */
  last?: string;
}

/** One page of the current objects. Throws InvalidArgument for a continuation token that is not ours. */
export function listObjects(bucket: Bucket, request: ListRequest): ListPage {
  const after = request.continuationToken === undefined ? request.startAfter : decodeToken(request.continuationToken);
  const limit = Math.min(request.maxKeys, MOST_KEYS);
  const listing = listKeys(bucket.store.keys.all, { prefix: request.prefix, delimiter: request.delimiter, after, limit });
  const page: ListPage = {
    objects: listing.keys.map((key) => bucket.store.current(key)!),
    commonPrefixes: listing.commonPrefixes,
  };
  if (listing.last !== undefined) page.last = listing.last;
  return page;
}

export const encodeToken = (last: string): string => Buffer.from(`after:${last}`).toString('base64url');

function decodeToken(token: string): string {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  if (!text.startsWith('after:'))
    throw new ServiceError('InvalidArgument', 'The continuation token provided is incorrect', 400, {
      ArgumentName: 'continuation-token',
    });
  return text.slice(6);
}

function maxKeysOf(query: URLSearchParams, name: string): number {
  const text = query.get(name);
  if (text === null || text === '') return MOST_KEYS;
  if (!/^\d+$/.test(text))
    throw new ServiceError('InvalidArgument', `Provided ${name} not an integer or within integer range`, 400, {
      ArgumentName: name,
      ArgumentValue: text,
    });
  return Math.min(Number(text), MOST_KEYS);
}

const objectFields = (record: VersionRecord, name: (key: string) => string): XmlFields => {
  const algorithms = Object.keys(record.checksums).map((a) => a.toUpperCase());
  return {
    Key: name(record.key),
    LastModified: new Date(record.lastModifiedMs).toISOString(),
    ETag: quoted(record.etag),
    ...(algorithms.length > 0 ? { ChecksumAlgorithm: algorithms, ChecksumType: record.checksumType } : {}),
    Size: record.size,
    StorageClass: record.headers['x-amz-storage-class'] ?? 'STANDARD',
  };
};

const encoder = (query: URLSearchParams): ((text: string) => string) => {
  const encoding = query.get('encoding-type');
  if (encoding !== null && encoding !== 'url')
    throw new ServiceError('InvalidArgument', 'Invalid Encoding Method specified in Request', 400);
  return encoding === 'url' ? (text) => text.split('/').map(encodeRfc3986).join('/') : (text) => text;
};

/** ListObjectsV2 for `list-type=2`, ListObjects otherwise. */
export function listBucketXml(bucket: Bucket, query: URLSearchParams): string {
  const second = query.get('list-type') === '2';
  const name = encoder(query);
  const token = query.get('continuation-token') ?? undefined;
  const startAfter = (second ? query.get('start-after') : query.get('marker')) ?? '';
  const request: ListRequest = {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    startAfter,
    maxKeys: maxKeysOf(query, 'max-keys'),
  };
  if (second && token !== undefined) request.continuationToken = token;
  const page = listObjects(bucket, request);
  const owner = second && query.get('fetch-owner') !== 'true' ? {} : { Owner: OWNER };
  return xmlDocument(
    'ListBucketResult',
    {
      Name: bucket.store.name,
      Prefix: name(request.prefix),
      Delimiter: request.delimiter === '' ? undefined : name(request.delimiter),
      MaxKeys: request.maxKeys,
      EncodingType: query.get('encoding-type') ?? undefined,
      IsTruncated: page.last !== undefined,
      ...(second
        ? {
            KeyCount: page.objects.length + page.commonPrefixes.length,
            StartAfter: startAfter === '' ? undefined : name(startAfter),
            ContinuationToken: token,
            NextContinuationToken: page.last === undefined ? undefined : encodeToken(page.last),
          }
        : {
            Marker: name(startAfter),
            NextMarker: page.last === undefined || request.delimiter === '' ? undefined : name(page.last),
          }),
      Contents: page.objects.map((record) => ({ ...objectFields(record, name), ...owner })),
      CommonPrefixes: page.commonPrefixes.map((prefix) => ({ Prefix: name(prefix) })),
    },
    S3_NAMESPACE,
  );
}

/** All versions, newest first within a key. Pages end between keys, so a page may hold more than max-keys versions of its last key. */
export function listVersionsXml(bucket: Bucket, query: URLSearchParams): string {
  const name = encoder(query);
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const maxKeys = maxKeysOf(query, 'max-keys');
  const marker = query.get('key-marker') ?? '';
  const everyKey = bucket.store.allKeys().sort(compareUtf8);
  const listing = listKeys(everyKey, { prefix, delimiter, after: marker, limit: maxKeys });
  const versions: XmlFields[] = [];
  const markers: XmlFields[] = [];
  for (const key of listing.keys) {
    const list = bucket.store.versions(key);
    for (let i = list.length - 1; i >= 0; i--) {
      const record = list[i]!;
      const common = { VersionId: record.versionId, IsLatest: i === list.length - 1, Owner: OWNER };
      if (record.deleteMarker)
        markers.push({ Key: name(key), LastModified: new Date(record.lastModifiedMs).toISOString(), ...common });
      else versions.push({ ...objectFields(record, name), ...common });
    }
  }
  return xmlDocument(
    'ListVersionsResult',
    {
      Name: bucket.store.name,
      Prefix: name(prefix),
      KeyMarker: name(marker),
      VersionIdMarker: '',
      MaxKeys: maxKeys,
      EncodingType: query.get('encoding-type') ?? undefined,
      IsTruncated: listing.last !== undefined,
      NextKeyMarker: listing.last === undefined ? undefined : name(listing.last),
      Version: versions,
      DeleteMarker: markers,
      CommonPrefixes: listing.commonPrefixes.map((common) => ({ Prefix: name(common) })),
    },
    S3_NAMESPACE,
  );
}

export function listUploadsXml(bucket: Bucket, query: URLSearchParams): string {
  const prefix = query.get('prefix') ?? '';
  const uploads = [...bucket.store.uploads.values()]
    .filter((u) => u.key.startsWith(prefix))
    .sort((a, b) => compareUtf8(a.key, b.key) || a.initiatedMs - b.initiatedMs);
  const name = encoder(query);
  return xmlDocument(
    'ListMultipartUploadsResult',
    {
      Bucket: bucket.store.name,
      Prefix: name(prefix),
      MaxUploads: MOST_KEYS,
      IsTruncated: false,
      Upload: uploads.map((u) => ({
        Key: name(u.key),
        UploadId: u.uploadId,
        Initiator: OWNER,
        Owner: OWNER,
        StorageClass: 'STANDARD',
        Initiated: new Date(u.initiatedMs).toISOString(),
      })),
    },
    S3_NAMESPACE,
  );
}

export function listPartsXml(bucket: Bucket, upload: UploadRecord, query: URLSearchParams): string {
  const maxParts = maxKeysOf(query, 'max-parts');
  const after = Number(query.get('part-number-marker') ?? 0);
  const sorted = [...upload.parts.values()].sort((a, b) => a.number - b.number).filter((part) => part.number > after);
  const page = sorted.slice(0, maxParts);
  return xmlDocument(
    'ListPartsResult',
    {
      Bucket: bucket.store.name,
      Key: upload.key,
      UploadId: upload.uploadId,
      Initiator: OWNER,
      Owner: OWNER,
      StorageClass: 'STANDARD',
      ChecksumAlgorithm: upload.checksumAlgorithm?.toUpperCase(),
      ChecksumType: upload.checksumType,
      PartNumberMarker: after,
      NextPartNumberMarker: page.at(-1)?.number ?? 0,
      MaxParts: maxParts,
      IsTruncated: page.length < sorted.length,
      Part: page.map((part) => ({
        PartNumber: part.number,
        LastModified: new Date(part.lastModifiedMs).toISOString(),
        ETag: quoted(part.etag),
        Size: part.segment.bytes,
        ...Object.fromEntries(Object.entries(part.checksums).map(([a, v]) => [`Checksum${a.toUpperCase()}`, v])),
      })),
    },
    S3_NAMESPACE,
  );
}
