/** Conditional requests and ranges, after RFC 9110 and the S3 API reference ("Conditional requests"). */
import { ServiceError } from '../service.ts';
import { unquoted, type VersionRecord } from './record.ts';

type Headers = Readonly<Record<string, string>>;

const matches = (list: string, etag: string): boolean =>
  list.trim() === '*' || list.split(',').some((one) => unquoted(one.replace(/^\s*W\//, '')) === etag);

const failed = (condition: string) =>
  new ServiceError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412, {
    Condition: condition,
  });

/** Throws 412 PreconditionFailed or 304 NotModified. */
export function checkRead(headers: Headers, record: VersionRecord): void {
  const seconds = Math.floor(record.lastModifiedMs / 1000) * 1000;
  const ifMatch = headers['if-match'];
  const ifNoneMatch = headers['if-none-match'];
  const unmodified = Date.parse(headers['if-unmodified-since'] ?? '');
  const modified = Date.parse(headers['if-modified-since'] ?? '');
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, record.etag)) throw failed('If-Match');
  } else if (!Number.isNaN(unmodified) && seconds > unmodified) throw failed('If-Unmodified-Since');
  const notModified = () =>
    new ServiceError('NotModified', 'Not Modified', 304, {
      'header:etag': `"${record.etag}"`,
      'header:last-modified': new Date(record.lastModifiedMs).toUTCString(),
      'header:x-amz-version-id': record.versionId,
    });
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, record.etag)) throw notModified();
  } else if (!Number.isNaN(modified) && seconds <= modified) throw notModified();
}

/** The copy source's conditions: like a read, but every failure is 412. */
export function checkCopySource(headers: Headers, record: VersionRecord): void {
  const plain: Record<string, string> = {};
  for (const name of ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']) {
    const value = headers[`x-amz-copy-source-${name}`];
    if (value !== undefined) plain[name] = value;
  }
  try {
    checkRead(plain, record);
  } catch (error) {
    throw error instanceof ServiceError && error.status === 304 ? failed('x-amz-copy-source-If-None-Match') : error;
  }
}

export const isConditional = (headers: Headers): boolean =>
  headers['if-match'] !== undefined || headers['if-none-match'] !== undefined;

/** A write's conditions against the present version (undefined: none, or deleted). Throws 412, 404 for If-Match on nothing, 501 for other forms. */
export function checkWrite(headers: Headers, present: VersionRecord | undefined): void {
  const ifMatch = headers['if-match'];
  const ifNoneMatch = headers['if-none-match'];
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== '*')
      throw new ServiceError('NotImplemented', 'A write takes If-None-Match only with the value *.', 501);
    if (present) throw failed('If-None-Match');
  }
  if (ifMatch !== undefined) {
    if (!present) throw new ServiceError('NoSuchKey', 'The specified key does not exist.', 404);
    if (!matches(ifMatch, present.etag)) throw failed('If-Match');
  }
}

/** `bytes=a-b`, `bytes=a-` or `bytes=-n` as [start, end); undefined for anything else, which S3 answers with the whole. Throws 416 InvalidRange. */
export function parseRange(header: string | undefined, size: number): [number, number] | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const invalid = () =>
    new ServiceError('InvalidRange', 'The requested range is not satisfiable', 416, {
      ActualObjectSize: size,
      'header:content-range': `bytes */${size}`,
    });
  if (match[1] === '') {
    const count = Number(match[2]);
    if (count === 0 || size === 0) throw invalid();
    return [Math.max(0, size - count), size];
  }
  const start = Number(match[1]);
  const last = match[2] === '' ? size - 1 : Number(match[2]);
  if (match[2] !== '' && last < start) return undefined;
  if (start >= size) throw invalid();
  return [start, Math.min(last, size - 1) + 1];
}
