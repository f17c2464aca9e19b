/** Multipart uploads: parts are files of their own, and completing one only writes a line that names them in order. */
import { createHash } from 'node:crypto';
import { CHECKSUM_ALGORITHMS, type ChecksumAlgorithm, combineCrc, digestOf } from '../http/checksums.ts';
import { child, childrenNamed, childText, parseXml } from '../http/xml.ts';
import { type CloudContext, ServiceError } from '../service.ts';
import type { PartRecord, UploadRecord } from './bucket.ts';
import type { Bucket, Buckets } from './buckets.ts';
import { parseRange } from './conditions.ts';
import { type Actor, type CopySource, commitVersion, deletionsOf, hexOfBase64, type PutBody } from './objects.ts';
import {
  checkKey,
  checksumElement,
  describeFromHeaders,
  newVersionId,
  unquoted,
  type VersionRecord,
  verifyChecksums,
} from './record.ts';

type Headers = Readonly<Record<string, string>>;

const SMALLEST_PART_BYTES = 5 * 2 ** 20;
const MAX_PARTS = 10_000;

export function findUpload(bucket: Bucket, key: string, uploadId: string): UploadRecord {
  const upload = bucket.store.uploads.get(uploadId);
  if (!upload || upload.key !== key) {
    throw new ServiceError(
      'NoSuchUpload',
      'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
      404,
      { UploadId: uploadId },
    );
  }
  return upload;
}

export async function createUpload(context: CloudContext, bucket: Bucket, key: string, headers: Headers): Promise<UploadRecord> {
  checkKey(key);
  const algorithm = headers['x-amz-checksum-algorithm']?.toLowerCase();
  if (algorithm !== undefined && !CHECKSUM_ALGORITHMS.includes(algorithm as ChecksumAlgorithm)) {
    throw new ServiceError(
      'InvalidRequest',
      `Checksum algorithm provided is unsupported: ${algorithm}. Please try again with any of ${CHECKSUM_ALGORITHMS.join(', ')}.`,
      400,
    );
  }
  const type = headers['x-amz-checksum-type']?.toUpperCase();
  const upload: Omit<UploadRecord, 'parts'> = {
    uploadId: newVersionId(),
    key,
    initiatedMs: context.clock.now(),
    ...describeFromHeaders(headers),
  };
  if (algorithm !== undefined) {
    upload.checksumAlgorithm = algorithm;
    upload.checksumType = type === 'FULL_OBJECT' || algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE';
    if (upload.checksumType === 'FULL_OBJECT' && algorithm.startsWith('sha')) {
      throw new ServiceError(
        'InvalidRequest',
        `The FULL_OBJECT checksum type cannot be used with the ${algorithm} checksum algorithm.`,
        400,
      );
    }
  }
  await bucket.store.openUpload(upload);
  return { ...upload, parts: new Map() };
}

function partNumber(text: string | null): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1 || number > MAX_PARTS) {
    throw new ServiceError('InvalidArgument', `Part number must be an integer between 1 and ${MAX_PARTS}, inclusive`, 400, {
      ArgumentValue: String(text),
    });
  }
  return number;
}

export async function uploadPart(
  context: CloudContext,
  bucket: Bucket,
  key: string,
  uploadId: string,
  number: string | null,
  body: PutBody,
  headers: Headers,
): Promise<PartRecord> {
  const checked = partNumber(number);
  findUpload(bucket, key, uploadId);
  const checksums = verifyChecksums(headers, body.digests);
  const segment = await bucket.store.keep(body.body, body.bodyPath, body.bytes);
  const part: PartRecord = {
    number: checked,
    etag: hexOfBase64(body.digests['md5']!),
    segment,
    checksums,
    lastModifiedMs: context.clock.now(),
  };
  // The upload may have been completed or aborted while the part was written.
  if (!bucket.store.uploads.has(uploadId)) {
    await bucket.store.discard([segment]);
    findUpload(bucket, key, uploadId);
  }
  await bucket.store.addPart(uploadId, part);
  return part;
}

/** A part taken from an object; it is read into memory, as a part is at most a few megabytes with every client we serve. */
export async function copyPart(
  context: CloudContext,
  bucket: Bucket,
  key: string,
  uploadId: string,
  number: string | null,
  source: CopySource,
  headers: Headers,
): Promise<PartRecord> {
  const range = parseRange(headers['x-amz-copy-source-range'], source.record.size) ?? [0, source.record.size];
  const pieces: Uint8Array[] = [];
  for await (const piece of source.bucket.store.read(source.record.segments, range[0], range[1])) pieces.push(piece);
  const body = Buffer.concat(pieces);
  return uploadPart(
    context,
    bucket,
    key,
    uploadId,
    number,
    { body, bytes: body.length, digests: { md5: digestOf('md5', body), crc64nvme: digestOf('crc64nvme', body) } },
    {},
  );
}

