import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CborTime, decodeCbor, encodeCbor } from '../../../local-sim/http/cbor.ts';
import { combineCrc, digestOf } from '../../../local-sim/http/checksums.ts';
import { errorResponse } from '../../../local-sim/http/errors.ts';
import { pathStyle } from '../../../local-sim/http/front.ts';
import { childText, parseXml, xmlDocument } from '../../../local-sim/http/xml.ts';
import { ServiceError } from '../../../local-sim/service.ts';

const hex = (base64: string) => Buffer.from(base64, 'base64').toString('hex');

describe('checksums', () => {
  // The check values of the CRC catalogue (reveng) for "123456789".
  test('find the published check values', () => {
    const digits = Buffer.from('123456789');
    expect(hex(digestOf('crc32', digits))).toBe('cbf43926');
    expect(hex(digestOf('crc32c', digits))).toBe('e3069283');
    expect(hex(digestOf('crc64nvme', digits))).toBe('ae8b14860a799888');
    expect(hex(digestOf('md5', Buffer.alloc(0)))).toBe('d41d8cd98f00b204e9800998ecf8427e');
  });

  test('of two parts combine into the checksum of the whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ maxLength: 400 }), (a, b) => {
        for (const name of ['crc32', 'crc32c', 'crc64nvme'] as const) {
          expect(combineCrc(name, digestOf(name, a), digestOf(name, b), b.length)).toBe(digestOf(name, Buffer.concat([a, b])));
        }
      }),
    );
    expect(() => combineCrc('sha256', '', '', 1)).toThrow(RangeError);
  });
});

