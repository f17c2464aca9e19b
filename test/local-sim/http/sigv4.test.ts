/** The worked examples of the AWS documentation, recomputed, and laws of the canonical form. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkClaim, findClaim } from '../../../local-sim/http/authenticate.ts';
import { decodeChunked } from '../../../local-sim/http/chunked.ts';
import { createKeyring } from '../../../local-sim/http/credentials.ts';
import {
  canonicalPath,
  canonicalQuery,
  claimFromHeader,
  claimFromQuery,
  EMPTY_SHA256,
  formatTimestamp,
  scopeText,
  signingKey,
  signRequest,
  timestampMs,
} from '../../../local-sim/http/sigv4.ts';
import type { ServiceError } from '../../../local-sim/service.ts';

const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const s3Scope = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', date: '20130524', region: 'us-east-1', service: 's3' };
const timestamp = '20130524T000000Z';
const host = 'examplebucket.s3.amazonaws.com';

const sign = (method: string, rawPath: string, rawQuery: string, headers: Record<string, string>, payloadHash: string) =>
  signRequest(
    { method, rawPath, rawQuery, headers, payloadHash },
    { scope: s3Scope, signedHeaders: Object.keys(headers).sort(), timestamp },
    SECRET,
  );

describe('signRequest', () => {
  test('finds the signatures of the examples in the S3 API reference', () => {
    const base = { host, 'x-amz-content-sha256': EMPTY_SHA256, 'x-amz-date': timestamp };
    expect(sign('GET', '/test.txt', '', { ...base, range: 'bytes=0-9' }, EMPTY_SHA256)).toBe(
      'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
    );
    const body = createHash('sha256').update('Welcome to Amazon S3.').digest('hex');
    const put = {
      host,
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      'x-amz-content-sha256': body,
      'x-amz-date': timestamp,
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    };
    expect(sign('PUT', '/test$file.text', '', put, body)).toBe(
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
    );
    expect(sign('GET', '/', 'lifecycle', base, EMPTY_SHA256)).toBe(
      'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    );
    expect(sign('GET', '/', 'prefix=J&max-keys=2', base, EMPTY_SHA256)).toBe(
      '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
    );
  });

  test('finds the signature of the presigned example', () => {
    const query =
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host';
    expect(sign('GET', '/test.txt', query, { host }, 'UNSIGNED-PAYLOAD')).toBe(
      'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    );
  });

  test('finds the signature of the IAM example in the general reference', () => {
    const headers = {
      'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
      host: 'iam.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
    };
    const scope = { accessKeyId: 'AKIDEXAMPLE', date: '20150830', region: 'us-east-1', service: 'iam' };
    const parts = {
      method: 'GET',
      rawPath: '/',
      rawQuery: 'Action=ListUsers&Version=2010-05-08',
      headers,
      payloadHash: EMPTY_SHA256,
    };
    const signature = signRequest(
      parts,
      { scope, signedHeaders: Object.keys(headers), timestamp: '20150830T123600Z' },
      'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
    );
    expect(signature).toBe('5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7');
  });
});

describe('decodeChunked', () => {
  const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';
  const signing = (seedSignature: string) => ({
    key: signingKey(SECRET, s3Scope),
    timestamp,
    scope: scopeText(s3Scope),
    seedSignature,
  });
  const stream = async function* (text: string, pieceBytes: number) {
    const bytes = Buffer.from(text, 'latin1');
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  };
  const decode = async (text: string, pieceBytes: number, seedSignature?: string) => {
    const trailers: Record<string, string> = {};
    const pieces: Buffer[] = [];
    for await (const piece of decodeChunked(
      stream(text, pieceBytes),
      seedSignature === undefined ? undefined : signing(seedSignature),
      (n, v) => {
        trailers[n] = v;
      },
    )) {
      pieces.push(Buffer.from(piece));
    }
    return { body: Buffer.concat(pieces).toString('latin1'), trailers };
  };
  const a = (n: number) => 'a'.repeat(n);
  const signedBody = [
    `10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n${a(65536)}\r\n`,
    `400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n${a(1024)}\r\n`,
    '0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n',
  ].join('');
  const trailerBody = [
    `10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n${a(65536)}\r\n`,
    `400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n${a(1024)}\r\n`,
    '0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n',
    'x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n',
  ].join('');
  const trailerSeed = '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e';

  test.each([1, 7, 100, 1_000_000])(
    'accepts the chunk signatures of the documented upload, whatever the pieces (%i bytes)',
    async (pieceBytes) => {
      expect((await decode(signedBody, pieceBytes, seed)).body).toBe(a(66_560));
    },
  );

  test('accepts the documented trailer and hands it over', async () => {
    expect(await decode(trailerBody, 4096, trailerSeed)).toEqual({
      body: a(66_560),
      trailers: { 'x-amz-checksum-crc32c': 'sOO8/Q==' },
    });
  });

  test('refuses a changed byte, a changed trailer and a chunk without signature', async () => {
    const wrong = { code: 'SignatureDoesNotMatch' };
    await expect(decode(signedBody.replace('aaaa\r\n0;', 'aaab\r\n0;'), 4096, seed)).rejects.toMatchObject(wrong);
    await expect(decode(trailerBody.replace('sOO8', 'sOO9'), 4096, trailerSeed)).rejects.toMatchObject(wrong);
    await expect(decode('1\r\na\r\n0\r\n\r\n', 4096, seed)).rejects.toMatchObject(wrong);
  });

  test('refuses a stream that ends early, a longer chunk and a bad header', async () => {
    const incomplete = { code: 'IncompleteBody' };
    for (const text of [
      '',
      '5\r\nabc',
      '5\r\nabcde\r\n',
      '3\r\nabcde\r\n0\r\n\r\n',
      'xyz\r\n',
      '-1\r\n',
      '0\r\nnocolon\r\n\r\n',
    ]) {
      await expect(decode(text, 3), JSON.stringify(text)).rejects.toMatchObject(incomplete);
    }
  });

  test('gives back what was encoded, for any chunks and pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 300 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 50 }),
        async (chunks, pieceBytes) => {
          const text = `${chunks.map((c) => `${c.length.toString(16)}\r\n${c}\r\n`).join('')}0\r\nx-amz-checksum-crc32:AA==\r\n\r\n`;
          expect(await decode(text, pieceBytes)).toEqual({ body: chunks.join(''), trailers: { 'x-amz-checksum-crc32': 'AA==' } });
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the canonical form', () => {
  test('keeps S3 paths as they are and encodes those of other services twice', () => {
    expect(canonicalPath('/a//b/../c%20d/', 's3')).toBe('/a//b/../c%20d/');
    expect(canonicalPath('/a//b/../c%20d/', 'lambda')).toBe('/a/c%2520d/');
    expect(canonicalPath('/', 'lambda')).toBe('/');
    expect(canonicalPath("/k!*()'", 's3')).toBe('/k%21%2A%28%29%27');
  });

  test('sorts the query by encoded name and value and leaves the signature out', () => {
    expect(canonicalQuery('b=2&a=2&a=1&A=x&lifecycle&X-Amz-Signature=zz')).toBe('A=x&a=1&a=2&b=2&lifecycle=');
    expect(canonicalQuery('k=a%2Bb&l=a+b&m=%E2%82%AC')).toBe('k=a%2Bb&l=a%20b&m=%E2%82%AC');
  });

  test('does not depend on the order of parameters', () => {
    const pairs = fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string()), { maxLength: 6 });
    fc.assert(
      fc.property(pairs, (list) => {
        const text = (l: [string, string][]) => l.map(([n, v]) => `${encodeURIComponent(n)}=${encodeURIComponent(v)}`).join('&');
        expect(canonicalQuery(text(list))).toBe(canonicalQuery(text([...list].reverse())));
      }),
    );
  });

  test('reads timestamps it writes', () => {
    expect(timestampMs(formatTimestamp(1_369_353_600_000))).toBe(1_369_353_600_000);
    expect(timestampMs('2013-05-24')).toBeNaN();
  });
});

describe('checkClaim', () => {
  const keyring = createKeyring({ accessKeyId: s3Scope.accessKeyId, secretAccessKey: SECRET });
  const nowMs = Date.UTC(2013, 4, 24);
  const headers = { host, 'x-amz-content-sha256': EMPTY_SHA256, 'x-amz-date': timestamp };
  const parts = { method: 'GET', rawPath: '/test.txt', rawQuery: '', headers, payloadHash: EMPTY_SHA256 };
  const authorization = (signature: string, signedHeaders = 'host;x-amz-content-sha256;x-amz-date') =>
    `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  const good = sign('GET', '/test.txt', '', headers, EMPTY_SHA256);
  const claim = (signature: string, signedHeaders?: string) => ({
    ...claimFromHeader({ ...headers, authorization: authorization(signature, signedHeaders) })!,
    presigned: false,
  });
  const code = (run: () => void) => {
    try {
      run();
    } catch (error) {
      return (error as ServiceError).code;
    }
    return undefined;
  };

  test('accepts the right signature within a quarter of an hour', () => {
    expect(code(() => checkClaim(claim(good), parts, keyring, nowMs + 14 * 60_000))).toBeUndefined();
    expect(code(() => checkClaim(claim(good), parts, keyring, nowMs + 16 * 60_000))).toBe('RequestTimeTooSkewed');
    expect(code(() => checkClaim(claim(good), parts, keyring, nowMs - 16 * 60_000))).toBe('RequestTimeTooSkewed');
  });

  test('refuses each single change', () => {
    expect(code(() => checkClaim(claim(good), { ...parts, method: 'PUT' }, keyring, nowMs))).toBe('SignatureDoesNotMatch');
    expect(code(() => checkClaim(claim(good), { ...parts, rawPath: '/other' }, keyring, nowMs))).toBe('SignatureDoesNotMatch');
    expect(code(() => checkClaim(claim(good), { ...parts, rawQuery: 'a=b' }, keyring, nowMs))).toBe('SignatureDoesNotMatch');
    expect(code(() => checkClaim(claim(good), { ...parts, payloadHash: 'UNSIGNED-PAYLOAD' }, keyring, nowMs))).toBe(
      'SignatureDoesNotMatch',
    );
    expect(code(() => checkClaim(claim(good), { ...parts, headers: { ...headers, host: 'evil' } }, keyring, nowMs))).toBe(
      'SignatureDoesNotMatch',
    );
    expect(code(() => checkClaim(claim(good, 'x-amz-date'), parts, keyring, nowMs))).toBe('SignatureDoesNotMatch');
  });

  test('tells the keys of functions apart', () => {
    const own = keyring.issue('Reader');
    expect(keyring.issue('Reader')).toEqual(own);
    expect(keyring.issue('Writer').accessKeyId).not.toBe(own.accessKeyId);
    expect(keyring.find(own.accessKeyId)?.principal).toBe('Reader');
    expect(keyring.find(s3Scope.accessKeyId)?.principal).toBeUndefined();
    expect(keyring.find('AKIAUNKNOWN')).toBeUndefined();
  });

  test('refuses half a signature and takes none as none', () => {
    expect(findClaim({}, new URLSearchParams())).toBeUndefined();
    expect(code(() => findClaim({ authorization: 'AWS4-HMAC-SHA256 Credential=x' }, new URLSearchParams()))).toBe(
      'IncompleteSignature',
    );
    expect(code(() => findClaim({ authorization: 'Bearer x' }, new URLSearchParams()))).toBe('IncompleteSignature');
    expect(code(() => findClaim({}, new URLSearchParams('X-Amz-Signature=x')))).toBe('AuthorizationQueryParametersError');
    expect(claimFromQuery(new URLSearchParams('X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a/b'))).toBeUndefined();
  });
});
