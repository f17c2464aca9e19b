/** The front door over raw HTTP: signed streams as older SDKs send them, and nonsense that must not break it. */
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { digestOf } from '../../local-sim/http/checksums.ts';
import {
  EMPTY_SHA256,
  formatTimestamp,
  hmac,
  scopeText,
  sha256Hex,
  signingKey,
  signRequest,
} from '../../local-sim/http/sigv4.ts';
import { signedFetch } from './signed-fetch.ts';
import { type StartedCloud, startCloud } from './start-cloud.ts';

let started: StartedCloud;

beforeAll(async () => {
  started = await startCloud({ bodySpillBytes: 50_000 });
  await started.cloud.s3.call('CreateBucket', { Bucket: 'front' });
});
afterAll(() => started[Symbol.asyncDispose]());

/** A PUT in signed chunks, with a checksum behind the body when asked; `spoil` changes the bytes after they were signed. */
function putInChunks(
  key: string,
  body: Buffer,
  options: { trailer?: boolean; spoil?: (wire: Buffer) => Buffer } = {},
): Promise<{ status: number; text: string }> {
  const { credentials, region } = started.client;
  const host = new URL(started.cloud.endpoint).host;
  const timestamp = formatTimestamp(Date.now());
  const scope = { accessKeyId: credentials.accessKeyId, date: timestamp.slice(0, 8), region, service: 's3' };
  const mode = `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${options.trailer ? '-TRAILER' : ''}`;
  const headers: Record<string, string> = {
    'content-encoding': 'aws-chunked',
    host,
    'x-amz-content-sha256': mode,
    'x-amz-date': timestamp,
    'x-amz-decoded-content-length': String(body.length),
    ...(options.trailer ? { 'x-amz-trailer': 'x-amz-checksum-crc32c' } : {}),
  };
  const signedHeaders = Object.keys(headers).sort();
  let previous = signRequest(
    { method: 'PUT', rawPath: `/front/${key}`, rawQuery: '', headers, payloadHash: mode },
    { scope, signedHeaders, timestamp },
    credentials.secretAccessKey,
  );
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope.accessKeyId}/${scopeText(scope)}, SignedHeaders=${signedHeaders.join(';')}, Signature=${previous}`;
  const sign = (kind: string, rest: string) => {
    previous = hmac(
      signingKey(credentials.secretAccessKey, scope),
      [`AWS4-HMAC-SHA256-${kind}`, timestamp, scopeText(scope), previous, rest].join('\n'),
    ).toString('hex');
    return previous;
  };
  const wire: Buffer[] = [];
  for (let at = 0; at <= body.length; at += 8192) {
    const chunk = at === body.length ? Buffer.alloc(0) : body.subarray(at, at + 8192);
    if (chunk.length === 0) break;
    const signature = sign('PAYLOAD', `${EMPTY_SHA256}\n${sha256Hex(chunk)}`);
    wire.push(Buffer.from(`${chunk.length.toString(16)};chunk-signature=${signature}\r\n`), chunk, Buffer.from('\r\n'));
  }
  wire.push(Buffer.from(`0;chunk-signature=${sign('PAYLOAD', `${EMPTY_SHA256}\n${EMPTY_SHA256}`)}\r\n`));
  if (options.trailer) {
    const line = `x-amz-checksum-crc32c:${digestOf('crc32c', body)}`;
    wire.push(Buffer.from(`${line}\r\nx-amz-trailer-signature:${sign('TRAILER', sha256Hex(`${line}\n`))}\r\n`));
  }
  wire.push(Buffer.from('\r\n'));
  const bytes = (options.spoil ?? ((b) => b))(Buffer.concat(wire));
  return new Promise((resolve, reject) => {
    const sent = request(
      started.cloud.endpoint,
      { method: 'PUT', path: `/front/${key}`, headers: { ...headers, authorization, 'content-length': bytes.length } },
      async (response) => {
        const pieces: Buffer[] = [];
        for await (const piece of response) pieces.push(piece as Buffer);
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() });
      },
    );
    sent.once('error', reject);
    sent.end(bytes);
  });
}

const stored = async (key: string) => (await started.cloud.s3.call('GetObject', { Bucket: 'front', Key: key }))['Body'] as Buffer;

describe('a body in signed chunks', () => {
  test.each([
    ['small', 100],
    ['on the edge of a chunk', 16_384],
    ['through a file', 200_000],
  ])('%s is taken in whole, with and without a trailer', async (_name, bytes) => {
    const body = Buffer.alloc(bytes, 'chunked ');
    for (const trailer of [false, true]) {
      expect(await putInChunks('chunks', body, { trailer })).toEqual({ status: 200, text: '' });
      expect((await stored('chunks')).equals(body)).toBe(true);
    }
  });

  test('is refused whole when one byte or the trailer is changed on the way', async () => {
    const body = Buffer.alloc(100_000, 'x');
    const flip = (wire: Buffer) => {
      wire[wire.length >> 1] = 0x79;
      return wire;
    };
    expect((await putInChunks('spoiled', body, { spoil: flip })).text).toContain('<Code>SignatureDoesNotMatch</Code>');
    const noTrailer = (wire: Buffer) =>
      Buffer.from(wire.toString('latin1').replace(/x-amz-checksum-crc32c:./, 'x-amz-checksum-crc32c:?'), 'latin1');
    expect((await putInChunks('spoiled', body, { trailer: true, spoil: noTrailer })).status).toBe(403);
    await expect(stored('spoiled')).rejects.toMatchObject({ code: 'NoSuchKey' });
  });

  test('that breaks off leaves nothing behind', async () => {
    const cut = putInChunks('cut', Buffer.alloc(100_000, 'x'), { spoil: (wire) => wire.subarray(0, 60_000) });
    expect((await cut).text).toContain('<Code>IncompleteBody</Code>');
    await expect(stored('cut')).rejects.toMatchObject({ code: 'NoSuchKey' });
  });

  test('that is not what its hash says is refused', async () => {
    const url = `${started.cloud.endpoint}/front/hash`;
    const wrong = createHash('sha256').update('other').digest('hex');
    const answer = await signedFetch(url, {
      service: 's3',
      region: 'us-east-1',
      credentials: started.client.credentials,
      method: 'PUT',
      body: 'this',
      headers: { 'x-amz-content-sha256': wrong },
    });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('XAmzContentSHA256Mismatch');
  });
});

describe('the front', () => {
  test('names a service it does not have', async () => {
    const answer = await signedFetch(started.cloud.endpoint, {
      service: 'sqs',
      region: 'us-east-1',
      credentials: started.client.credentials,
    });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('sqs');
  });

  test('answers any signed nonsense with an error of the caller, never with one of its own', async () => {
    const word = fc.oneof(
      fc.constantFrom('front', '%', '%zz', '..', '%2e%2e', '', 'a%00b', 'functions', '2015-03-31', 'service', 'api', 'ü'),
      fc.string({ maxLength: 8 }),
    );
    const nonsense = fc.record({
      service: fc.constantFrom('s3', 'lambda', 'events', 'monitoring', 'logs', 'sts', 'execute-api'),
      method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD'),
      path: fc.array(word, { maxLength: 4 }),
      query: fc.dictionary(
        fc.constantFrom(
          'uploadId',
          'uploads',
          'delete',
          'list-type',
          'max-keys',
          'versionId',
          'partNumber',
          'versioning',
          'notification',
          'Action',
          'continuation-token',
          'a',
        ),
        word,
        { maxKeys: 3 },
      ),
      headers: fc.dictionary(
        fc.constantFrom(
          'x-amz-target',
          'content-type',
          'range',
          'if-match',
          'x-amz-copy-source',
          'x-amz-checksum-crc32',
          'x-amz-invocation-type',
          'smithy-protocol',
          'content-encoding',
        ),
        fc.constantFrom(
          'gzip',
          'AWSEvents.PutRule',
          'Logs_20140328.FilterLogEvents',
          'application/x-amz-json-1.1',
          'application/x-www-form-urlencoded',
          'rpc-v2-cbor',
          'bytes=9-1',
          '/front/x?versionId=%',
          '*',
          'Event',
        ),
        { maxKeys: 3 },
      ),
      body: fc.constantFrom(
        '',
        '{}',
        '{"Name":[]}',
        '<Delete/>',
        'not { anything',
        'Action=PutMetricData&MetricData.member.1.__proto__.x=1',
        '[1]',
        'null',
      ),
    });
    await fc.assert(
      fc.asyncProperty(nonsense, async ({ service, method, path, query, headers, body }) => {
        const url = new URL(`${started.cloud.endpoint}/${path.map((p) => p.replace(/[#?\s\\]/g, '')).join('/')}`);
        for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
        const bodyless = method === 'GET' || method === 'HEAD';
        const answer = await signedFetch(url.href, {
          service,
          method,
          region: 'us-east-1',
          credentials: started.client.credentials,
          headers,
          ...(bodyless ? {} : { body }),
        });
        const text = await answer.text();
        expect([answer.status === 501 ? 400 : answer.status, text]).toSatisfy(([status]: [number]) => status < 500);
      }),
      { numRuns: 400 },
    );
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test('outlives what is not HTTP', async () => {
    const { port } = started.cloud;
    for (const text of ['\0\0\0', 'GET / HTTP/9.9\r\n\r\n', 'PUT /front/x HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab']) {
      await new Promise<void>((resolve) => {
        const socket = connect(port, '127.0.0.1', () => socket.end(text));
        socket.on('data', () => {});
        socket.on('error', () => resolve());
        socket.on('close', () => resolve());
      });
    }
    expect((await fetch(started.cloud.endpoint)).status).toBe(403);
  });
});
