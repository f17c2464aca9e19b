/** SMILES as token ids and back, and sequences of ids laid end to end as the transformer reads them. */
import { duplicateKey } from '../molecule/standardise.ts';
import { type Source, smilesVocabulary, sources } from './smiles-vocabulary.ts';

/** Ends every sequence. */
export const END = 0;
/** Stands for what the vocabulary does not have. */
export const UNKNOWN = 1;

const { tokens, version } = smilesVocabulary;
const firstSource = 2;
const firstAtom = firstSource + sources.length;
const idOf = new Map(tokens.slice(firstAtom).map((token, i) => [token, firstAtom + i]));

/**
 * What must agree wherever ids are read: the list's version, length and hash (64 bits over version and tokens, as 16 hex digits; it tells lists
 * apart, and is no defence against a forger).
 */
export const vocabularyFacts = {
  version,
  size: tokens.length,
  hash: duplicateKey(JSON.stringify([version, tokens])),
} as const;

/** A bracket atom, a ring number of two digits, a dative bond, an atom of two letters, or any one character; the pieces join to the text. */
const pieces = /\[[^\]]*\]|%\d\d|->|<-|Cl|Br|[\s\S]/g;

export interface Tokens {
  /** [n] one id a token, neither source nor end among them. */
  readonly ids: Uint16Array;
  /** What became UNKNOWN, as written, in order. Parts of a structure: for counting, not for a log. */
  readonly unknown: readonly string[];
}

/** Ids of a SMILES text. Reads any text; what is not in the vocabulary becomes UNKNOWN and is named. */
export function tokenize(smiles: string): Tokens {
  const found = smiles.match(pieces) ?? [];
  const ids = new Uint16Array(found.length);
  const unknown: string[] = [];
  for (let i = 0; i < found.length; i++) {
    const id = idOf.get(found[i]!);
    if (id === undefined) unknown.push(found[i]!);
    ids[i] = id ?? UNKNOWN;
  }
  return { ids, unknown };
}

/**
 * The text of a sequence: a source at its start says nothing, the first END ends it, UNKNOWN is written `?`, which no SMILES parser accepts.
 *
 * throws  RangeError for an id that is not in the vocabulary, and for a source token after the start
 */
export function detokenize(ids: Uint16Array | readonly number[]): string {
  let text = '';
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i]!;
    if (id === END) break;
    if (id >= tokens.length) throw new RangeError(`token ${i}: an id below ${tokens.length} wanted, ${id} found`);
    if (id >= firstSource && id < firstAtom) {
      if (i > 0) throw new RangeError(`token ${i}: an atom or a bond wanted, a source found`);
      continue;
    }
    text += tokens[id]!;
  }
  return text;
}

/** Id of the token that starts the sequences of a corpus. */
export function sourceToken(source: Source): number {
  return firstSource + sources.indexOf(source);
}

/** [source, atoms …, END] of tokens that `tokenize` gave: n + 2 ids. */
export function sequenceOf(source: Source, ids: Uint16Array): Uint16Array {
  const sequence = new Uint16Array(ids.length + 2);
  sequence[0] = sourceToken(source);
  sequence.set(ids, 1);
  sequence[ids.length + 1] = END;
  return sequence;
}

/** S sequences without padding: all inputs lie end to end, R rows. */
export interface PackedSequences {
  /** [R] every token of a sequence but its last. */
  tokens: Uint16Array;
  /** [R] the token that follows each of them. */
  targets: Uint16Array;
  /** [S + 1] row where each sequence starts, then R. */
  starts: Uint32Array;
}

/**
 * Packs sequences of two ids or more, a source in front and END behind.
 *
 * throws  RangeError for a shorter one
 */
export function packSequences(sequences: readonly Uint16Array[]): PackedSequences {
  const starts = new Uint32Array(sequences.length + 1);
  sequences.forEach((sequence, s) => {
    if (sequence.length < 2) throw new RangeError(`sequence ${s}: two ids or more wanted, ${sequence.length} found`);
    starts[s + 1] = starts[s]! + sequence.length - 1;
  });
  const rows = starts[sequences.length]!;
  const packed: PackedSequences = { tokens: new Uint16Array(rows), targets: new Uint16Array(rows), starts };
  sequences.forEach((sequence, s) => {
    packed.tokens.set(sequence.subarray(0, -1), starts[s]!);
    packed.targets.set(sequence.subarray(1), starts[s]!);
  });
  return packed;
}