describe('CBOR', () => {
  // RFC 8949, appendix A.
  test.each([
    ['00', 0],
    ['1864', 100],
    ['1903e8', 1000],
    ['1a000f4240', 1_000_000],
    ['1b000000e8d4a51000', 1_000_000_000_000],
    ['20', -1],
    ['3903e7', -1000],
    ['fb3ff199999999999a', 1.1],
    ['f4', false],
    ['f6', null],
    ['6449455446', 'IETF'],
    ['83010203', [1, 2, 3]],
    ['a26161016162820203', { a: 1, b: [2, 3] }],
  ] as const)('agrees with the RFC on %s', (bytes, value) => {
    expect(decodeCbor(Buffer.from(bytes, 'hex'))).toEqual(value);
    expect(encodeCbor(value).toString('hex')).toBe(bytes);
  });

  test.each([
    ['f93c00', 1],
    ['f90001', 2 ** -24],
    ['f97c00', Number.POSITIVE_INFINITY],
    ['fa47c35000', 100000],
    ['9f018202039f0405ffff', [1, [2, 3], [4, 5]]],
    ['bf61610161629f0203ffff', { a: 1, b: [2, 3] }],
    ['7f657374726561646d696e67ff', 'streaming'],
    ['c11a514b67b0', new CborTime(1_363_896_240)],
  ] as const)('reads %s', (bytes, value) => {
    expect(decodeCbor(Buffer.from(bytes, 'hex'))).toEqual(value);
  });

  test('gives back what was encoded', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc.double({ noNaN: true }),
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any')),
        fc.dictionary(fc.string(), tie('any'), { noNullPrototype: true }),
      ),
    })).any;
    fc.assert(
      fc.property(value, (v) => {
        expect(decodeCbor(encodeCbor(v))).toEqual(v);
      }),
    );
  });

  test('refuses what is cut short, goes on, or is nested without end', () => {
    for (const bytes of ['', '19', '62', '8201', '0000', 'c2', 'ff'])
      expect(() => decodeCbor(Buffer.from(bytes, 'hex')), bytes).toThrow(RangeError);
    expect(() => decodeCbor(Buffer.alloc(1000, 0x81))).toThrow(/nested/);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeCbor(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe('XML', () => {
  test('gives back any text that was written', () => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what XML cannot carry
    const text = fc.string({ unit: 'grapheme' }).filter((s) => !/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/.test(s));
    fc.assert(
      fc.property(text, (t) => {
        expect(childText(parseXml(xmlDocument('Root', { Key: t }, 'urn:x')), 'Key')).toBe(t);
      }),
    );
  });

  test('reads comments, CDATA, attributes, prefixes and character references', () => {
    const root = parseXml(
      '<?xml version="1.0"?><!-- c --><s:A xmlns:s="u" b=\'c\'>\n <B/><C><![CDATA[<&]]>&#65;&#x42;&lt;</C></s:A>',
    );
    expect(root.name).toBe('A');
    expect(root.children.map((c) => [c.name, c.text])).toEqual([
      ['B', ''],
      ['C', '<&AB<'],
    ]);
  });

  test('refuses what is not well formed', () => {
    for (const text of [
      '',
      'text',
      '<a>',
      '<a></b>',
      '<a/><b/>',
      '<a>&unknown;</a>',
      '<!DOCTYPE a><a/>',
      '<a',
      '</a>',
      '<'.repeat(50),
      '<a>'.repeat(100),
    ]) {
      expect(() => parseXml(text), text.slice(0, 20)).toThrow();
    }
  });
});

describe('errorResponse', () => {
  const error = new ServiceError('NoSuchThing', 'it is <gone>', 404, { Key: 'k' });
  const place = (service: string, headers: Record<string, string> = {}) => ({
    service,
    method: 'GET',
    path: '/',
    headers,
    requestId: 'r1',
  });

  test('speaks the protocol of the request', () => {
    expect(errorResponse(error, place('s3')).body).toContain(
      '<Code>NoSuchThing</Code><Message>it is &lt;gone&gt;</Message><Key>k</Key><RequestId>r1</RequestId>',
    );
    expect(
      JSON.parse(String(errorResponse(error, place('states', { 'content-type': 'application/x-amz-json-1.0' })).body)),
    ).toMatchObject({ __type: 'NoSuchThing', message: 'it is <gone>' });
    expect(errorResponse(error, place('lambda'))).toMatchObject({ status: 404, headers: { 'x-amzn-errortype': 'NoSuchThing' } });
    expect(
      decodeCbor(errorResponse(error, place('monitoring', { 'smithy-protocol': 'rpc-v2-cbor' })).body as Buffer),
    ).toMatchObject({ __type: 'NoSuchThing' });
    expect(errorResponse(error, place('sts', { 'content-type': 'application/x-www-form-urlencoded' })).body).toContain(
      '<Type>Sender</Type><Code>NoSuchThing</Code>',
    );
  });

  test('hides nothing of our own failures, and calls them 500', () => {
    const response = errorResponse(new Error('a bug'), place('lambda'));
    expect(response.status).toBe(500);
    expect(response.body).toContain('a bug');
  });
});

describe('pathStyle', () => {
  test.each([
    ['bucket.s3.localhost:4566', '/key', '/bucket/key'],
    ['my.dotted.s3.localhost', '/', '/my.dotted/'],
    ['bucket.localhost:80', '/k', '/bucket/k'],
    ['bucket.s3.us-east-1.amazonaws.com', '/k', '/bucket/k'],
    ['s3.localhost:4566', '/bucket/k', '/bucket/k'],
    ['localhost:4566', '/bucket/k', '/bucket/k'],
    ['127.0.0.1:4566', '/bucket/k', '/bucket/k'],
  ])('reads host %s', (host, path, wanted) => {
    expect(pathStyle(path, host)).toBe(wanted);
  });
});

describe('digestOf', () => {
  test('is the same in one piece and in many', () => {
    const bytes = randomBytes(1000);
    expect(digestOf('crc64nvme', bytes)).toBe(
      combineCrc('crc64nvme', digestOf('crc64nvme', bytes.subarray(0, 1)), digestOf('crc64nvme', bytes.subarray(1)), 999),
    );
  });
});
