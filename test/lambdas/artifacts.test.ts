import { S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ArtifactInvalid, ArtifactMissing } from '../../core/contracts/errors.ts';
import { campaignOfLibraryKey, parseUri, place, uri } from '../../core/contracts/places.ts';
import { decodeTensors, encodeTensors, type TensorArray } from '../../core/contracts/tensors.ts';
import { readCircuits, readResults, writeCircuits, writeResults } from '../../core/problems/circuit-files.ts';
import type { CircuitBatch, CircuitResult } from '../../core/problems/problem.ts';
import { type ArtifactStore, ConditionFailed, createArtifactStore } from '../../lambdas/shared/artifacts.ts';
import { type StartedCloud, startCloud } from '../contract/start-cloud.ts';

const Note = z.strictObject({ text: z.string(), count: z.int() });

describe('the store of artifacts', () => {
  let started: StartedCloud;
  let store: ArtifactStore;
  beforeAll(async () => {
    started = await startCloud();
    await started.cloud.s3.call('CreateBucket', { Bucket: 'data' });
    store = createArtifactStore(new S3Client({ ...started.client, forcePathStyle: true }), 'data');
  });
  afterAll(() => started[Symbol.asyncDispose]());

  test('gives back what was written, and null or ArtifactMissing for what was not', async () => {
    await store.write('runs/a.json', Note, { text: 'one', count: 1 });
    expect(await store.read('runs/a.json', Note)).toEqual({ text: 'one', count: 1 });
    expect(await store.find('runs/b.json', Note)).toBeNull();
    expect(await store.exists('runs/b.json')).toBe(false);
    await expect(store.read('runs/b.json', Note)).rejects.toThrow(ArtifactMissing);
    await expect(store.read('runs/b.json', Note)).rejects.toThrow('s3://data/runs/b.json');
  });

  test('refuses what does not fit its schema on the way in and out, and names the path', async () => {
    await expect(store.write('runs/bad.json', Note, { text: 'x', count: 1.5 })).rejects.toThrow(/runs\/bad\.json: count/);
    expect(await store.exists('runs/bad.json')).toBe(false);
    await store.writeBytes('runs/bad.json', '{"text":1}', 'application/json');
    await expect(store.read('runs/bad.json', Note)).rejects.toThrow(/runs\/bad\.json: .*text.*count/s);
    await store.writeBytes('runs/bad.json', 'nothing', 'application/json');
    await expect(store.read('runs/bad.json', Note)).rejects.toThrow(ArtifactInvalid);
  });

  test('lets exactly one of many first writers win, and one of many with the same ETag', async () => {
    const write = (count: number, condition: object) => store.write('runs/first.json', Note, { text: 'first', count }, condition);
    const firsts = await Promise.allSettled([1, 2, 3, 4, 5].map((count) => write(count, { absent: true })));
    expect(firsts.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    for (const answer of firsts) if (answer.status === 'rejected') expect(answer.reason).toBeInstanceOf(ConditionFailed);
    const { etag } = (await store.readVersioned('runs/first.json', Note))!;
    const seconds = await Promise.allSettled([6, 7, 8].map((count) => write(count, { etag })));
    expect(seconds.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    await store.delete('runs/first.json');
    await expect(write(9, { etag })).rejects.toThrow(ConditionFailed);
  });

  test('lists more than one page', async () => {
    await Promise.all(
      Array.from({ length: 30 }, (_, i) => store.writeBytes(`many/${String(i).padStart(4, '0')}`, 'x', 'text/plain')),
    );
    expect((await store.list('many/')).length).toBe(30);
  });

  test('reads tensor files back and calls a damaged one invalid', async () => {
    await store.writeTensors('runs/t.bin', {
      header: { text: 'h', count: 2 },
      tensors: { x: { shape: [2], data: Float64Array.of(1, 2) } },
    });
    const { header, tensors } = await store.readTensors('runs/t.bin', Note);
    expect(header).toEqual({ text: 'h', count: 2 });
    expect([...tensors['x']!.data]).toEqual([1, 2]);
    await store.writeBytes('runs/t.bin', 'QEFMT1', 'application/octet-stream');
    await expect(store.readTensors('runs/t.bin', Note)).rejects.toThrow(ArtifactInvalid);
  });
});

describe('a tensor file', () => {
  const arrays: fc.Arbitrary<TensorArray> = fc.oneof(
    fc.float64Array({ maxLength: 9 }),
    fc.float32Array({ maxLength: 9 }),
    fc.int32Array({ maxLength: 9 }),
    fc.uint32Array({ maxLength: 9 }),
    fc.uint8Array({ maxLength: 9 }),
  );

  test('comes back bit by bit, whatever types and lengths it holds', () => {
    fc.assert(
      fc.property(fc.array(arrays, { maxLength: 5 }), fc.string(), (list, note) => {
        const tensors = Object.fromEntries(list.map((data, i) => [`t${i}`, { shape: [data.length], data }]));
        const file = decodeTensors(encodeTensors({ schema: 'x', note }, tensors));
        expect(file.header).toEqual({ schema: 'x', note });
        for (const [name, { data }] of Object.entries(tensors)) {
          expect(file.tensors[name]!.data.constructor).toBe(data.constructor);
          expect(Buffer.from(file.tensors[name]!.data.buffer)).toEqual(Buffer.from(data.slice().buffer));
        }
      }),
    );
  });

  test('is refused when it is cut short anywhere, when a shape does not fit, and when it is something else', () => {
    const bytes = encodeTensors({ schema: 'x' }, { a: { shape: [2, 3], data: new Float64Array(6).fill(1) } });
    for (let length = 0; length < bytes.length; length++) {
      expect(() => decodeTensors(bytes.slice(0, length)), String(length)).toThrow(/(Range|Syntax)Error|tensor|JSON|DataView/);
    }
    expect(() => encodeTensors({}, { a: { shape: [2], data: new Float64Array(3) } })).toThrow(
      'tensor a: shape [2] wants 2 values, found 3',
    );
    expect(() => decodeTensors(new TextEncoder().encode('PK\u0003\u0004 something else'))).toThrow('not a tensor file');
  });
});

describe('circuit files', () => {
  const batch: CircuitBatch = {
    circuit: { qubits: 2, layers: 1, entangler: 'ring', theta: Float64Array.of(0.1, 0.2, 0.3, 0.4) },
    requests: [
      { kind: 'expectations', amplitudes: Float64Array.of(1, 0, 0, 0) },
      {
        kind: 'gradient',
        amplitudes: Float64Array.of(0, 1, 0, 0),
        cotangent: Float64Array.of(1, -1, 0.5),
        angles: true,
        directions: [Float64Array.of(0, 0, 1, 0), Float64Array.of(0, 0, 0, 1)],
      },
    ],
  };

  test('give back circuits and target as they were', () => {
    const target = { kind: 'sv1', shots: 0, maximumExecutables: 1 } as const;
    const { header, tensors } = writeCircuits(batch, target);
    const read = readCircuits({ header, tensors: decodeTensors(encodeTensors(header, tensors)).tensors });
    expect(read).toEqual({ batch, target });
  });

  test('give back results with and without standard errors', () => {
    const results: CircuitResult[] = [
      { kind: 'expectations', values: Float64Array.of(0.5, 0.25), standardErrors: Float64Array.of(0.1, 0.2) },
      { kind: 'gradient', theta: Float64Array.of(1, 2), directions: Float64Array.of(3) },
      { kind: 'expectations', values: Float64Array.of(-1) },
    ];
    const file = writeResults(results, { circuits: 'a'.repeat(64), tasks: 3, circuitsRun: 3, shots: 0 });
    expect(readResults(file)).toEqual(results);
    const short = { ...file, tensors: { ...file.tensors, values: { shape: [1], data: Float64Array.of(1) } } };
    expect(() => readResults(short)).toThrow('tensor values is too short');
  });
});

describe('places', () => {
  test('know a library by its key and nothing else', () => {
    expect(campaignOfLibraryKey('campaigns/bace/libraries/a.csv.gz')).toBe('bace');
    for (const key of [
      'campaigns/bace/assay.csv',
      'campaigns/bace/libraries/deep/a.csv',
      'campaigns/BACE/libraries/a.csv',
      'runs/x/libraries/a.smi',
      'campaigns/bace/libraries/a.txt',
    ]) {
      expect(campaignOfLibraryKey(key), key).toBeNull();
    }
  });

  test('spell URIs that can be read again', () => {
    expect(parseUri(uri('bucket', place.ranking('run-1')))).toEqual({ bucket: 'bucket', key: 'runs/run-1/ranking.json' });
    expect(() => parseUri('https://bucket/key')).toThrow('s3://bucket/key');
  });

  test('keep states in the order of their iterations', () => {
    const keys = [2, 10, 9, 100].map((iteration) => place.state('r', 'train', iteration, 'gradient'));
    expect([...keys].sort()).toEqual([keys[0], keys[2], keys[1], keys[3]]);
  });
});
