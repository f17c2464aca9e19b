/**
 * Presigned S3 URLs of Signature Version 2, which boto3 and version 1 of the AWS CLI still make when nothing tells them otherwise.
 * Source: "Signing and authenticating REST requests (AWS signature version 2)" of the S3 user guide. Only the query form is read:
 * no client signs whole requests that way any more.
 */
import { createHmac } from 'node:crypto';
import { ServiceError } from '../service.ts';
import type { Keyring } from './credentials.ts';
import { type SignatureClaim, sameSignature } from './sigv4.ts';

export interface ClaimV2 extends SignatureClaim {
  /** Seconds since the epoch; part of what is signed. */
  expiresAtSeconds: number;
}

export interface PartsV2 {
  method: string;
  /** `/bucket/key`, percent-encoded as it was sent. */
  path: string;
  query: URLSearchParams;
  /** Lower-case names. */
  headers: Readonly<Record<string, string>>;
}

/** Query parameters that belong to the resource; all others are not signed. */
const SIGNED_PARAMETERS = new Set([
  'acl',
  'cors',
  'delete',
  'lifecycle',
  'location',
  'logging',
  'notification',
  'partNumber',
  'policy',
  'replication',
  'requestPayment',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
  'restore',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
]);

/** Reads `AWSAccessKeyId`, `Expires` and `Signature`; undefined when one of them is missing. */
export function claimV2FromQuery(headers: Readonly<Record<string, string>>, query: URLSearchParams): ClaimV2 | undefined {
  const accessKeyId = query.get('AWSAccessKeyId');
  const signature = query.get('Signature');
  const expires = query.get('Expires');
  if (accessKeyId === null || signature === null || expires === null || !/^\d+$/.test(expires)) return undefined;
  return {
    scope: { accessKeyId, date: '', region: 'us-east-1', service: 's3' },
    // This signature covers every header of Amazon's own.
    signedHeaders: Object.keys(headers).filter((name) => name.startsWith('x-amz-')),
    signature,
    timestamp: '',
    expiresAtSeconds: Number(expires),
  };
}

/** What is signed. A signer moves headers to the query, so each may stand in either. */
export function stringToSignV2({ method, path, query, headers }: PartsV2, expiresAtSeconds: number): string {
  const given = (name: string) => headers[name] ?? query.get(name) ?? '';
  const own = new Set([...Object.keys(headers), ...query.keys()].filter((name) => name.startsWith('x-amz-')));
  const lines = [...own].sort().map((name) => `${name}:${given(name).trim()}\n`);
  const parameters = [...query]
    .filter(([name]) => SIGNED_PARAMETERS.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`));
  const resource = parameters.length === 0 ? path : `${path}?${parameters.join('&')}`;
  return `${method}\n${given('content-md5')}\n${given('content-type')}\n${expiresAtSeconds}\n${lines.join('')}${resource}`;
}

/** @throws ServiceError InvalidAccessKeyId, AccessDenied after the end, SignatureDoesNotMatch */
export function checkClaimV2(claim: ClaimV2, parts: PartsV2, keyring: Keyring, nowMs: number): void {
  const known = keyring.find(claim.scope.accessKeyId);
  if (known === undefined) {
    throw new ServiceError('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', 403, {
      AWSAccessKeyId: claim.scope.accessKeyId,
    });
  }
  if (nowMs > claim.expiresAtSeconds * 1000) throw new ServiceError('AccessDenied', 'Request has expired', 403);
  const text = stringToSignV2(parts, claim.expiresAtSeconds);
  const wanted = createHmac('sha1', known.secretAccessKey).update(text, 'utf8').digest('base64');
  if (!sameSignature(wanted, claim.signature)) {
    throw new ServiceError(
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      403,
    );
  }
}
