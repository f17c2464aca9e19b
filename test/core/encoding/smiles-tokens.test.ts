import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  detokenize,
  END,
  packSequences,
  sequenceOf,
  sourceToken,
  tokenize,
  UNKNOWN,
  vocabularyFacts,
} from '../../../core/encoding/smiles-tokens.ts';
import { smilesVocabulary, sources } from '../../../core/encoding/smiles-vocabulary.ts';
import { nodeChemistry } from '../../support/chemistry.ts';
import { readable } from '../molecule/golden.ts';

const chemistry = nodeChemistry();
const firstAtom = 2 + sources.length;

/** Random text of the tokens, which is a molecule now and then, and a text of atoms and branches, which often is one. */
const tokenText = fc
  .array(fc.constantFrom(...smilesVocabulary.tokens.slice(firstAtom)), { maxLength: 30 })
  .map((list) => list.join(''));
const bracketAtoms = smilesVocabulary.tokens.filter((token) => token.startsWith('['));
const atom = fc.constantFrom(
  'C',
  'N',
  'O',
  'S',
  'P',
  'c1ccccc1',
  'c1cc[nH]c1',
  'C(F)(Cl)',
  'C(=O)',
  'S(=O)(=O)',
  ...bracketAtoms,
);
const chain = fc.array(fc.tuple(atom, fc.constantFrom('', '', '=', '/', '\\', '.', '(O)')), { minLength: 1, maxLength: 12 });
const chainText = chain.map((links) => links.map(([a, b]) => a + b).join(''));

describe('the vocabulary of SMILES', () => {
  test('has not changed under its version', () => {
    // Weights and packed tokens are read by these ids: a changed list is a new version, with its own line here.
    expect(vocabularyFacts).toEqual({ version: 'smiles-tokens/1', size: 208, hash: 'ba1d669b6db81568' });
  });

  test('names each token once, and each is one piece of text', () => {
    expect(new Set(smilesVocabulary.tokens).size).toBe(smilesVocabulary.tokens.length);
    for (const [i, token] of smilesVocabulary.tokens.entries())
      if (i >= firstAtom) expect([...tokenize(token).ids], token).toEqual([i]);
  });

  test('starts with end, unknown and a token for each source', () => {
    expect([END, UNKNOWN, sourceToken('moses'), sourceToken('aid1706')]).toEqual([0, 1, 2, 3]);
  });

  test('holds every token of the shipped library and assay in standard form', () => {
    const library = gunzipSync(readFileSync('examples/bace/libraries/bace-screen.csv.gz')).toString().trim().split('\n').slice(1);
    expect(library.flatMap((line) => tokenize(line.split(',')[1]!).unknown)).toEqual([]);
  });
});

describe('tokenize and detokenize', () => {
  test('give every text of tokens back', () => {
    fc.assert(
      fc.property(tokenText, (text) => {
        const { ids, unknown } = tokenize(text);
        expect(unknown).toEqual([]);
        expect(detokenize(ids)).toBe(text);
      }),
    );
  });

  test('give back every canonical SMILES of RDKit that holds no unknown token', async () => {
    let kept = 0;
    await fc.assert(
      fc.asyncProperty(chainText, async (text) => {
        const canonical = await chemistry.withSmiles(text, (molecule) => molecule.get_smiles());
        fc.pre(canonical.ok);
        const { ids, unknown } = tokenize(canonical.value);
        if (unknown.length === 0) kept++;
        expect(detokenize(ids)).toBe(unknown.reduce((text, token) => text.replace(token, '?'), canonical.value));
      }),
      { numRuns: 300 },
    );
    expect(kept).toBeGreaterThan(200);
  });

  test('give back the molecules of the golden file, whose odd tokens alone are unknown', () => {
    const unknown = new Set<string>();
    for (const { canonical } of readable) {
      const tokens = tokenize(canonical);
      if (tokens.unknown.length === 0) expect(detokenize(tokens.ids)).toBe(canonical);
      for (const token of tokens.unknown) unknown.add(token);
    }
    // Isotopes, atom maps and charges of metal complexes: no standard form has them.
    expect([...unknown].filter((token) => !/^\[(\d|.*:\d|[A-Z][a-z]?-?\d*\])/.test(token))).toEqual([]);
  });

  test('read any text, name what is unknown and lose nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), tokenText), fc.string(), (a, b) => {
        const { ids, unknown } = tokenize(a + b);
        let next = 0;
        const text = [...ids].map((id) => (id === UNKNOWN ? unknown[next++]! : smilesVocabulary.tokens[id]!)).join('');
        expect(text).toBe(a + b);
        expect(next).toBe(unknown.length);
      }),
    );
  });

  test('tell what is unknown in the words of the text', () => {
    const { ids, unknown } = tokenize('C[99Tc]C%21');
    expect(unknown).toEqual(['[99Tc]', '%21']);
    expect(detokenize(ids)).toBe('C?C?');
  });

  test('stop at the end and skip the source in front', () => {
    const { ids } = tokenize('CCO');
    expect(detokenize(sequenceOf('moses', ids))).toBe('CCO');
    expect(detokenize([...sequenceOf('aid1706', ids), ...ids])).toBe('CCO');
    expect(detokenize([])).toBe('');
  });

  test('refuse ids that say nothing', () => {
    expect(() => detokenize([4, 208])).toThrow('token 1: an id below 208 wanted, 208 found');
    expect(() => detokenize([2, 4, 3])).toThrow('token 2: an atom or a bond wanted, a source found');
  });
});

describe('packSequences', () => {
  const sequence = fc.uint16Array({ minLength: 2, maxLength: 9 });

  test('lays inputs end to end, each with the token that follows', () => {
    fc.assert(
      fc.property(fc.array(sequence, { maxLength: 6 }), (list) => {
        const { tokens, targets, starts } = packSequences(list);
        expect(starts.length).toBe(list.length + 1);
        expect(targets.length).toBe(tokens.length);
        for (const [s, whole] of list.entries()) {
          expect([...tokens.subarray(starts[s], starts[s + 1])]).toEqual([...whole.subarray(0, -1)]);
          expect([...targets.subarray(starts[s], starts[s + 1])]).toEqual([...whole.subarray(1)]);
        }
      }),
    );
  });

  test('refuses a sequence without an input', () => {
    expect(() => packSequences([Uint16Array.of(2, 0), Uint16Array.of(2)])).toThrow('sequence 1: two ids or more wanted, 1 found');
  });
});
