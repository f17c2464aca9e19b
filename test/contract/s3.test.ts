/** The SDK for JavaScript against the local S3. */
import { createHash, randomBytes } from 'node:crypto';
import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type StartedCloud, startCloud } from './start-cloud.ts';

const Bucket = 'campaigns';
const MEBIBYTE = 2 ** 20;
let started: StartedCloud;
let s3: S3Client;

beforeAll(async () => {
  started = await startCloud({ bodySpillBytes: 64 * 1024 });
  s3 = new S3Client(started.client);
  await s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(async () => {
  s3.destroy();
  await started[Symbol.asyncDispose]();
});

const put = (Key: string, Body: string | Uint8Array = 'x', more: object = {}) =>
  s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const bytesOf = async (Key: string, more: object = {}): Promise<Buffer> => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return Buffer.from(await Body!.transformToByteArray());
};
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe('buckets', () => {
  test('are listed, headed, located and deleted when empty', async () => {
    await s3.send(new CreateBucketCommand({ Bucket: 'short-lived' }));
    const { Buckets } = await s3.send(new ListBucketsCommand({}));
    expect(Buckets?.map((b) => b.Name)).toContain('short-lived');
    await s3.send(new HeadBucketCommand({ Bucket: 'short-lived' }));
    expect((await s3.send(new GetBucketLocationCommand({ Bucket: 'short-lived' }))).LocationConstraint).toBeUndefined();
    await s3.send(new DeleteBucketCommand({ Bucket: 'short-lived' }));
    await expect(s3.send(new HeadBucketCommand({ Bucket: 'short-lived' }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('refuse a bad name, a second creation and deletion while they hold something', async () => {
    await expect(s3.send(new CreateBucketCommand({ Bucket: 'Not_A_Bucket' }))).rejects.toMatchObject({
      name: 'InvalidBucketName',
    });
    await expect(s3.send(new CreateBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketAlreadyOwnedByYou' });
    await put('keeps-bucket');
    await expect(s3.send(new DeleteBucketCommand({ Bucket }))).rejects.toMatchObject({ name: 'BucketNotEmpty' });
  });

  test('keep versions, say so, and refuse to stop', async () => {
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
    expect((await s3.send(new GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration?.Rules).toHaveLength(1);
    await expect(
      s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Suspended' } })),
    ).rejects.toMatchObject({ name: 'NotImplemented' });
  });
});

describe('objects', () => {
  test('come back as they went in, with type, metadata, encryption and entity tag', async () => {
    const body = randomBytes(10_000);
    const made = await put('a folder/ä+ñ&=%20?.bin', body, {
      ContentType: 'application/x-test',
      Metadata: { run: 'r-1', note: 'two words' },
      CacheControl: 'no-store',
    });
    expect(made.ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`);
    const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'a folder/ä+ñ&=%20?.bin' }));
    expect(Buffer.from(await got.Body!.transformToByteArray()).equals(body)).toBe(true);
    expect(got).toMatchObject({
      ContentType: 'application/x-test',
      Metadata: { run: 'r-1', note: 'two words' },
      CacheControl: 'no-store',
      ContentLength: 10_000,
      ServerSideEncryption: 'AES256',
      VersionId: made.VersionId,
    });
  });

  test('may be empty', async () => {
    await put('empty', new Uint8Array(0));
    expect((await bytesOf('empty')).length).toBe(0);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'empty' }))).ContentLength).toBe(0);
  });

  test('answer NoSuchKey and NotFound when absent, NoSuchBucket without a bucket', async () => {
    await expect(bytesOf('absent')).rejects.toMatchObject({ name: 'NoSuchKey' });
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'absent' }))).rejects.toMatchObject({ name: 'NotFound' });
    await expect(s3.send(new GetObjectCommand({ Bucket: 'no-such', Key: 'k' }))).rejects.toMatchObject({ name: 'NoSuchBucket' });
  });

  test('keep old versions readable after a replacement and a deletion', async () => {
    const first = await put('versioned', 'one');
    const second = await put('versioned', 'two');
    expect((await bytesOf('versioned')).toString()).toBe('two');
    expect((await bytesOf('versioned', { VersionId: first.VersionId })).toString()).toBe('one');
    const gone = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'versioned' }));
    expect(gone.DeleteMarker).toBe(true);
    await expect(bytesOf('versioned')).rejects.toMatchObject({ name: 'NoSuchKey' });
    expect((await bytesOf('versioned', { VersionId: second.VersionId })).toString()).toBe('two');
    const listed = await s3.send(new ListObjectVersionsCommand({ Bucket, Prefix: 'versioned' }));
    expect(listed.Versions?.map((v) => v.VersionId)).toEqual([second.VersionId, first.VersionId]);
    expect(listed.DeleteMarkers).toHaveLength(1);
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'versioned', VersionId: gone.VersionId }));
    expect((await bytesOf('versioned')).toString()).toBe('two');
  });

  test('give ranges, and 416 beyond the end', async () => {
    await put('range', '0123456789');
    const part = await s3.send(new GetObjectCommand({ Bucket, Key: 'range', Range: 'bytes=2-4' }));
    expect(part).toMatchObject({ ContentRange: 'bytes 2-4/10', ContentLength: 3 });
    expect(await part.Body!.transformToString()).toBe('234');
    expect((await bytesOf('range', { Range: 'bytes=7-' })).toString()).toBe('789');
    expect((await bytesOf('range', { Range: 'bytes=-2' })).toString()).toBe('89');
    expect((await bytesOf('range', { Range: 'bytes=8-99' })).toString()).toBe('89');
    await expect(bytesOf('range', { Range: 'bytes=10-' })).rejects.toMatchObject({ name: 'InvalidRange' });
  });

  test('honour conditions on reads', async () => {
    const { ETag } = await put('condition', 'x');
    expect((await bytesOf('condition', { IfMatch: ETag })).toString()).toBe('x');
    await expect(bytesOf('condition', { IfMatch: '"other"' })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(bytesOf('condition', { IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
  });

  test('are copied with or without their metadata', async () => {
    await put('source ü', 'copy me', { Metadata: { a: '1' } });
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'copied', CopySource: encodeURIComponent(`${Bucket}/source ü`) }));
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'copied' }))).Metadata).toEqual({ a: '1' });
    await s3.send(
      new CopyObjectCommand({
        Bucket,
        Key: 'copied',
        CopySource: encodeURIComponent(`${Bucket}/source ü`),
        MetadataDirective: 'REPLACE',
        Metadata: { b: '2' },
      }),
    );
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'copied' }))).Metadata).toEqual({ b: '2' });
    expect((await bytesOf('copied')).toString()).toBe('copy me');
  });

  test('are deleted many at a time', async () => {
    for (const Key of ['many/1', 'many/2', 'many/<&>']) await put(Key);
    const done = await s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'many/1' }, { Key: 'many/<&>' }, { Key: 'many/never' }] } }),
    );
    expect(done.Deleted?.map((d) => d.Key).sort()).toEqual(['many/1', 'many/<&>', 'many/never']);
    const left = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'many/' }));
    expect(left.Contents?.map((o) => o.Key)).toEqual(['many/2']);
  });
});

describe('listings', () => {
  test('come in pages, in order of UTF-8 bytes, and fold at the delimiter', async () => {
    const keys = ['l/a', 'l/a/1', 'l/a/2', 'l/a0', 'l/b', 'l/z/x', 'l/\uffee', 'l/\u{1f600}'];
    for (const Key of keys) await put(Key);
    const seen: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(
        new ListObjectsV2Command({ Bucket, Prefix: 'l/', MaxKeys: 3, ...(ContinuationToken ? { ContinuationToken } : {}) }),
      );
      expect(page.KeyCount).toBeLessThanOrEqual(3);
      seen.push(...(page.Contents ?? []).map((o) => o.Key!));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(seen).toEqual(keys.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));

    const folded: string[] = [];
    do {
      const page = await s3.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix: 'l/',
          Delimiter: '/',
          MaxKeys: 1,
          ...(ContinuationToken ? { ContinuationToken } : {}),
        }),
      );
      folded.push(...(page.Contents ?? []).map((o) => o.Key!), ...(page.CommonPrefixes ?? []).map((p) => p.Prefix!));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken);
    expect(folded).toEqual(['l/a', 'l/a/', 'l/a0', 'l/b', 'l/z/', 'l/\uffee', 'l/\u{1f600}']);
    const after = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'l/', StartAfter: 'l/a0' }));
    expect(after.Contents?.[0]?.Key).toBe('l/b');
  });
});

describe('checksums', () => {
  test.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME'] as const)(
    'of the kind %s are kept and given back on request',
    async (ChecksumAlgorithm) => {
      const body = randomBytes(200_000);
      const made = await put(`sum-${ChecksumAlgorithm}`, body, { ChecksumAlgorithm });
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key: `sum-${ChecksumAlgorithm}`, ChecksumMode: 'ENABLED' }));
      expect(head[`Checksum${ChecksumAlgorithm}`]).toBe(made[`Checksum${ChecksumAlgorithm}`]);
      expect(head[`Checksum${ChecksumAlgorithm}`]).toMatch(/^[A-Za-z0-9+/]+=*$/);
      expect((await bytesOf(`sum-${ChecksumAlgorithm}`)).equals(body)).toBe(true);
    },
  );

  test('that do not fit are refused and nothing is written', async () => {
    await expect(put('bad-sum', 'hello', { ChecksumCRC32: 'AAAAAA==' })).rejects.toMatchObject({ name: 'BadDigest' });
    await expect(put('bad-sum', 'hello', { ContentMD5: Buffer.alloc(16).toString('base64') })).rejects.toMatchObject({
      name: 'BadDigest',
    });
    await expect(bytesOf('bad-sum')).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('trail a streamed upload, which comes back byte for byte', async () => {
    const body = randomBytes(3 * MEBIBYTE + 17);
    const chunks = Array.from({ length: Math.ceil(body.length / 50_000) }, (_, i) => body.subarray(i * 50_000, (i + 1) * 50_000));
    await s3.send(new PutObjectCommand({ Bucket, Key: 'streamed', Body: Readable.from(chunks), ContentLength: body.length }));
    expect(sha256(await bytesOf('streamed'))).toBe(sha256(body));
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'streamed', ChecksumMode: 'ENABLED' }));
    expect(head.ContentEncoding ?? '').not.toContain('aws-chunked');
    expect(head.ChecksumCRC32).toBeDefined();
  });
});

describe('multipart uploads', () => {
  test('by lib-storage come back byte for byte, with a composite tag and checksum', async () => {
    const body = randomBytes(12 * MEBIBYTE + 5);
    const upload = new Upload({
      client: s3,
      params: { Bucket, Key: 'multi', Body: Readable.from([body.subarray(0, 7_000_000), body.subarray(7_000_000)]) },
      partSize: 5 * MEBIBYTE,
    });
    const done = await upload.done();
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-3"$/);
    expect(sha256(await bytesOf('multi'))).toBe(sha256(body));
    expect(
      (await bytesOf('multi', { Range: `bytes=${5 * MEBIBYTE - 3}-${5 * MEBIBYTE + 2}` })).equals(
        body.subarray(5 * MEBIBYTE - 3, 5 * MEBIBYTE + 3),
      ),
    ).toBe(true);
    const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'multi', ChecksumMode: 'ENABLED' }));
    expect(head.ChecksumCRC32).toMatch(/-3$/);
    expect(head.ChecksumType).toBe('COMPOSITE');
  });

  test('with a checksum of the whole give what one put would give', async () => {
    const body = randomBytes(6 * MEBIBYTE);
    for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'CRC64NVME'] as const) {
      const whole = await put('whole', body, { ChecksumAlgorithm });
      const { UploadId } = await s3.send(
        new CreateMultipartUploadCommand({ Bucket, Key: 'parts', ChecksumAlgorithm, ChecksumType: 'FULL_OBJECT' }),
      );
      const Parts = [];
      for (const [i, Body] of [body.subarray(0, 5 * MEBIBYTE), body.subarray(5 * MEBIBYTE)].entries()) {
        const part = await s3.send(
          new UploadPartCommand({ Bucket, Key: 'parts', UploadId, PartNumber: i + 1, Body, ChecksumAlgorithm }),
        );
        Parts.push({
          PartNumber: i + 1,
          ETag: part.ETag,
          [`Checksum${ChecksumAlgorithm}`]: part[`Checksum${ChecksumAlgorithm}`],
        });
      }
      const done = await s3.send(
        new CompleteMultipartUploadCommand({ Bucket, Key: 'parts', UploadId, MultipartUpload: { Parts } }),
      );
      expect(done[`Checksum${ChecksumAlgorithm}`]).toBe(whole[`Checksum${ChecksumAlgorithm}`]);
    }
  });

  test('list their parts, replace one, take one from an object, and refuse what does not fit', async () => {
    const Key = 'by-hand';
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const big = randomBytes(5 * MEBIBYTE);
    await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'replaced' }));
    const one = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: big }));
    await put('tail', 'xxTAILxx');
    const two = await s3.send(
      new UploadPartCopyCommand({
        Bucket,
        Key,
        UploadId,
        PartNumber: 2,
        CopySource: `${Bucket}/tail`,
        CopySourceRange: 'bytes=2-5',
      }),
    );
    const listed = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId }));
    expect(listed.Parts?.map((p) => p.Size)).toEqual([big.length, 4]);
    const complete = (Parts: { PartNumber: number; ETag: string | undefined }[]) =>
      s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
    const second = { PartNumber: 2, ETag: two.CopyPartResult?.ETag };
    await expect(complete([second, { PartNumber: 1, ETag: one.ETag }])).rejects.toMatchObject({ name: 'InvalidPartOrder' });
    await expect(complete([{ PartNumber: 1, ETag: '"00"' }])).rejects.toMatchObject({ name: 'InvalidPart' });
    await complete([{ PartNumber: 1, ETag: one.ETag }, second]);
    expect((await bytesOf(Key)).equals(Buffer.concat([big, Buffer.from('TAIL')]))).toBe(true);
  });

  test('refuse small parts and forget aborted uploads', async () => {
    const Key = 'small';
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const Parts = [];
    for (const PartNumber of [1, 2])
      Parts.push({
        PartNumber,
        ETag: (await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body: 'small' }))).ETag,
      });
    await expect(
      s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } })),
    ).rejects.toMatchObject({ name: 'EntityTooSmall' });
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    await expect(s3.send(new ListPartsCommand({ Bucket, Key, UploadId }))).rejects.toMatchObject({ name: 'NoSuchUpload' });
  });
});

describe('conditional writes', () => {
  test('let exactly one of many creators win', async () => {
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => put('ledger', `writer ${i}`, { IfNoneMatch: '*' })),
    );
    const lost = tries
      .filter((t) => t.status === 'rejected')
      .map((t) => t.reason as { name: string; $metadata: { httpStatusCode: number } });
    expect(lost).toHaveLength(19);
    expect(lost.every((e) => e.name === 'PreconditionFailed' && e.$metadata.httpStatusCode === 412)).toBe(true);
  });

  test('swap only what was read', async () => {
    const first = await put('swap', '0');
    await put('swap', '1', { IfMatch: first.ETag });
    await expect(put('swap', '2', { IfMatch: first.ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
    expect((await bytesOf('swap')).toString()).toBe('1');
    await expect(put('swap-absent', 'x', { IfMatch: '"a"' })).rejects.toMatchObject({ name: 'NoSuchKey' });
  });

  test('add up when many increment one counter by compare-and-swap', async () => {
    await put('counter', '0');
    const increment = async () => {
      for (;;) {
        const { Body, ETag } = await s3.send(new GetObjectCommand({ Bucket, Key: 'counter' }));
        const next = String(Number(await Body!.transformToString()) + 1);
        try {
          await put('counter', next, { IfMatch: ETag });
          return;
        } catch (error) {
          expect((error as Error).name).toBe('PreconditionFailed');
        }
      }
    };
    await Promise.all(Array.from({ length: 12 }, increment));
    expect((await bytesOf('counter')).toString()).toBe('12');
  });

  test('allow a creation again after a deletion, also for multipart uploads', async () => {
    await put('again', '1');
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'again' }));
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key: 'again', UploadId, PartNumber: 1, Body: '2' }));
    const complete = () =>
      s3.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key: 'again',
          UploadId,
          IfNoneMatch: '*',
          MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
        }),
      );
    await expect(complete()).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'again' }));
    await complete();
    expect((await bytesOf('again')).toString()).toBe('2');
  });
});

describe('presigned URLs', () => {
  test('put and get without credentials', async () => {
    const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: 'presigned/ä b', ContentType: 'text/csv' }), {
      expiresIn: 60,
    });
    expect((await fetch(url, { method: 'PUT', body: 'a,b\n', headers: { 'content-type': 'text/csv' } })).status).toBe(200);
    const get = await fetch(
      await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'presigned/ä b', ResponseContentDisposition: 'attachment' }), {
        expiresIn: 60,
      }),
    );
    expect(await get.text()).toBe('a,b\n');
    expect(get.headers.get('content-disposition')).toBe('attachment');
  });

  test('carry metadata in the query, and refuse headers that were not signed', async () => {
    const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: 'hoisted', Metadata: { run: 'r-7' } }), {
      expiresIn: 60,
    });
    const extra = await fetch(url, { method: 'PUT', body: 'x', headers: { 'x-amz-meta-other': '1' } });
    expect(extra.status).toBe(403);
    expect(await extra.text()).toContain('<HeadersNotSigned>x-amz-meta-other</HeadersNotSigned>');
    expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(200);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'hoisted' }))).Metadata).toEqual({ run: 'r-7' });
  });

  test('are refused when altered, expired or used for another method', async () => {
    await put('secret', 'x');
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'secret' }), { expiresIn: 60 });
    const forged = url.replace(/X-Amz-Signature=(..)/, (_, two: string) => `X-Amz-Signature=${two === '00' ? '11' : '00'}`);
    expect((await fetch(forged)).status).toBe(403);
    expect(await (await fetch(forged)).text()).toContain('<Code>SignatureDoesNotMatch</Code>');
    expect((await fetch(url.replace('secret', 'range'))).status).toBe(403);
    expect((await fetch(url, { method: 'PUT', body: 'y' })).status).toBe(403);
    const old = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'secret' }), {
      expiresIn: 60,
      signingDate: new Date(Date.now() - 120_000),
    });
    expect(await (await fetch(old)).text()).toContain('Request has expired');
    expect((await fetch(url)).status).toBe(200);
  });
});

describe('authentication', () => {
  test('refuses a wrong secret, an unknown key, a wrong clock and no signature at all', async () => {
    const { endpoint, region, credentials } = started.client;
    const read = (client: S3Client) =>
      client.send(new GetObjectCommand({ Bucket, Key: 'empty' })).finally(() => client.destroy());
    await expect(
      read(new S3Client({ endpoint, region, credentials: { ...credentials, secretAccessKey: 'wrong' } })),
    ).rejects.toMatchObject({ name: 'SignatureDoesNotMatch' });
    await expect(
      read(new S3Client({ endpoint, region, credentials: { ...credentials, accessKeyId: 'AKIAUNKNOWN' } })),
    ).rejects.toMatchObject({ name: 'InvalidAccessKeyId' });
    const late = new S3Client({ endpoint, region, credentials, systemClockOffset: -3_600_000, maxAttempts: 1 });
    await expect(read(late)).rejects.toMatchObject({ name: 'RequestTimeTooSkewed' });
    expect((await fetch(`${endpoint}/${Bucket}/empty`)).status).toBe(403);
  });

  test('answers a large body whose signature is wrong without reading it all', async () => {
    const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key: 'never' }), { expiresIn: 60 });
    const answer = await fetch(url.replace('never', 'other'), { method: 'PUT', body: new Uint8Array(4 * MEBIBYTE) });
    expect(answer.status).toBe(403);
  });

  test('finds the bucket in a virtual host', async () => {
    const { port } = started.cloud;
    const { credentials, region } = started.client;
    // Not every machine resolves names below localhost.
    const httpAgent = new Agent({ lookup: (_host, _options, done) => done(null, [{ address: '127.0.0.1', family: 4 }]) });
    const virtual = new S3Client({ endpoint: `http://s3.localhost:${port}`, region, credentials, requestHandler: { httpAgent } });
    await put('hosted', 'by name');
    const got = await virtual.send(new GetObjectCommand({ Bucket, Key: 'hosted' })).finally(() => virtual.destroy());
    expect(await got.Body!.transformToString()).toBe('by name');
  });
});
