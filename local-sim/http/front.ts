/**
 * The one port: finds the service a request is for, checks its signature, decodes its body, hands it on and writes the answer.
 *
 * Routing: the service of the credential scope, in the Authorization header or in a presigned query, decides. Unsigned requests reach the
 * HTTP API below `/api` (which decides by its routes whether it wants a signature) and the public price lists below `/offers`; all others get
 * the error for missing authentication.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { type CloudContext, type Service, ServiceError, type ServiceRequest, type ServiceResponse } from '../service.ts';
import { type Claimed, checkClaim, declaredPayloadHash, findClaim } from './authenticate.ts';
import { type ReceivedBody, receiveBody } from './body.ts';
import { CHECKSUM_ALGORITHMS, type DigestName } from './checksums.ts';
import { decodeChunked } from './chunked.ts';
import type { Keyring } from './credentials.ts';
import { errorResponse } from './errors.ts';
import { checkClaimV2 } from './presigned-v2.ts';
import { scopeText, sha256Hex, signingKey } from './sigv4.ts';

export interface FrontOptions {
  context: CloudContext;
  keyring: Keyring;
  /** The service of a signing name, or undefined. */
  find(signingName: string): Service | undefined;
  /** S3 bodies above this many bytes pass through a file. */
  bodySpillBytes?: number;
}

const API_PREFIX = '/api';
/** Price lists, by the name of the offer; a service that has one answers for it. */
const OFFERS = /^\/offers\/v1\.0\/aws\/(\w+)\/current\/index\.csv$/;
const MAX_S3_BODY_BYTES = 5 * 2 ** 30;
const MAX_OTHER_BODY_BYTES = 80 * 2 ** 20;
const MAX_UNSIGNED_BODY_BYTES = 10 * 2 ** 20;
const MAX_DRAINED_BYTES = 8 * 2 ** 20;

export function createFront(options: FrontOptions): Server {
  const server = createServer({ keepAliveTimeout: 60_000, requestTimeout: 0, maxHeaderSize: 65_536 }, (request, response) => {
    void answer(request, response, options);
  });
  return server;
}

async function answer(incoming: IncomingMessage, outgoing: ServerResponse, options: FrontOptions): Promise<void> {
  const requestId = randomUUID();
  const method = incoming.method ?? 'GET';
  const headers = collectHeaders(incoming);
  const { rawPath, rawQuery } = splitTarget(incoming.url ?? '/');
  const place = { service: undefined as string | undefined, method, path: rawPath, headers, requestId };
  let result: ServiceResponse;
  let spilled: string | undefined;
  try {
    const query = new URLSearchParams(rawQuery);
    const claim = findClaim(headers, query);
    const unsigned = isApiPath(rawPath) ? 'execute-api' : OFFERS.exec(rawPath)?.[1] === 'AmazonBraket' ? 'braket' : undefined;
    place.service = claim?.scope.service ?? unsigned ?? 's3';
    const service = options.find(place.service);
    if (!service)
      throw new ServiceError('UnknownService', `No service of the local cloud has the signing name ${place.service}.`, 404);
    if (!claim && unsigned === undefined) {
      throw new ServiceError('AccessDenied', 'Access Denied: the request is not signed.', 403);
    }
    const request = await admit(incoming, { method, headers, rawPath, rawQuery, query, claim, requestId }, options);
    spilled = request.bodyPath;
    result = await service.handle(request);
  } catch (error) {
    result = errorResponse(error, place);
    if (result.status >= 500) {
      options.context.log('error', 'request failed', {
        service: place.service,
        method,
        path: rawPath,
        error: error instanceof Error ? error.stack : String(error),
      });
    }
  }
  // A service that kept the spilled body has moved it away; what still lies there belongs to nobody.
  if (spilled !== undefined) await rm(spilled, { force: true });
  await send(incoming, outgoing, result, requestId, method).catch(() => outgoing.destroy());
}

interface Arrived {
  method: string;
  headers: Record<string, string>;
  rawPath: string;
  rawQuery: string;
  query: URLSearchParams;
  claim: Claimed | undefined;
  requestId: string;
}

