/** From standard forms to two packed corpora: who is held out, who came before, who validates; everything that goes is counted. */
import { tokenize } from '../../core/encoding/smiles-tokens.ts';
import type { Source } from '../../core/encoding/smiles-vocabulary.ts';
import { duplicateKey } from '../../core/molecule/standardise.ts';
import type { Form } from './form-line.ts';
import { type CorpusWriter, createCorpusWriter } from './packed.ts';

/** What became of the rows of one source; the parts add up to `rows`. */
export interface SourceCounts {
  rows: number;
  /** By the code of the rejection. */
  rejected: Record<string, number>;
  /** By the set that holds the compound. */
  heldOut: Record<string, number>;
  /** The same standard form as a row before, of this source or an earlier one. */
  repeated: number;
  train: number;
  validation: number;
}

export interface Gatherer {
  /** Names a compound that must not be read, whatever its stereo. False where its row has no standard form, so that it can be in no corpus either. */
  holdOut(set: string, form: Form): boolean;
  add(source: Source, form: Form): void;
  readonly counts: Readonly<Record<string, SourceCounts>>;
  /** Compounds of each set, stereo aside; one that is in two sets counts in the first. */
  readonly heldOut: Readonly<Record<string, number>>;
  /** Tokens that the vocabulary does not have, with their number. */
  readonly unknown: Readonly<Record<string, number>>;
  readonly train: CorpusWriter;
  readonly validation: CorpusWriter;
}

const count = (counts: Record<string, number>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1;
};

/**
 * Whether a compound validates is a matter of its form without stereo and the seed alone: stereoisomers stay on one side, and more rows move nobody.
 *
 * units  validationShare in [0, 1]
 */
export function createGatherer({ seed, validationShare }: { seed: number; validationShare: number }): Gatherer {
  const setOf = new Map<string, string>();
  const seen = new Set<string>();
  const counts: Record<string, SourceCounts> = {};
  const heldOut: Record<string, number> = {};
  const unknown: Record<string, number> = {};
  const train = createCorpusWriter();
  const validation = createCorpusWriter();
  return {
    counts,
    heldOut,
    unknown,
    train,
    validation,
    holdOut(set, form) {
      if (!form.ok) return false;
      if (!setOf.has(form.flat)) {
        setOf.set(form.flat, set);
        count(heldOut, set);
      }
      return true;
    },
    add(source, form) {
      counts[source] ??= { rows: 0, rejected: {}, heldOut: {}, repeated: 0, train: 0, validation: 0 };
      const own = counts[source];
      own.rows++;
      if (!form.ok) return count(own.rejected, form.code);
      const set = setOf.get(form.flat);
      if (set !== undefined) return count(own.heldOut, set);
      if (seen.has(form.smiles)) {
        own.repeated++;
        return;
      }
      seen.add(form.smiles);
      const tokens = tokenize(form.smiles);
      for (const token of tokens.unknown) count(unknown, token);
      const validates = drawOf(form.flat, seed) < validationShare;
      own[validates ? 'validation' : 'train']++;
      (validates ? validation : train).add(source, tokens.ids, tokens.unknown.length);
    },
  };
}

/** A number in [0, 1) that is fixed by text and seed. */
function drawOf(flat: string, seed: number): number {
  return Number.parseInt(duplicateKey(`${seed}:validation:${flat}`).slice(0, 12), 16) / 2 ** 48;
}
