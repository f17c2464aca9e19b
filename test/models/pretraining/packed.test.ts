import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../../core/contracts/safetensors.ts';
import { detokenize, sourceToken, tokenize, UNKNOWN } from '../../../core/encoding/smiles-tokens.ts';
import { type Corpus, createCorpusWriter, decodeCorpus, encodeCorpus } from '../../../models/pretraining/packed.ts';
import { librarySmiles, smallCorpus } from '../../support/small-corpus.ts';

const facts = { split: 'train' as const, seed: 7, validationShare: 0.1, inputs: [] };
const molecule = fc.record({
  source: fc.constantFrom('moses' as const, 'aid1706' as const),
  ids: fc.array(fc.integer({ min: 4, max: 207 }), { maxLength: 12 }).map((ids) => Uint16Array.from(ids)),
});

describe('packed tokens', () => {
  test('hold every molecule in its order, whatever their number', () => {
    fc.assert(
      fc.property(fc.array(molecule, { maxLength: 40 }), (molecules) => {
        const writer = createCorpusWriter();
        for (const { source, ids } of molecules) writer.add(source, ids, 0);
        const { header, tokens, starts } = decodeCorpus(encodeCorpus(writer.finish(facts)));
        expect(header.sequences).toBe(molecules.length);
        expect(header.longest).toBe(molecules.reduce((most, { ids }) => Math.max(most, ids.length + 2), 0));
        for (const [s, { source, ids }] of molecules.entries())
          expect([...tokens.subarray(starts[s], starts[s + 1])]).toEqual([sourceToken(source), ...ids, 0]);
      }),
    );
  });

  test('grow past their first size', () => {
    const writer = createCorpusWriter();
    const ids = Uint16Array.from({ length: 30 }, (_, i) => 4 + i);
    for (let i = 0; i < 5000; i++) writer.add('moses', ids, 1);
    const { header, tokens } = writer.finish(facts);
    expect(header).toMatchObject({
      sequences: 5000,
      tokens: 160_000,
      longest: 32,
      unknown: 5000,
      sources: { moses: 5000, aid1706: 0 },
    });
    expect(tokens.length).toBe(160_000);
  });

  test('give the molecules back as text', () => {
    const { tokens, starts } = smallCorpus('train', 0, 200);
    expect(librarySmiles.slice(0, 200).map((_, s) => detokenize(tokens.subarray(starts[s], starts[s + 1])))).toEqual(
      librarySmiles.slice(0, 200),
    );
  });

  test('are refused with what is wrong with them', () => {
    const good = () => smallCorpus('train', 0, 3);
    const spoilt = (change: (corpus: Corpus) => void) => () => {
      const corpus = good();
      change(corpus);
      return decodeCorpus(encodeCorpus(corpus));
    };
    const second = good().starts[1]!;
    expect(spoilt(({ tokens }) => tokens.fill(300, 1, 2))).toThrow('sequence 0: id 300 inside it');
    expect(spoilt(({ tokens }) => tokens.fill(0, 1, 2))).toThrow('sequence 0: id 0 inside it');
    expect(spoilt(({ tokens }) => tokens.fill(5, second, second + 1))).toThrow('sequence 1 from');
    expect(spoilt(({ starts }) => starts.fill(0, 1, 2))).toThrow('a source in front and END behind wanted');
    expect(spoilt(({ starts }) => starts.fill(1, 0, 1))).toThrow('starts from 0 to');
    expect(spoilt((corpus) => Object.assign(corpus, { tokens: corpus.tokens.slice(1) }))).toThrow('values u16 wanted');
    expect(spoilt((corpus) => Object.assign(corpus, { starts: corpus.starts.slice(1) }))).toThrow('values u32 wanted');
    expect(spoilt(({ header }) => Object.assign(header.vocabulary, { hash: 'other' }))).toThrow('vocabulary smiles-tokens/1');
    const { tensors } = decodeSafetensors(encodeCorpus(good()));
    expect(() => decodeCorpus(encodeSafetensors({ metadata: {}, tensors }))).toThrow('the metadata field corpus wanted');
    expect(() => decodeCorpus(encodeSafetensors({ metadata: { corpus: '{}' }, tensors }))).toThrow('header: schema');
  });

  test('say how many of their tokens are unknown', () => {
    const writer = createCorpusWriter();
    const { ids, unknown } = tokenize('C[99Tc]C');
    writer.add('aid1706', ids, unknown.length);
    const corpus = decodeCorpus(encodeCorpus(writer.finish(facts)));
    expect(corpus.header.unknown).toBe(1);
    expect(corpus.tokens.filter((id) => id === UNKNOWN).length).toBe(1);
  });
});
