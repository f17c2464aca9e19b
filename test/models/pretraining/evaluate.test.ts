import { describe, expect, test } from 'vitest';
import { tokenize, UNKNOWN, vocabularyFacts } from '../../../core/encoding/smiles-tokens.ts';
import { evaluate, judgeSamples, shareOf, textsOf } from '../../../models/pretraining/evaluate.ts';
import { BigramTrainer } from '../../support/bigram-engine.ts';
import { nodeChemistry } from '../../support/chemistry.ts';
import { librarySmiles, smallCorpus } from '../../support/small-corpus.ts';

const chemistry = nodeChemistry();
const sample = (smiles: string, ended = true) => ({ tokens: tokenize(smiles).ids, ended });

describe('judgeSamples', () => {
  test('counts what is valid, different and new, and says why the rest is not valid', async () => {
    const samples = [
      ...['CCO', 'OCC', 'C(C)O', 'c1ccccc1', 'CCN', 'C1CC', 'C(C)(C)(C)(C)C', ''].map((smiles) => sample(smiles)),
      sample('CCCC', false),
      { tokens: Uint16Array.of(UNKNOWN), ended: true },
    ];
    const facts = await judgeSamples('moses', samples, new Set(['CCO']), chemistry);
    expect(facts.ended).toMatchObject({ count: 9, of: 10 });
    expect(facts.valid).toMatchObject({ count: 5, of: 10, share: 0.5 });
    expect(facts.unique).toMatchObject({ count: 3, of: 5 });
    expect(facts.novel).toMatchObject({ count: 2, of: 3 });
    expect(facts.invalid).toEqual({ UNPARSABLE: 2, EMPTY: 1, NO_END: 1, UNKNOWN_TOKEN: 1 });
  });

  test('finds the molecules of the training set valid, and none of them new', async () => {
    const known = textsOf(smallCorpus('train', 0, 80));
    const facts = await judgeSamples(
      'aid1706',
      librarySmiles.slice(0, 80).map((smiles) => sample(smiles)),
      known,
      chemistry,
    );
    expect([facts.valid.share, facts.unique.share, facts.novel.count]).toEqual([1, 1, 0]);
  });
});

describe('evaluate', () => {
  test('draws the same molecules from the same seed, for each source', async () => {
    const trainer = new BigramTrainer({ vocabulary: vocabularyFacts.size, seed: 3, threads: 1, shape: { context: 20 } });
    const draw = (seed: number) => evaluate(trainer, new Set(), chemistry, { count: 20, temperature: 1, seed });
    const first = await draw(1);
    expect(first.map(({ source, samples }) => [source, samples])).toEqual([
      ['moses', 20],
      ['aid1706', 20],
    ]);
    expect(await draw(1)).toEqual(first);
    expect(await draw(2)).not.toEqual(first);
    expect(Object.keys(first[0]!.invalid)).not.toContain('UNKNOWN_TOKEN');
  });
});

describe('shareOf', () => {
  test('has the interval of Wilson', () => {
    // Newcombe 1998, Stat. Med. 17:857, table I: 81 of 263 and 0 of 20.
    const { share, low, high } = shareOf(81, 263);
    expect([share, low, high].map((value) => value!.toFixed(4))).toEqual(['0.3080', '0.2553', '0.3662']);
    expect([shareOf(0, 20).low, shareOf(0, 20).high!.toFixed(4)]).toEqual([0, '0.1611']);
    expect(shareOf(0, 0)).toEqual({ count: 0, of: 0, share: null, low: null, high: null });
  });
});