/** Checks the signature and takes in the body. The order is the signature's: a streamed body is read only after its seed was checked. */
async function admit(incoming: IncomingMessage, arrived: Arrived, options: FrontOptions): Promise<ServiceRequest> {
  const { method, headers, rawPath, rawQuery, query, claim, requestId } = arrived;
  const isS3 = claim?.scope.service === 's3';
  const declared = claim ? declaredPayloadHash(claim, headers, query) : undefined;
  if (isS3 && declared === undefined) {
    throw new ServiceError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256', 400);
  }
  const check = (payloadHash: string) => {
    if (claim?.expiresAtSeconds !== undefined) {
      const { expiresAtSeconds } = claim;
      const path = pathStyle(rawPath, headers['host'] ?? '');
      checkClaimV2({ ...claim, expiresAtSeconds }, { method, path, query, headers }, options.keyring, Date.now());
    } else if (claim) checkClaim(claim, { method, rawPath, rawQuery, headers, payloadHash }, options.keyring, Date.now());
  };
  if (declared !== undefined) check(declared);

  const decoded = { ...headers, ...(isS3 && claim?.presigned ? hoistedHeaders(claim, headers, query) : {}) };
  let source: AsyncIterable<Uint8Array> = incoming;
  const streaming = declared?.startsWith('STREAMING-') ?? false;
  if (streaming) {
    source = decodeChunked(incoming, chunkSigning(declared!, claim!, options.keyring), (name, value) => {
      if (name.startsWith('x-amz-checksum-')) decoded[name] = value;
    });
    const encodings = (headers['content-encoding'] ?? '')
      .split(',')
      .map((e) => e.trim())
      .filter((e) => e !== '' && e !== 'aws-chunked');
    if (encodings.length > 0) decoded['content-encoding'] = encodings.join(',');
    else delete decoded['content-encoding'];
  }
  const hexHash = declared !== undefined && /^[0-9a-f]{64}$/i.test(declared);
  if (declared !== undefined && !hexHash && !streaming && declared !== 'UNSIGNED-PAYLOAD') {
    throw new ServiceError(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a STREAMING-… mode, or a valid sha256 value.',
      400,
    );
  }
  const received = await receiveBody(source, bodyPolicy(arrived, options), hexHash);
  if (claim && declared === undefined) check(sha256Hex(received.body));
  try {
    checkBody(received, hexHash ? declared : undefined, headers);
  } catch (error) {
    if (received.bodyPath !== undefined) await rm(received.bodyPath, { force: true });
    throw error;
  }

  const request: ServiceRequest = {
    method,
    path: isS3 ? pathStyle(rawPath, headers['host'] ?? '') : rawPath,
    query,
    headers: decoded,
    body: isS3 ? received.body : decompress(received.body, headers),
    region: claim?.scope.region ?? options.context.region,
    requestId,
    bodyBytes: received.bytes,
    sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1',
  };
  if (claim) {
    request.accessKeyId = claim.scope.accessKeyId;
    const principal = options.keyring.find(claim.scope.accessKeyId)?.principal;
    if (principal !== undefined) request.principal = principal;
  }
  if (received.bodyPath !== undefined) request.bodyPath = received.bodyPath;
  if (isS3) request.digests = received.digests;
  return request;
}

/**
 * A presigned URL carries headers in its query, `x-amz-meta-run=1`. S3 takes them for headers, except for checksums, which a signer cannot
 * know; and it refuses `x-amz-` headers that the signature does not cover.
 */
function hoistedHeaders(
  claim: Claimed,
  headers: Readonly<Record<string, string>>,
  query: URLSearchParams,
): Record<string, string> {
  const unsigned = Object.keys(headers).filter((name) => name.startsWith('x-amz-') && !claim.signedHeaders.includes(name));
  if (unsigned.length > 0) {
    const message = 'There were headers present in the request which were not signed';
    throw new ServiceError('AccessDenied', message, 403, { HeadersNotSigned: unsigned.join(', ') });
  }
  const hoisted: Record<string, string> = {};
  for (const [name, value] of query) {
    if (/^x-amz-/.test(name) && !/^x-amz-(checksum|sdk-checksum)-/.test(name)) hoisted[name] = value;
  }
  return hoisted;
}

