/** Decides who sent a request: finds the claim, checks clock, key and signature, and answers in AWS's words when one is wrong. */
import { ServiceError } from '../service.ts';
import type { Keyring } from './credentials.ts';
import { claimV2FromQuery } from './presigned-v2.ts';
import {
  claimFromHeader,
  claimFromQuery,
  EMPTY_SHA256,
  type SignatureClaim,
  type SignedParts,
  sameSignature,
  signRequest,
  timestampMs,
} from './sigv4.ts';

const MAX_SKEW_MS = 15 * 60_000;
const MAX_PRESIGNED_SECONDS = 7 * 86_400;

export interface Claimed extends SignatureClaim {
  presigned: boolean;
  /** Only in presigned URLs of Signature Version 2, which presigned-v2.ts checks: seconds since the epoch. */
  expiresAtSeconds?: number;
}

/** The claim of a request, wherever it stands; undefined for an unsigned request. */
export function findClaim(headers: Readonly<Record<string, string>>, query: URLSearchParams): Claimed | undefined {
  const inHeader = claimFromHeader(headers);
  if (inHeader) return { ...inHeader, presigned: false };
  if (headers['authorization'] !== undefined) {
    throw new ServiceError('IncompleteSignature', 'The Authorization header is not a complete AWS4-HMAC-SHA256 signature.', 400);
  }
  const inQuery = claimFromQuery(query);
  if (inQuery) return { ...inQuery, presigned: true };
  if (query.has('X-Amz-Signature')) {
    throw new ServiceError(
      'AuthorizationQueryParametersError',
      'The presigned query lacks a parameter of Signature Version 4.',
      400,
    );
  }
  const old = claimV2FromQuery(headers, query);
  return old ? { ...old, presigned: true } : undefined;
}

/** What the body must hash to, or the mode in which it streams. */
export function declaredPayloadHash(
  claim: Claimed,
  headers: Readonly<Record<string, string>>,
  query: URLSearchParams,
): string | undefined {
  if (claim.presigned) {
    return (
      query.get('X-Amz-Content-Sha256') ??
      headers['x-amz-content-sha256'] ??
      (claim.scope.service === 's3' ? 'UNSIGNED-PAYLOAD' : EMPTY_SHA256)
    );
  }
  return headers['x-amz-content-sha256'];
}

/** Throws the error of the service in question unless the claim holds. `nowMs` is real time: SDKs sign with the machine's clock. */
export function checkClaim(claim: Claimed, parts: SignedParts, keyring: Keyring, nowMs: number): void {
  const s3 = claim.scope.service === 's3';
  const known = keyring.find(claim.scope.accessKeyId);
  if (known === undefined) {
    throw s3
      ? new ServiceError('InvalidAccessKeyId', 'The AWS Access Key Id you provided does not exist in our records.', 403, {
          AWSAccessKeyId: claim.scope.accessKeyId,
        })
      : new ServiceError('UnrecognizedClientException', 'The security token included in the request is invalid.', 403);
  }
  const signedMs = timestampMs(claim.timestamp);
  const mismatch = (why: string) =>
    new ServiceError(
      s3 ? 'SignatureDoesNotMatch' : 'InvalidSignatureException',
      s3
        ? 'The request signature we calculated does not match the signature you provided. Check your key and signing method.'
        : why,
      403,
    );
  if (Number.isNaN(signedMs) || !claim.timestamp.startsWith(claim.scope.date))
    throw mismatch('Date in Credential scope does not match the date of the request.');
  if (claim.presigned) {
    const expires = claim.expiresSeconds ?? 0;
    if (expires < 0 || expires > MAX_PRESIGNED_SECONDS) {
      throw new ServiceError(
        'AuthorizationQueryParametersError',
        `X-Amz-Expires must lie between 0 and ${MAX_PRESIGNED_SECONDS} seconds, found ${expires}.`,
        400,
      );
    }
    if (nowMs > signedMs + expires * 1000) throw new ServiceError('AccessDenied', 'Request has expired', 403);
    if (signedMs > nowMs + MAX_SKEW_MS) throw new ServiceError('AccessDenied', 'Request is not valid yet', 403);
  } else if (Math.abs(nowMs - signedMs) > MAX_SKEW_MS) {
    throw s3
      ? new ServiceError(
          'RequestTimeTooSkewed',
          'The difference between the request time and the current time is too large.',
          403,
        )
      : new ServiceError(
          'InvalidSignatureException',
          `Signature expired: ${claim.timestamp} is more than 15 minutes from the time of the server.`,
          403,
        );
  }
  if (!claim.signedHeaders.includes('host')) throw mismatch("'Host' must be a signed header.");
  if (!sameSignature(signRequest(parts, claim, known.secretAccessKey), claim.signature)) {
    throw mismatch(
      'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
    );
  }
}