interface NamedPart {
  number: number;
  etag: string;
  checksums: VersionRecord['checksums'];
}

function readPartList(xml: string): NamedPart[] {
  let parts: NamedPart[];
  try {
    parts = childrenNamed(parseXml(xml), 'Part').map((element) => {
      const checksums: VersionRecord['checksums'] = {};
      for (const algorithm of CHECKSUM_ALGORITHMS) {
        const value = childText(element, checksumElement(algorithm));
        if (value !== undefined) checksums[algorithm] = value;
      }
      if (!child(element, 'ETag')) throw new Error('a part has no ETag');
      return {
        number: partNumber(childText(element, 'PartNumber') ?? null),
        etag: unquoted(childText(element, 'ETag')!),
        checksums,
      };
    });
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    throw new ServiceError(
      'MalformedXML',
      `The XML you provided was not well-formed or did not validate against our published schema: ${String(error)}`,
      400,
    );
  }
  if (parts.length === 0) throw new ServiceError('MalformedXML', 'You must specify at least one part', 400);
  return parts;
}

/** The whole's checksum from its parts': a CRC of the whole, or a digest of the digests with the count behind it. */
function wholeChecksum(upload: UploadRecord, parts: readonly PartRecord[]): Pick<VersionRecord, 'checksums' | 'checksumType'> {
  const algorithm = (upload.checksumAlgorithm ?? 'crc64nvme') as ChecksumAlgorithm;
  const checksumType = upload.checksumType ?? 'FULL_OBJECT';
  const values = parts.map((part) => part.checksums[algorithm]);
  if (values.some((value) => value === undefined)) return { checksums: {}, checksumType };
  const known = values as string[];
  if (checksumType === 'COMPOSITE') {
    const joined = Buffer.concat(known.map((value) => Buffer.from(value, 'base64')));
    return { checksums: { [algorithm]: `${digestOf(algorithm, joined)}-${parts.length}` }, checksumType };
  }
  const whole = known.reduce(
    (sum, value, i) => (i === 0 ? value : combineCrc(algorithm, sum, value, parts[i]!.segment.bytes)),
    known[0]!,
  );
  return { checksums: { [algorithm]: whole }, checksumType };
}

/** Completes an upload. Throws InvalidPart, InvalidPartOrder, EntityTooSmall, BadDigest, and the errors of a conditional write. */
export async function completeUpload(
  context: CloudContext,
  buckets: Buckets,
  bucket: Bucket,
  key: string,
  uploadId: string,
  xml: string,
  headers: Headers,
  actor: Actor,
): Promise<VersionRecord> {
  const upload = findUpload(bucket, key, uploadId);
  const wanted = readPartList(xml);
  if (wanted.some((one, i) => i > 0 && one.number <= wanted[i - 1]!.number)) {
    throw new ServiceError(
      'InvalidPartOrder',
      'The list of parts was not in ascending order. Parts must be ordered by part number.',
      400,
    );
  }
  const parts = wanted.map((one, i) => {
    const part = upload.parts.get(one.number);
    const wrongChecksum = Object.entries(one.checksums).some(([algorithm, value]) => {
      const stored = part?.checksums[algorithm as ChecksumAlgorithm];
      return stored !== undefined && stored !== value;
    });
    if (!part || part.etag !== one.etag || wrongChecksum) {
      throw new ServiceError(
        'InvalidPart',
        "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
        400,
        { PartNumber: one.number },
      );
    }
    if (i + 1 < wanted.length && part.segment.bytes < SMALLEST_PART_BYTES) {
      throw new ServiceError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', 400, {
        PartNumber: one.number,
        ProposedSize: part.segment.bytes,
        MinSizeAllowed: SMALLEST_PART_BYTES,
      });
    }
    return part;
  });
  const hash = createHash('md5');
  for (const part of parts) hash.update(Buffer.from(part.etag, 'hex'));
  const whole = wholeChecksum(upload, parts);
  for (const [algorithm, value] of Object.entries(whole.checksums)) {
    const given = headers[`x-amz-checksum-${algorithm}`];
    if (given !== undefined && given.replace(/-\d+$/, '') !== value.replace(/-\d+$/, '')) {
      throw new ServiceError('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`, 400);
    }
  }
  const version = {
    key,
    headers: upload.headers,
    metadata: upload.metadata,
    ...whole,
    etag: `${hash.digest('hex')}-${parts.length}`,
    size: parts.reduce((sum, part) => sum + part.segment.bytes, 0),
    segments: parts.map((part) => part.segment),
    parts: parts.length,
  };
  return commitVersion(
    context,
    buckets,
    bucket,
    version,
    headers,
    'CompleteMultipartUpload',
    actor,
    deletionsOf(bucket, key),
    uploadId,
  );
}