/** CloudWatch clients compress large requests; the signature is over the compressed bytes. */
function decompress(body: Buffer, headers: Readonly<Record<string, string>>): Buffer {
  if (headers['content-encoding'] !== 'gzip') return body;
  try {
    return gunzipSync(body, { maxOutputLength: MAX_OTHER_BODY_BYTES });
  } catch (error) {
    throw new ServiceError(
      'SerializationException',
      `The gzip body cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      400,
    );
  }
}

function chunkSigning(mode: string, claim: Claimed, keyring: Keyring) {
  if (mode === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return undefined;
  if (mode !== 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' && mode !== 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER') {
    throw new ServiceError('NotImplemented', `The payload mode ${mode} is not implemented here.`, 501);
  }
  return {
    key: signingKey(keyring.find(claim.scope.accessKeyId)?.secretAccessKey ?? '', claim.scope),
    timestamp: claim.timestamp,
    scope: scopeText(claim.scope),
    seedSignature: claim.signature,
  };
}

function bodyPolicy(arrived: Arrived, options: FrontOptions) {
  const { claim, headers, method } = arrived;
  if (!claim) return { spillBytes: Number.POSITIVE_INFINITY, maxBytes: MAX_UNSIGNED_BODY_BYTES, digests: [] };
  if (claim.scope.service !== 's3') return { spillBytes: Number.POSITIVE_INFINITY, maxBytes: MAX_OTHER_BODY_BYTES, digests: [] };
  const digests: DigestName[] = ['md5'];
  if (method === 'PUT' || method === 'POST') {
    const named = `${headers['x-amz-trailer'] ?? ''} ${headers['x-amz-sdk-checksum-algorithm'] ?? ''}`.toLowerCase();
    for (const algorithm of CHECKSUM_ALGORITHMS) {
      const wanted =
        headers[`x-amz-checksum-${algorithm}`] !== undefined ||
        named.split(/[\s,]+/).some((n) => n === algorithm || n === `x-amz-checksum-${algorithm}`);
      if (wanted) digests.push(algorithm);
    }
    // What nobody asked for S3 computes itself, since December 2024, as CRC-64/NVME.
    if (digests.length === 1) digests.push('crc64nvme');
  }
  return {
    spillBytes: options.bodySpillBytes ?? 2 ** 20,
    spillDir: join(options.context.stateDir, 's3', 'incoming'),
    maxBytes: MAX_S3_BODY_BYTES,
    fsync: options.context.fsync ?? false,
    digests,
  };
}

function checkBody(received: ReceivedBody, wantedSha256: string | undefined, headers: Readonly<Record<string, string>>): void {
  if (wantedSha256 !== undefined && received.sha256Hex !== wantedSha256.toLowerCase()) {
    throw new ServiceError(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      400,
    );
  }
  const length = headers['x-amz-decoded-content-length'];
  if (length !== undefined && Number(length) !== received.bytes) {
    throw new ServiceError('IncompleteBody', `x-amz-decoded-content-length says ${length} bytes, found ${received.bytes}.`, 400);
  }
  const md5 = headers['content-md5'];
  if (md5 !== undefined && received.digests['md5'] !== undefined && received.digests['md5'] !== md5) {
    throw new ServiceError('BadDigest', 'The Content-MD5 you specified did not match what we received.', 400);
  }
}

const isApiPath = (path: string): boolean => path === API_PREFIX || path.startsWith(`${API_PREFIX}/`);

/** `http://bucket.s3.localhost/key` and `http://bucket.localhost/key` become `/bucket/key`. */
export function pathStyle(rawPath: string, host: string): string {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  const match = /^(.+?)\.s3(?:[.-][a-z0-9-]+)*\.(?:localhost|amazonaws\.com)$/.exec(name) ?? /^(.+)\.localhost$/.exec(name);
  const bucket = match?.[1];
  return bucket === undefined || bucket === 's3' ? rawPath : `/${bucket}${rawPath}`;
}

function splitTarget(url: string): { rawPath: string; rawQuery: string } {
  const target = /^https?:\/\/[^/]*/.test(url) ? url.replace(/^https?:\/\/[^/]*/, '') || '/' : url;
  const at = target.indexOf('?');
  return at < 0 ? { rawPath: target, rawQuery: '' } : { rawPath: target.slice(0, at), rawQuery: target.slice(at + 1) };
}

function collectHeaders(incoming: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    const name = incoming.rawHeaders[i]!.toLowerCase();
    // Node decodes headers as latin-1, SDKs sign their UTF-8.
    const value = Buffer.from(incoming.rawHeaders[i + 1]!, 'latin1').toString('utf8');
    headers[name] = headers[name] === undefined ? value : `${headers[name]},${value}`;
  }
  return headers;
}

async function send(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  result: ServiceResponse,
  requestId: string,
  method: string,
): Promise<void> {
  outgoing.statusCode = result.status;
  outgoing.setHeader('x-amzn-requestid', requestId);
  outgoing.setHeader('x-amz-request-id', requestId);
  for (const [name, value] of Object.entries(result.headers ?? {})) {
    outgoing.setHeader(name, name === 'set-cookie' ? value.split('\n') : Buffer.from(value, 'utf8').toString('latin1'));
  }
  if (!incoming.complete) {
    // The request was refused before its body was read. A small rest is read away, so that the client gets to see the answer.
    if (Number(incoming.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= MAX_DRAINED_BYTES) incoming.resume();
    else {
      outgoing.setHeader('connection', 'close');
      outgoing.once('finish', () => incoming.destroy());
    }
  }
  const { body } = result;
  if (body === undefined || method === 'HEAD' || result.status === 204 || result.status === 304) {
    if (
      body === undefined &&
      method !== 'HEAD' &&
      result.status !== 204 &&
      result.status !== 304 &&
      !outgoing.hasHeader('content-length')
    ) {
      outgoing.setHeader('content-length', 0);
    }
    outgoing.end();
  } else if (typeof body === 'string' || body instanceof Uint8Array) {
    outgoing.setHeader('content-length', Buffer.byteLength(body));
    outgoing.end(body);
  } else {
    await pipeline(Readable.from(body), outgoing);
  }
}

/** A stretch of a file, as a response body. */
export function fileStretch(path: string, start: number, endExclusive: number): AsyncIterable<Uint8Array> {
  return createReadStream(path, { start, end: endExclusive - 1, highWaterMark: 256 * 1024 });
}
