import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors, type Safetensor } from '../../../core/contracts/safetensors.ts';

const arrays = [
  fc.float64Array(),
  fc.float32Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.int32Array(),
  fc.uint32Array(),
  fc.int16Array(),
  fc.uint16Array(),
  fc.int8Array(),
  fc.uint8Array(),
];
const tensor = fc.oneof(...arrays).chain((data): fc.Arbitrary<Safetensor> => {
  const shapes = [[data.length], [1, data.length], [data.length, 1, 1]];
  if (data.length === 1) shapes.push([]);
  if (data.length % 2 === 0) shapes.push([2, data.length / 2]);
  return fc.record({ shape: fc.constantFrom(...shapes), data: fc.constant(data) });
});
const name = fc
  .oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '0', 'block.0.weight'))
  .filter((n) => n !== '__metadata__');
const file = fc.record({ metadata: fc.dictionary(name, fc.string()), tensors: fc.dictionary(name, tensor) });

/** A file of the given header and as many bytes of data. */
function fileOf(header: unknown, dataBytes = 0, text = JSON.stringify(header)): Uint8Array {
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}
const place = (begin: number, end: number, dtype = 'U8', shape = [end - begin]) => ({ dtype, shape, data_offsets: [begin, end] });

describe('safetensors', () => {
  test('come back as they were written, bit for bit', () => {
    fc.assert(
      fc.property(file, ({ metadata, tensors }) => {
        const back = decodeSafetensors(encodeSafetensors({ metadata, tensors }));
        expect(Object.entries(back.metadata).sort()).toEqual(Object.entries(metadata).sort());
        expect(Object.keys(back.tensors).sort()).toEqual(Object.keys(tensors).sort());
        for (const [key, { shape, data }] of Object.entries(tensors)) {
          expect(back.tensors[key]!.shape).toEqual(shape);
          expect(back.tensors[key]!.data).toEqual(data);
          expect(back.tensors[key]!.data.constructor).toBe(data.constructor);
        }
      }),
    );
  });

  test('are the same bytes whatever the order of the names', () => {
    fc.assert(
      fc.property(file, ({ metadata, tensors }) => {
        const turned = (record: Readonly<Record<string, unknown>>) => Object.fromEntries(Object.entries(record).reverse());
        const other = { metadata: turned(metadata), tensors: turned(tensors) } as typeof file extends fc.Arbitrary<infer F>
          ? F
          : never;
        expect(encodeSafetensors(other)).toEqual(encodeSafetensors({ metadata, tensors }));
      }),
    );
  });

  test('lie aligned in the file, wide elements first', () => {
    const bytes = encodeSafetensors({
      metadata: {},
      tensors: { a: { shape: [3], data: Uint8Array.of(1, 2, 3) }, b: { shape: [1], data: Float64Array.of(0.5) } },
    });
    const headerBytes = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(headerBytes % 8).toBe(0);
    expect(new Float64Array(bytes.buffer, 8 + headerBytes, 1)[0]).toBe(0.5);
    expect(bytes.length).toBe(8 + headerBytes + 8 + 3);
  });

  test('are read from any place in memory', () => {
    const bytes = encodeSafetensors({ metadata: { a: 'b' }, tensors: { x: { shape: [2], data: Float64Array.of(1, 2) } } });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeSafetensors(shifted.subarray(3)).tensors['x']!.data).toEqual(Float64Array.of(1, 2));
    expect(decodeSafetensors(Buffer.from(bytes)).tensors['x']!.data).toEqual(Float64Array.of(1, 2));
  });

  test('written by the Python package are read, and as many bytes are written back', () => {
    const golden = readFileSync('test/golden/safetensors/python.safetensors');
    const { metadata, tensors } = decodeSafetensors(golden);
    expect(metadata['tool']).toMatch(/^safetensors \d/);
    expect(tensors['weight']).toEqual({ shape: [2, 3], data: Float32Array.of(0, 0.5, 1, 1.5, 2, 2.5) });
    expect(tensors['ids']).toEqual({ shape: [3], data: Uint16Array.of(0, 1, 65535) });
    expect(tensors['steps']).toEqual({ shape: [], data: BigInt64Array.of(-7n) });
    expect(tensors['none']).toEqual({ shape: [0, 4], data: new Float64Array(0) });
    const again = decodeSafetensors(encodeSafetensors({ metadata, tensors }));
    expect(again).toEqual({ metadata, tensors });
    expect(encodeSafetensors({ metadata, tensors }).length).toBe(golden.length);
  });

  test('refuse to be written where they could not be read', () => {
    const write = (key: string, shape: number[]) => () =>
      encodeSafetensors({ metadata: {}, tensors: { [key]: { shape, data: new Float32Array(3) } } });
    expect(write('x', [2, 2])).toThrow('tensor x: shape [2, 2] wants 4 values, found 3');
    expect(write('__metadata__', [3])).toThrow('tensor __metadata__: this name belongs to the metadata');
    const half = new DataView(new ArrayBuffer(3)) as unknown as Float32Array;
    expect(() => encodeSafetensors({ metadata: {}, tensors: { x: { shape: [], data: half } } })).toThrow(RangeError);
  });

  test('are refused with what is wrong with them', () => {
    const cases: [Uint8Array, string][] = [
      [new Uint8Array(5), 'cut short: 5 bytes, 8 wanted for the length'],
      [fileOf({ x: place(0, 4) }, 4).subarray(0, 20), 'cut short: a header of 53 bytes in a file of 20'],
      [new Uint8Array(8).fill(255), 'a header of at most 100000000 bytes wanted, 18446744073709551615 announced'],
      [fileOf(null, 0, '{"x":'), 'a header of JSON in UTF-8 wanted'],
      [fileOf([]), 'a JSON object wanted as header'],
      [fileOf({ __metadata__: { a: 1 } }), '__metadata__ wanted as an object of texts'],
      [fileOf({ x: 3 }), 'tensor x: dtype, shape and data_offsets wanted'],
      [fileOf({ x: place(0, 2, 'BF16', [1]) }, 2), 'tensor x: one of F64, I64'],
      [fileOf({ x: place(0, 2, 'constructor', [1]) }, 2), 'found constructor'],
      [fileOf({ x: place(0, 2, 'U8', [-2]) }, 2), 'tensor x: a shape of whole numbers wanted'],
      [fileOf({ x: place(0, 2, 'U8', [2 ** 40, 2 ** 40]) }, 2), 'tensor x: a shape of whole numbers wanted'],
      [fileOf({ x: place(4, 2, 'U8', [2]) }, 4), 'tensor x: data_offsets [begin, end] with begin at most end wanted'],
      [fileOf({ x: place(0, 4, 'F32', [2]) }, 4), 'tensor x: F32 [2] wants 8 bytes, offsets give 4'],
      [fileOf({ x: place(0, 4), y: place(2, 6) }, 6), 'tensor y: begins at byte 2, inside the tensor that ends at 4'],
      [fileOf({ x: place(0, 4), y: place(0, 4) }, 4), 'tensor y: begins at byte 0, inside the tensor that ends at 4'],
      [fileOf({ x: place(0, 4), y: place(5, 6) }, 6), 'tensor y: begins at byte 5, 4 wanted: bytes of no tensor'],
      [fileOf({ x: place(0, 4) }, 3), 'tensor x: ends at byte 4 of 3'],
      [fileOf({ x: place(0, 4) }, 6), 'tensors end at byte 4 of 6'],
    ];
    for (const [bytes, message] of cases) expect(() => decodeSafetensors(bytes), message).toThrow(message);
  });

  test('cut or changed anywhere are refused with a RangeError or read whole, and never end otherwise', () => {
    const bytes = encodeSafetensors({ metadata: { a: 'b' }, tensors: { x: { shape: [3], data: Float32Array.of(1, 2, 3) } } });
    const cut = fc.nat(bytes.length - 1).map((length) => bytes.slice(0, length));
    const changed = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)).map(([at, value]) => bytes.with(at, value));
    fc.assert(
      fc.property(fc.oneof(cut, changed), (damaged) => {
        try {
          decodeSafetensors(damaged);
          expect(damaged.length).toBe(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
