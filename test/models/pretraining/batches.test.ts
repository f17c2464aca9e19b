import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createBatches, fixedBatches, type Position } from '../../../models/pretraining/batches.ts';
import type { Batch } from '../../../models/pretraining/trainer.ts';
import { smallCorpus } from '../../support/small-corpus.ts';

const corpus = smallCorpus('train', 0, 150);

/** Sequences of a batch as text of their ids, the last target included. */
function sequencesOf({ tokens, targets, starts }: Batch): string[] {
  return Array.from(starts.subarray(1), (end, s) => [...tokens.subarray(starts[s], end), targets[end - 1]].join());
}
const all = Array.from({ length: 150 }, (_, s) => corpus.tokens.subarray(corpus.starts[s], corpus.starts[s + 1]).join());

function epochFrom(settings: { seed: number; size: number; context: number }, epoch: number): string[][] {
  const batches = createBatches(corpus, settings);
  const list: string[][] = [];
  for (let at: Position = { epoch, index: 0 }; at.epoch === epoch; ) {
    const { batch, next } = batches.at(at);
    list.push(sequencesOf(batch));
    at = next;
  }
  return list;
}

describe('createBatches', () => {
  const settings = fc.record({ seed: fc.nat(99), size: fc.integer({ min: 1, max: 200 }), context: fc.constant(128) });

  test('shows every sequence once an epoch', () => {
    fc.assert(
      fc.property(settings, fc.nat(5), (given, epoch) => {
        const list = epochFrom(given, epoch);
        expect(list.flat().sort()).toEqual([...all].sort());
        expect(list.length).toBe(createBatches(corpus, given).batches);
        expect(list.slice(0, -1).every((batch) => batch.length === given.size)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('has another order each epoch and for each seed', () => {
    const order = (seed: number, epoch: number) => epochFrom({ seed, size: 150, context: 128 }, epoch)[0];
    expect(order(1, 0)).not.toEqual(all);
    expect(order(1, 1)).not.toEqual(order(1, 0));
    expect(order(2, 0)).not.toEqual(order(1, 0));
  });

  test('goes on from any position as if it had never stopped', () => {
    const walk = (from: Position, steps: number): { batch: string[]; next: Position }[] => {
      const batches = createBatches(corpus, { seed: 4, size: 32, context: 128 });
      const list: { batch: string[]; next: Position }[] = [];
      for (let at = from; list.length < steps; at = list.at(-1)!.next) {
        const { batch, next } = batches.at(at);
        list.push({ batch: sequencesOf(batch), next });
      }
      return list;
    };
    const whole = walk({ epoch: 0, index: 0 }, 12);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), (cut) => {
        expect(walk(whole[cut - 1]!.next, 12 - cut)).toEqual(whole.slice(cut));
      }),
    );
  });

  test('leaves out what is longer than the context, and says how many', () => {
    const short = all.filter((ids) => ids.split(',').length - 1 <= 40);
    const batches = createBatches(corpus, { seed: 1, size: 64, context: 40 });
    expect([batches.sequences, batches.leftOut]).toEqual([short.length, 150 - short.length]);
    expect(epochFrom({ seed: 1, size: 64, context: 40 }, 0).flat().sort()).toEqual(short.sort());
    expect(() => createBatches(corpus, { seed: 1, size: 64, context: 3 })).toThrow(
      'sequences of at most 3 inputs wanted, none found',
    );
  });

  test('refuses a position outside the epoch', () => {
    const batches = createBatches(corpus, { seed: 1, size: 64, context: 128 });
    expect(() => batches.at({ epoch: 0, index: 150 })).toThrow('a sequence from 0 to 149 wanted, 150 found');
  });
});

describe('fixedBatches', () => {
  test('takes the same sequences each time, none twice and no more than asked for', () => {
    const settings = { seed: 1, size: 32, context: 128 };
    const list = fixedBatches(corpus, settings, 100).flatMap(sequencesOf);
    expect(list.length).toBe(96);
    expect(new Set(list).size).toBe(96);
    expect(fixedBatches(corpus, settings, 100).flatMap(sequencesOf)).toEqual(list);
    expect(fixedBatches(corpus, settings, 4096).flatMap(sequencesOf).sort()).toEqual([...all].sort());
    expect(() => fixedBatches(corpus, settings, 20)).toThrow('32 sequences or more wanted, 20 asked for');
  });
});
