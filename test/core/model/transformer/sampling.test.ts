import { describe, expect, test } from 'vitest';
import { createTransformer, END_TOKEN, type Sample } from '../../../../core/model/transformer/index.ts';
import { referenceForward } from '../../../../core/model/transformer/reference.ts';
import { drawToken, sequenceStream } from '../../../../core/model/transformer/sampling.ts';
import { roughWeights, stream, tiny } from './cases.ts';

const weights = roughWeights(tiny, stream('sampled'));
const model = createTransformer(tiny, { weights, kernels: 'bitwise' });
const common = { count: 40, source: 2, seed: 'samples' } as const;
const plain = (samples: readonly Sample[]) => samples.map(({ tokens, ended }) => [...tokens, ended ? 'end' : 'cut'].join(' '));

describe('sample', () => {
  test('takes the likeliest token of the whole forward pass where the temperature is 0', () => {
    for (const source of [2, 3, 4, 5]) {
      const [{ tokens, ended }] = model.sample({ ...common, count: 1, source, temperature: 0 }) as [Sample];
      const inputs = Uint16Array.of(source, ...tokens);
      const batch = { tokens: inputs, targets: inputs, starts: Uint32Array.of(0, inputs.length) };
      const { logits } = referenceForward(tiny, weights, batch);
      const wanted = [...tokens, ...(ended ? [END_TOKEN] : [])];
      wanted.forEach((token, r) => void expect(token).toBe(logits[r]!.indexOf(Math.max(...logits[r]!))));
      expect(ended || tokens.length === tiny.context - 1).toBe(true);
    }
  });

  test('draws with the probabilities of the forward pass, token by token', () => {
    // The same stream of chance, fed with the logits of whole passes, draws the same tokens.
    const samples = model.sample({ ...common, temperature: 0.8 });
    samples.slice(0, 12).forEach(({ tokens, ended }, i) => {
      const inputs = Uint16Array.of(common.source, ...tokens);
      const logits = model.logits({ tokens: inputs, targets: inputs, starts: Uint32Array.of(0, inputs.length) });
      const chance = sequenceStream(common.seed, i);
      [...tokens, ...(ended ? [END_TOKEN] : [])].forEach((token, r) => {
        const row = logits.slice(r * tiny.vocabulary, (r + 1) * tiny.vocabulary);
        expect(drawToken(row, 0.8, chance)).toBe(token);
      });
    });
  });

  test('gives a sequence that depends on neither slots nor neighbours', () => {
    const all = plain(model.sample(common));
    expect(new Set(all).size).toBeGreaterThan(10);
    for (const slots of [1, 7, 64]) expect(plain(model.sample({ ...common, slots }))).toEqual(all);
    expect(plain(model.sample({ ...common, count: 5 }))).toEqual(all.slice(0, 5));
    expect(plain(model.sample({ ...common, seed: 'others' }))).not.toEqual(all);
  });

  test('cuts what grows too long, and never draws what is forbidden', () => {
    for (const { tokens, ended } of model.sample({ ...common, maxLength: 3, forbidden: [1, 2] })) {
      expect(tokens.length).toBeLessThanOrEqual(3);
      expect(ended || tokens.length === 3).toBe(true);
      expect([...tokens].some((token) => token <= 2)).toBe(false);
    }
    expect(model.sample({ ...common, count: 0 })).toEqual([]);
  });

  test('draws in proportion', () => {
    const random = stream('proportion');
    const logits = Float32Array.from([0.1, 0.6, 0.3], Math.log);
    const seen = [0, 0, 0];
    for (let i = 0; i < 4000; i++) seen[drawToken(logits, 1, random)]!++;
    // Five standard deviations of a share from 4,000 draws.
    seen.forEach((count, j) => void expect(Math.abs(count / 4000 - [0.1, 0.6, 0.3][j]!)).toBeLessThan(0.04));
  });

  test('refuses what it cannot do', () => {
    expect(() => model.sample({ ...common, source: 11 })).toThrow('a source below 11');
    expect(() => model.sample({ ...common, maxLength: tiny.context })).toThrow('1 to 19 tokens');
    expect(() => model.sample({ ...common, temperature: -1 })).toThrow('temperature');
    expect(() => model.sample({ ...common, forbidden: [...Array(11).keys()] })).toThrow('a finite logit');
  });
});
