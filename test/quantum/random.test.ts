import { describe, expect, test } from 'vitest';
import { deriveSeed, seeded } from '../../quantum/index.ts';

function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('seeded', () => {
  test('repeats its sequence for equal seeds and labels', () => {
    const draw = () =>
      Array.from(
        { length: 5 },
        (
          (random) => () =>
            random.uniform()
        )(seeded(7, 'EncodeLigands', 3)),
      );
    expect(draw()).toEqual(draw());
  });

  test('keeps the sequence that this minor version promises', () => {
    const random = seeded(7);
    expect([random.uint32(), random.uint32(), random.uint32()]).toEqual([3282351468, 3728062867, 191352330]);
  });

  test('gives different streams to labels that look alike', () => {
    const firsts = [
      seeded(1),
      seeded('1'),
      seeded(1, ''),
      seeded(1, 'ab', 'c'),
      seeded(1, 'a', 'bc'),
      seeded(1, 'abc'),
      seeded(1, 1),
      seeded(1, '1'),
      seeded(2),
      seeded(-1),
      seeded(1.5),
    ].map((random) => random.uint32());
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  test('forks the same stream however many numbers the parent has drawn', () => {
    const fresh = seeded(5);
    const used = seeded(5);
    for (let i = 0; i < 100; i++) used.uniform();
    expect(used.fork('child').uint32()).toBe(fresh.fork('child').uint32());
    expect(fresh.fork('child').uint32()).toBe(seeded(5, 'child').uint32());
  });

  test('draws uniform numbers in [0, 1) whose hundred bins pass a chi-square test', () => {
    const random = seeded('uniform');
    const counts = new Array<number>(100).fill(0);
    for (let i = 0; i < 200_000; i++) {
      const u = random.uniform();
      expect(u >= 0 && u < 1).toBe(true);
      counts[Math.floor(100 * u)]!++;
    }
    // 99 degrees of freedom: mean 99, deviation 14; 160 is beyond four deviations.
    expect(chiSquare(counts)).toBeLessThan(160);
  });

  test('sets every bit of its words half of the time', () => {
    const random = seeded('bits');
    const counts = new Array<number>(32).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const word = random.uint32();
      for (let bit = 0; bit < 32; bit++) counts[bit]! += (word >>> bit) & 1;
    }
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  });

  test('draws normal deviates with the moments of the standard normal', () => {
    const random = seeded('normal');
    const draws = Array.from({ length: 100_000 }, () => random.normal());
    const moment = (k: number) => draws.reduce((sum, x) => sum + x ** k, 0) / draws.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.02);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.03);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.25);
  });

  test('draws integers below a bound evenly and refuses a bound of zero', () => {
    const random = seeded('integer');
    const counts = new Array<number>(7).fill(0);
    for (let i = 0; i < 70_000; i++) counts[random.integer(7)]!++;
    expect(chiSquare(counts)).toBeLessThan(30);
    expect(() => random.integer(0)).toThrow(/bound 1/);
  });

  test('shuffles without losing anything', () => {
    const items = Array.from({ length: 20 }, (_, i) => i);
    const shuffled = seeded('shuffle').shuffled(items);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
  });

  test('derives seeds that differ by label', () => {
    expect(deriveSeed(1, 'a')).not.toBe(deriveSeed(1, 'b'));
  });
});
