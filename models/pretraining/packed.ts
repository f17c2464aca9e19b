/**
 * Token sequences as one file (`pretraining-corpus/1`): a safetensors file of `tokens` u16 [T], every sequence [source, atoms …, END] end to end,
 * and `starts` u32 [N + 1], where each begins, then T. The metadata field `corpus` is the header below as JSON.
 */
import { z } from 'zod';
import { decodeSafetensors, encodeSafetensors } from '../../core/contracts/safetensors.ts';
import { END, sequenceOf, vocabularyFacts } from '../../core/encoding/smiles-tokens.ts';
import { type Source, sources } from '../../core/encoding/smiles-vocabulary.ts';

const Count = z.int().min(0);

export const VocabularyFacts = z.strictObject({ version: z.string(), size: Count, hash: z.string() });
export const InputFile = z.strictObject({ name: z.string(), bytes: Count, sha256: z.string() });

export const CorpusHeader = z.strictObject({
  schema: z.literal('pretraining-corpus/1'),
  split: z.enum(['train', 'validation']),
  seed: z.int(),
  /** Share of the compounds, stereo aside, that went to validation. */
  validationShare: z.number().min(0).max(1),
  vocabulary: VocabularyFacts,
  inputs: z.array(InputFile),
  sequences: Count,
  /** Sources and ends included. */
  tokens: Count,
  /** Tokens of the longest sequence. */
  longest: Count,
  /** How many tokens are UNKNOWN. */
  unknown: Count,
  /** Sequences of each source. */
  sources: z.record(z.enum(sources), Count),
});
export type CorpusHeader = z.infer<typeof CorpusHeader>;

export interface Corpus {
  header: CorpusHeader;
  /** [T] */
  tokens: Uint16Array;
  /** [N + 1] */
  starts: Uint32Array;
}

export interface CorpusWriter {
  /** Appends one molecule; `unknown` of its ids are UNKNOWN. */
  add(source: Source, ids: Uint16Array, unknown: number): void;
  /** The whole; `facts` are those that the tokens do not tell. */
  finish(facts: Pick<CorpusHeader, 'split' | 'seed' | 'validationShare' | 'inputs'>): Corpus;
}

/** Arrays that double when they are full, so that adding costs the same throughout. */
export function createCorpusWriter(): CorpusWriter {
  let tokens = new Uint16Array(1 << 16);
  let starts = new Uint32Array(1 << 12);
  let sequences = 0;
  let longest = 0;
  let unknown = 0;
  const bySource = Object.fromEntries(sources.map((source) => [source, 0])) as Record<Source, number>;
  return {
    add(source, ids, unknownIds) {
      const sequence = sequenceOf(source, ids);
      const begin = starts[sequences]!;
      const end = begin + sequence.length;
      if (end > tokens.length) {
        const wider = new Uint16Array(2 * Math.max(tokens.length, end));
        wider.set(tokens);
        tokens = wider;
      }
      if (sequences + 2 > starts.length) {
        const wider = new Uint32Array(2 * starts.length);
        wider.set(starts);
        starts = wider;
      }
      tokens.set(sequence, begin);
      starts[++sequences] = end;
      longest = Math.max(longest, sequence.length);
      unknown += unknownIds;
      bySource[source]++;
    },
    finish: (facts) => ({
      header: {
        schema: 'pretraining-corpus/1',
        ...facts,
        vocabulary: { ...vocabularyFacts },
        sequences,
        tokens: starts[sequences]!,
        longest,
        unknown,
        sources: { ...bySource },
      },
      tokens: tokens.slice(0, starts[sequences]),
      starts: starts.slice(0, sequences + 1),
    }),
  };
}

export function encodeCorpus({ header, tokens, starts }: Corpus): Uint8Array<ArrayBuffer> {
  return encodeSafetensors({
    metadata: { corpus: JSON.stringify(CorpusHeader.parse(header)) },
    tensors: { tokens: { shape: [tokens.length], data: tokens }, starts: { shape: [starts.length], data: starts } },
  });
}

/**
 * Reads and checks a file.
 *
 * throws  RangeError that names what is out of place: another vocabulary, counts that differ from the header, a sequence without its source or END
 */
export function decodeCorpus(bytes: Uint8Array): Corpus {
  const { metadata, tensors } = decodeSafetensors(bytes);
  if (metadata['corpus'] === undefined) throw new RangeError('packed tokens: the metadata field corpus wanted, none found');
  const parsed = CorpusHeader.safeParse(JSON.parse(metadata['corpus']));
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    throw new RangeError(`packed tokens: header: ${issue.path.join('.')}: ${issue.message}`);
  }
  const header = parsed.data;
  if (header.vocabulary.hash !== vocabularyFacts.hash)
    throw new RangeError(
      `packed tokens: vocabulary ${vocabularyFacts.version} (${vocabularyFacts.hash}) wanted, ${header.vocabulary.version} (${header.vocabulary.hash}) found`,
    );
  const tokens = tensors['tokens']?.data;
  const starts = tensors['starts']?.data;
  if (!(tokens instanceof Uint16Array) || tokens.length !== header.tokens)
    throw new RangeError(`packed tokens: tokens as ${header.tokens} values u16 wanted, ${tokens?.length ?? 'none'} found`);
  if (!(starts instanceof Uint32Array) || starts.length !== header.sequences + 1)
    throw new RangeError(`packed tokens: starts as ${header.sequences + 1} values u32 wanted, ${starts?.length ?? 'none'} found`);
  checkSequences(tokens, starts);
  return { header, tokens, starts };
}

const firstAtom = 2 + sources.length;

/** Every sequence is one source, ids of atoms or UNKNOWN, and one END. */
function checkSequences(tokens: Uint16Array, starts: Uint32Array): void {
  if (starts[0] !== 0 || starts.at(-1) !== tokens.length)
    throw new RangeError(`packed tokens: starts from 0 to ${tokens.length} wanted, ${starts[0]} to ${starts.at(-1)} found`);
  for (let s = 0; s + 1 < starts.length; s++) {
    const begin = starts[s]!;
    const last = starts[s + 1]! - 1;
    const isSource = tokens[begin]! >= 2 && tokens[begin]! < firstAtom;
    if (last <= begin || !isSource || tokens[last] !== END)
      throw new RangeError(`packed tokens: sequence ${s} from ${begin} to ${last}: a source in front and END behind wanted`);
    for (let t = begin + 1; t < last; t++) {
      const id = tokens[t]!;
      if (id === END || (id >= 2 && id < firstAtom) || id >= vocabularyFacts.size)
        throw new RangeError(`packed tokens: sequence ${s}: id ${id} inside it`);
    }
  }
}
