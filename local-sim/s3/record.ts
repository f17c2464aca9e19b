/** What S3 remembers of an object version, and how that maps to and from headers. */
import { randomBytes } from 'node:crypto';
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm } from '../http/checksums.ts';
import { ServiceError } from '../service.ts';

/** A file under the bucket's data folder; a multipart object has one for each part. */
export interface Segment {
  id: string;
  bytes: number;
}

export interface VersionRecord {
  key: string;
  versionId: string;
  deleteMarker?: true;
  /** Without quotes. */
  etag: string;
  size: number;
  segments: Segment[];
  lastModifiedMs: number;
  /** Grows with every change of the bucket; hexadecimal of fixed width, so it sorts as text. */
  sequencer: string;
  /** Content headers as they were given: content-type, cache-control … */
  headers: Record<string, string>;
  metadata: Record<string, string>;
  checksums: Partial<Record<ChecksumAlgorithm, string>>;
  checksumType: 'FULL_OBJECT' | 'COMPOSITE';
  parts?: number;
}

const KEPT_HEADERS = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
  'x-amz-storage-class',
  'x-amz-website-redirect-location',
] as const;

const MAX_METADATA_BYTES = 2048;
const MAX_KEY_BYTES = 1024;

export const newVersionId = (): string => randomBytes(24).toString('base64url');
export const newDataId = (): string => randomBytes(16).toString('hex');
export const quoted = (etag: string): string => `"${etag}"`;
export const unquoted = (etag: string): string => etag.trim().replace(/^"(.*)"$/, '$1');

/** The headers S3 keeps with an object. Throws MetadataTooLarge above 2 KB of user metadata. */
export function describeFromHeaders(headers: Readonly<Record<string, string>>): Pick<VersionRecord, 'headers' | 'metadata'> {
  const kept: Record<string, string> = {};
  const metadata: Record<string, string> = {};
  let metadataBytes = 0;
  for (const name of KEPT_HEADERS) if (headers[name] !== undefined) kept[name] = headers[name];
  kept['content-type'] ??= 'binary/octet-stream';
  kept['x-amz-server-side-encryption'] ??= 'AES256';
  for (const [name, value] of Object.entries(headers)) {
    if (!name.startsWith('x-amz-meta-')) continue;
    metadata[name.slice(11)] = value;
    metadataBytes += Buffer.byteLength(name) - 11 + Buffer.byteLength(value);
  }
  if (metadataBytes > MAX_METADATA_BYTES) {
    throw new ServiceError(
      'MetadataTooLarge',
      `Your metadata headers exceed the maximum allowed metadata size: ${metadataBytes} of ${MAX_METADATA_BYTES} bytes.`,
    );
  }
  return { headers: kept, metadata };
}

export function checkKey(key: string): void {
  if (key === '') throw new ServiceError('InvalidArgument', 'An object key must not be empty.', 400);
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES)
    throw new ServiceError('KeyTooLongError', `Your key is too long: ${bytes} of ${MAX_KEY_BYTES} bytes.`, 400);
}

const writtenHeaders = (record: VersionRecord): Record<string, string> => {
  const { 'x-amz-storage-class': storageClass, ...headers } = record.headers;
  return storageClass === undefined || storageClass === 'STANDARD' ? headers : record.headers;
};

/** Response headers of GetObject and HeadObject for the whole object. */
export function headersOf(record: VersionRecord, withChecksums: boolean): Record<string, string> {
  const headers: Record<string, string> = {
    ...writtenHeaders(record),
    'content-length': String(record.size),
    etag: quoted(record.etag),
    'last-modified': new Date(record.lastModifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
    'x-amz-version-id': record.versionId,
  };
  for (const [name, value] of Object.entries(record.metadata)) headers[`x-amz-meta-${name}`] = value;
  if (withChecksums) Object.assign(headers, checksumHeaders(record));
  return headers;
}

export function checksumHeaders(record: Pick<VersionRecord, 'checksums' | 'checksumType'>): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [algorithm, value] of Object.entries(record.checksums)) headers[`x-amz-checksum-${algorithm}`] = value;
  if (Object.keys(headers).length > 0) headers['x-amz-checksum-type'] = record.checksumType;
  return headers;
}

/** XML element names: `ChecksumCRC32`, `ChecksumSHA256` … */
export const checksumElement = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm.toUpperCase()}`;

export function checksumFields(record: Pick<VersionRecord, 'checksums' | 'checksumType'>): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [algorithm, value] of Object.entries(record.checksums))
    fields[checksumElement(algorithm as ChecksumAlgorithm)] = value;
  if (Object.keys(fields).length > 0) fields['ChecksumType'] = record.checksumType;
  return fields;
}

/** The body's checksums to keep. Throws BadDigest when a given one does not fit what was received. */
export function verifyChecksums(
  headers: Readonly<Record<string, string>>,
  digests: Readonly<Record<string, string>>,
): VersionRecord['checksums'] {
  const kept: VersionRecord['checksums'] = {};
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const computed = digests[algorithm];
    const given = headers[`x-amz-checksum-${algorithm}`];
    if (given !== undefined && given !== computed) {
      throw new ServiceError(
        'BadDigest',
        `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
        400,
      );
    }
    if (computed !== undefined) kept[algorithm] = computed;
  }
  return kept;
}
