/**
 * Signature Version 4, as AWS documents it: the canonical request, the string to sign and the derived key.
 * The local cloud checks with it what the SDKs have signed; source: "Create a signed AWS API request" and
 * "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export const EMPTY_SHA256 = createHash('sha256').digest('hex');

export interface CredentialScope {
  accessKeyId: string;
  /** YYYYMMDD */
  date: string;
  region: string;
  service: string;
}

/** What a request claims about its own signature, from the header or from the query. */
export interface SignatureClaim {
  scope: CredentialScope;
  signedHeaders: string[];
  signature: string;
  /** YYYYMMDD'T'HHMMSS'Z' */
  timestamp: string;
  /** Only presigned: seconds of validity. */
  expiresSeconds?: number;
}

export interface SignedParts {
  method: string;
  /** As sent, still percent-encoded. */
  rawPath: string;
  /** As sent, without the question mark. */
  rawQuery: string;
  /** Lower-case names; several values joined by commas. */
  headers: Readonly<Record<string, string>>;
  payloadHash: string;
}

export const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text, 'utf8').digest();
export const sha256Hex = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** Percent-encodes all but the unreserved characters of RFC 3986. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Percent-decodes; a malformed escape stays as it is, so that the comparison of signatures fails rather than this. */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The path as it is signed: S3 encodes once and keeps it; every other service removes dot segments and encodes again. */
export function canonicalPath(rawPath: string, service: string): string {
  if (service === 's3')
    return rawPath
      .split('/')
      .map((part) => encodeRfc3986(decodePercent(part)))
      .join('/');
  const kept: string[] = [];
  for (const part of rawPath.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') kept.pop();
    else kept.push(part);
  }
  const tail = kept.length > 0 && rawPath.endsWith('/') ? '/' : '';
  return `/${kept.map(encodeRfc3986).join('/')}${tail}`;
}

/** Query parameters sorted by encoded name, then by encoded value; `X-Amz-Signature` never signs itself. */
export function canonicalQuery(rawQuery: string): string {
  if (rawQuery === '') return '';
  const pairs: [string, string][] = [];
  for (const piece of rawQuery.split('&')) {
    if (piece === '') continue;
    const at = piece.indexOf('=');
    const name = at < 0 ? piece : piece.slice(0, at);
    const value = at < 0 ? '' : piece.slice(at + 1);
    const pair: [string, string] = [name, value].map((t) => encodeRfc3986(decodePercent(t.replaceAll('+', '%20')))) as [
      string,
      string,
    ];
    if (pair[0] !== 'X-Amz-Signature') pairs.push(pair);
  }
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  pairs.sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

export function canonicalRequest(parts: SignedParts, service: string, signedHeaders: readonly string[]): string {
  const lines = signedHeaders.map((name) => `${name}:${(parts.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  return [
    parts.method,
    canonicalPath(parts.rawPath, service),
    canonicalQuery(parts.rawQuery),
    lines.join(''),
    signedHeaders.join(';'),
    parts.payloadHash,
  ].join('\n');
}

export const scopeText = (scope: CredentialScope): string => `${scope.date}/${scope.region}/${scope.service}/aws4_request`;

export function stringToSign(canonical: string, timestamp: string, scope: CredentialScope): string {
  return ['AWS4-HMAC-SHA256', timestamp, scopeText(scope), sha256Hex(canonical)].join('\n');
}

export function signingKey(secretAccessKey: string, scope: CredentialScope): Buffer {
  return hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, scope.date), scope.region), scope.service), 'aws4_request');
}

/** The hexadecimal signature of a request. */
export function signRequest(parts: SignedParts, claim: Omit<SignatureClaim, 'signature'>, secretAccessKey: string): string {
  const text = stringToSign(canonicalRequest(parts, claim.scope.service, claim.signedHeaders), claim.timestamp, claim.scope);
  return hmac(signingKey(secretAccessKey, claim.scope), text).toString('hex');
}

export function sameSignature(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8')];
  return left.length === right.length && timingSafeEqual(left, right);
}

function parseCredential(credential: string): CredentialScope | undefined {
  const parts = credential.split('/');
  const [date, region, service, terminator] = parts.slice(-4);
  if (parts.length < 5 || terminator !== 'aws4_request' || !date || !region || !service) return undefined;
  return { accessKeyId: parts.slice(0, -4).join('/'), date, region, service };
}

/** Reads `Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`; undefined when it is something else. */
export function claimFromHeader(headers: Readonly<Record<string, string>>): SignatureClaim | undefined {
  const match = /^AWS4-HMAC-SHA256\s+(.*)$/s.exec(headers['authorization'] ?? '');
  if (!match) return undefined;
  const fields: Record<string, string> = {};
  for (const piece of match[1]!.split(',')) {
    const at = piece.indexOf('=');
    if (at > 0) fields[piece.slice(0, at).trim()] = piece.slice(at + 1).trim();
  }
  const scope = parseCredential(fields['Credential'] ?? '');
  const timestamp = headers['x-amz-date'] ?? httpDateToTimestamp(headers['date']);
  if (!scope || !fields['SignedHeaders'] || !fields['Signature'] || !timestamp) return undefined;
  return { scope, signedHeaders: fields['SignedHeaders'].split(';'), signature: fields['Signature'], timestamp };
}

/** Reads a presigned query; undefined when there is none or it is incomplete. */
export function claimFromQuery(query: URLSearchParams): SignatureClaim | undefined {
  if (query.get('X-Amz-Algorithm') !== 'AWS4-HMAC-SHA256') return undefined;
  const scope = parseCredential(query.get('X-Amz-Credential') ?? '');
  const signedHeaders = query.get('X-Amz-SignedHeaders');
  const signature = query.get('X-Amz-Signature');
  const timestamp = query.get('X-Amz-Date');
  const expiresSeconds = Number(query.get('X-Amz-Expires') ?? Number.NaN);
  if (!scope || !signedHeaders || !signature || !timestamp || !Number.isInteger(expiresSeconds)) return undefined;
  return { scope, signedHeaders: signedHeaders.split(';'), signature, timestamp, expiresSeconds };
}

/** Milliseconds since the epoch of a SigV4 timestamp, NaN when it is malformed. */
export function timestampMs(timestamp: string): number {
  const m = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(timestamp);
  return m ? Date.UTC(Number(m[1]), Number(m[2]) - 1, Number(m[3]), Number(m[4]), Number(m[5]), Number(m[6])) : Number.NaN;
}

export function formatTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:]|\.\d{3}/g, '');
}

function httpDateToTimestamp(date: string | undefined): string | undefined {
  const ms = date === undefined ? Number.NaN : Date.parse(date);
  return Number.isNaN(ms) ? undefined : formatTimestamp(ms);
}
