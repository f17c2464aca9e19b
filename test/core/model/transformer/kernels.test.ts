import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KernelChoice } from '../../../../core/model/transformer/index.ts';
import { ModelMachine, PRODUCT_SCRATCH } from '../../../../core/model/transformer/machine.ts';
import { attention, crossEntropy, gelu, layerNorm, linear } from '../../../../core/model/transformer/reference.ts';
import { differences, flat, normals, relativeError, stream } from './cases.ts';

const builds: KernelChoice[] = ['fastest', 'bitwise'];

/** Rows of a flat array, in f64. */
function rowsOf(values: ArrayLike<number>, width: number): Float64Array[] {
  const all = Float64Array.from(values);
  return Array.from({ length: all.length / width }, (_, r) => all.slice(r * width, (r + 1) * width));
}

/** Weighted sum of what a layer gives: its derivative is the backward pass for dy = weights. */
const against = (weights: ArrayLike<number>, values: readonly number[]) =>
  values.reduce((sum, value, i) => sum + value * weights[i]!, 0);

describe.each(builds)('kernels, %s,', (choice) => {
  const machine = new ModelMachine(choice);
  const { kernels } = machine;
  /** Copies arrays in, calls, and hands their contents afterwards back, in the same order. */
  function call(arrays: readonly Float32Array[], run: (addresses: number[]) => void): Float32Array[] {
    return machine.borrow(() => {
      const addresses = arrays.map((array) => machine.allocate(array.byteLength));
      for (const [i, array] of arrays.entries()) machine.floats(addresses[i]!, array.length).set(array);
      run(addresses);
      return arrays.map((array, i) => machine.floats(addresses[i]!, array.length).slice());
    });
  }
  const words = (values: readonly number[]) => {
    const at = machine.allocate(4 * values.length);
    machine.words(at, values.length).set(values);
    return at;
  };
  const shorts = (values: readonly number[]) => {
    const at = machine.allocate(2 * values.length);
    machine.shorts(at, values.length).set(values);
    return at;
  };

  test('keep nothing of their own in memory, so that threads may share it', () => {
    const fresh = new ModelMachine(choice);
    expect(fresh.words(0, 16384).every((word) => word === 0)).toBe(true);
  });

  test('multiply matrices of any shape, turned or not, with and without base and bias', () => {
    const scratch = machine.allocate(PRODUCT_SCRATCH);
    const size = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constantFrom(96, 97, 130));
    const shapes = fc.record({ m: size, n: size, k: fc.oneof(size, fc.constantFrom(256, 257, 515)), pad: fc.nat(3) });
    fc.assert(
      fc.property(
        shapes,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        ({ m, n, k, pad }, tA, tB, withBase, withBias) => {
          const random = stream('product', m, n, k);
          const [aStride, bStride, cStride] = [(tA ? m : k) + pad, (tB ? k : n) + pad, n + pad];
          const a = normals((tA ? k : m) * aStride, random);
          const b = normals((tB ? n : k) * bStride, random);
          const c = normals(m * cStride, random);
          const bias = normals(n, random);
          const [, , found] = call([a, b, c, bias], ([pa, pb, pc, pBias]) =>
            kernels.product(
              ...[m, n, k, pa!, aStride, tA ? 1 : 0, pb!, bStride, tB ? 1 : 0],
              ...[pc!, cStride, withBase ? pc! : 0, withBias ? pBias! : 0, scratch],
            ),
          );
          for (let i = 0; i < m; i++) {
            for (let j = 0; j < cStride; j++) {
              const old = c[i * cStride + j]!;
              if (j >= n) {
                expect(found![i * cStride + j]).toBe(old);
                continue;
              }
              let sum = (withBase ? old : 0) + (withBias ? bias[j]! : 0);
              let size = Math.abs(old) + Math.abs(bias[j]!);
              for (let q = 0; q < k; q++) {
                const term = a[tA ? q * aStride + i : i * aStride + q]! * b[tB ? j * bStride + q : q * bStride + j]!;
                sum += term;
                size += Math.abs(term);
              }
              // Errors of single precision, against the size of what is added.
              if (Math.abs(found![i * cStride + j]! - sum) > 1e-6 * size) expect(found![i * cStride + j]).toBe(sum);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('give a row of a product the same bits wherever it lies', () => {
    const [k, n] = [70, 19];
    const scratch = machine.allocate(PRODUCT_SCRATCH);
    const row = normals(k, stream('row'));
    const b = normals(k * n, stream('b'));
    const results = [1, 5, 6, 101].map((m) => {
      const a = new Float32Array(m * k);
      a.set(row, (m - 1) * k);
      const [, , c] = call([a, b, new Float32Array(m * n)], ([pa, pb, pc]) =>
        kernels.product(m, n, k, pa!, k, 0, pb!, n, 0, pc!, n, 0, 0, scratch),
      );
      return [...c!.slice((m - 1) * n)];
    });
    for (const other of results) expect(other).toEqual(results[0]);
  });

  test('normalise rows, and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.constantFrom(4, 12, 40), (rows, width) => {
        const random = stream('norm', rows, width);
        const x = normals(rows * width, random).map((v) => 3 * v + 1);
        const [gain, bias, dy] = [normals(width, random), normals(width, random), normals(rows * width, random)];
        const start = normals(rows * width, random);
        const blank = (length: number) => new Float32Array(length);
        const arrays = [x, gain, bias, blank(rows * width), blank(2 * rows), dy, start, blank(width), blank(width)];
        const after = call(arrays, ([px, pGain, pBias, out, stats, pDy, dx, dGain, dBias]) => {
          kernels.normForward(px!, rows, width, pGain!, pBias!, out!, stats!);
          kernels.normBackward(pDy!, px!, stats!, rows, width, pGain!, dx!, dGain!, dBias!);
        });
        const truth = (xs: ArrayLike<number>, gains: ArrayLike<number>, biases: ArrayLike<number>) =>
          flat(rowsOf(xs, width).map((row) => layerNorm(row, gains, biases)));
        expect(relativeError(after[3]!, truth(x, gain, bias))).toBeLessThan(5e-7);
        const dx = after[6]!.map((v, i) => v - start[i]!);
        expect(
          relativeError(
            dx,
            differences(x, (xs) => against(dy, truth(xs, gain, bias))),
          ),
        ).toBeLessThan(3e-6);
        expect(
          relativeError(
            after[7]!,
            differences(gain, (gains) => against(dy, truth(x, gains, bias))),
          ),
        ).toBeLessThan(3e-6);
        expect(
          relativeError(
            after[8]!,
            differences(bias, (biases) => against(dy, truth(x, gain, biases))),
          ),
        ).toBeLessThan(3e-6);
      }),
      { numRuns: 8 },
    );
  });

  test('bend by GELU, and back', () => {
    const x = Float32Array.from({ length: 400 }, (_, i) => (i - 200) / 20);
    const ones = new Float32Array(400).fill(1);
    const [, y, d] = call([x, new Float32Array(400), ones], ([px, out, pd]) => {
      kernels.geluForward(px!, 400, out!);
      kernels.geluBackward(px!, 400, pd!);
    });
    expect(Math.max(...x.map((v, i) => Math.abs(y![i]! - gelu(v))))).toBeLessThan(1e-6);
    expect(Math.max(...x.map((v, i) => Math.abs(d![i]! - (gelu(v + 1e-5) - gelu(v - 1e-5)) / 2e-5)))).toBeLessThan(1e-6);
  });

  test('keep GELU finite far out', () => {
    const x = Float32Array.of(-1e4, -90, 90, 1e4);
    const [, y, d] = call([x, x, new Float32Array(4).fill(1)], ([px, out, pd]) => {
      kernels.geluForward(px!, 4, out!);
      kernels.geluBackward(px!, 4, pd!);
    });
    for (const i of [0, 1]) expect(Math.abs(y![i]!) + Math.abs(d![i]!)).toBeLessThan(1e-20);
    expect([...y!.subarray(2), ...d!.subarray(2)]).toEqual([90, 1e4, 1, 1]);
  });

  test('attend to earlier rows of the same sequence, and back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 19 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(8, 16),
        (lengths, w) => {
          const [heads, random] = [2, stream('attention', w, ...lengths)];
          const d = heads * w;
          const rows = lengths.reduce((sum, length) => sum + length, 0);
          const starts = [0];
          for (const length of lengths) starts.push(starts.at(-1)! + length);
          const n = lengths.map((length) => Math.ceil(length / 8) * 8);
          const squares = n.reduce((sum, length) => sum + heads * length * length, 0);
          const longest = Math.max(...n);
          const blank = (length: number) => new Float32Array(length);
          const [qkv, dy] = [normals(rows * 3 * d, random), normals(rows * d, random)];
          const scratch = machine.allocate(4 * longest * (5 * w + longest));
          const at = words(starts);
          const after = call([qkv, blank(rows * d), blank(squares), dy, blank(rows * 3 * d)], ([pQkv, out, p, pDy, dQkv]) => {
            kernels.attentionForward(pQkv!, at, lengths.length, d, heads, out!, p!, 1, scratch);
            kernels.attentionBackward(pQkv!, p!, pDy!, at, lengths.length, d, heads, dQkv!, scratch);
          });
          const truth = (values: ArrayLike<number>) => {
            const all = rowsOf(values, 3 * d);
            return lengths.flatMap((length, s) => flat(attention(all.slice(starts[s]!, starts[s]! + length), heads)));
          };
          expect(relativeError(after[1]!, truth(qkv))).toBeLessThan(1e-6);
          const picked = Array.from({ length: 40 }, () => random.integer(qkv.length));
          const slopes = differences(qkv, (values) => against(dy, truth(values)), picked);
          expect(
            relativeError(
              picked.map((i) => after[4]![i]!),
              slopes,
            ),
          ).toBeLessThan(3e-6);
        },
      ),
      { numRuns: 6 },
    );
  });

  test('attend with kept keys and values as with all rows at once', () => {
    const [length, heads, w, context] = [11, 2, 8, 16];
    const d = heads * w;
    const qkv = normals(length * 3 * d, stream('kept'));
    const truth = attention(rowsOf(qkv, 3 * d), heads);
    const [keys, values] = [machine.allocate(4 * 3 * context * d), machine.allocate(4 * 3 * context * d)];
    const scratch = machine.allocate(4 * context);
    for (let position = 0; position < length; position++) {
      // The middle row is this sequence, in slot 2; its neighbours only disturb.
      const step = Float32Array.from({ length: 3 * 3 * d }, (_, i) => qkv[position * 3 * d + (i % (3 * d))]!);
      const [slots, positions] = [words([1, 2, 0]), words([0, position, 0])];
      const [, out] = call([step, new Float32Array(3 * d)], ([pStep, pOut]) =>
        kernels.attentionStep(pStep!, 3, slots, positions, keys, values, context, d, heads, pOut!, scratch),
      );
      expect(relativeError(out!.slice(d, 2 * d), truth[position]!)).toBeLessThan(1e-6);
    }
  });

  test('weigh targets by cross-entropy, and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 6 }), (vocabulary, rows) => {
        const random = stream('cross', vocabulary, rows);
        const stride = Math.ceil(vocabulary / 4) * 4;
        const logits = normals(rows * stride, random).map((v) => 5 * v);
        const targets = Array.from({ length: rows }, () => random.integer(vocabulary));
        const ids = shorts(targets);
        const [d, losses] = call([logits, new Float32Array(rows)], ([pLogits, pLosses]) =>
          kernels.crossEntropy(pLogits!, ids, rows, vocabulary, stride, 0.5, pLosses!),
        );
        const truth = (values: ArrayLike<number>) =>
          rowsOf(values, stride).map((row, r) => crossEntropy(row.subarray(0, vocabulary), targets[r]!));
        truth(logits).forEach((loss, r) => void expect(losses![r]! - loss).toBeLessThan(1e-5));
        const slopes = differences(logits, (values) => 0.5 * truth(values).reduce((sum, loss) => sum + loss, 0));
        slopes.forEach((slope, i) => void expect(Math.abs(d![i]! - slope)).toBeLessThan(1e-6));
      }),
      { numRuns: 20 },
    );
  });

  test('look tokens and positions up, and back', () => {
    const [rows, width] = [7, 12];
    const random = stream('embed');
    const [ids, positions] = [
      [3, 0, 3, 1, 4, 4, 4],
      [0, 1, 2, 0, 1, 2, 3],
    ];
    const [pIds, pPositions] = [shorts(ids), words(positions)];
    const [tokenTable, positionTable] = [normals(5 * width, random), normals(4 * width, random)];
    const [start, d] = [normals(5 * width, random), normals(rows * width, random)];
    const arrays = [tokenTable, positionTable, new Float32Array(rows * width), d, start, new Float32Array(4 * width)];
    const after = call(arrays, ([t, p, out, pd, dt, dp]) => {
      kernels.embedForward(pIds, pPositions, rows, width, t!, p!, out!);
      kernels.embedBackward(pIds, pPositions, rows, width, pd!, dt!, dp!);
    });
    const wanted = Float64Array.from(start);
    const wantedPositions = new Float64Array(4 * width);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < width; c++) {
        expect(after[2]![r * width + c]).toBeCloseTo(
          tokenTable[ids[r]! * width + c]! + positionTable[positions[r]! * width + c]!,
          6,
        );
        wanted[ids[r]! * width + c]! += d[r * width + c]!;
        wantedPositions[positions[r]! * width + c]! += d[r * width + c]!;
      }
    }
    expect(relativeError(after[4]!, wanted)).toBeLessThan(1e-6);
    expect(relativeError(after[5]!, wantedPositions)).toBeLessThan(1e-6);
  });

  test('add columns, sequences, parts and squares up', () => {
    const x = normals(6 * 8, stream('sums'));
    const rows = rowsOf(x, 8);
    const starts = words([0, 1, 4, 6]);
    const after = call([x, new Float32Array(8), new Float32Array(3 * 8)], ([px, sums, means]) => {
      kernels.columnSums(px!, 6, 8, sums!);
      kernels.sequenceMeans(px!, starts, 3, 8, means!);
    });
    const ones = new Float64Array(6).fill(1);
    expect(relativeError(after[1]!, linear(ones, flat(rows), null, 8))).toBeLessThan(1e-6);
    expect(relativeError(after[2]!.slice(8, 16), linear([1 / 3, 1 / 3, 1 / 3], flat(rows.slice(1, 4)), null, 8))).toBeLessThan(
      1e-6,
    );
    call([x], ([px]) => {
      expect(kernels.squareSum(px!, 48)).toBeCloseTo(
        x.reduce((sum, v) => sum + v * v, 0),
        10,
      );
      kernels.sumParts(px!, 4 * 16, 3, 16);
      for (let i = 0; i < 16; i++) expect(machine.floats(px!, 48)[i]).toBeCloseTo(x[i]! + x[16 + i]! + x[32 + i]!, 6);
    });
  });
});
