/** The functions a JSONata expression may call: those of JSONata without $eval, and those that Step Functions adds. */
import { createHash, randomUUID } from 'node:crypto';
import type jsonata from 'jsonata';

const STANDARD = `sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad match
  contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power random boolean
  not map zip filter single reduce sift keys lookup append exists spread merge reverse each error assert type sort shuffle distinct
  base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl toMillis fromMillis clone now millis`;

const ADDED = 'partition range hash uuid parse';

/** Names without the dollar sign. */
export const KNOWN_FUNCTIONS: ReadonlySet<string> = new Set(`${STANDARD} ${ADDED}`.split(/\s+/));

/** Names that JSONata has and Step Functions refuses, with what to use instead. */
export const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = { eval: 'use $parse to read JSON text' };

/** Most elements $range may return, as measured on AWS by others. */
export const RANGE_LIMIT = 360_145;

const HASHES: Readonly<Record<string, string>> = {
  MD5: 'md5',
  'SHA-1': 'sha1',
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
};

/** The name under which the time of an evaluation is bound; no expression can spell it. */
export const TIME_BINDING = '\u0000now';

function refuse(message: string): never {
  throw new Error(message);
}

/** A number in [0, 1) from a seed: one step of the mulberry32 generator over the seed's hash, so near seeds differ. */
export function seededUnit(seed: string | number): number {
  let state = createHash('sha256').update(String(seed)).digest().readUInt32LE(0);
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
}

/** Chunks of at most `size` elements; undefined, as on AWS, for an empty list or a size that rounds to 0. */
export function partition(list: unknown[] | undefined, size: number): unknown[][] | undefined {
  if (list === undefined || list.length === 0) return undefined;
  const step = Math.trunc(size);
  if (step === 0) return undefined;
  if (step < 0) refuse(`$partition wants a chunk size above 0, found ${size}`);
  const chunks: unknown[][] = [];
  for (let start = 0; start < list.length; start += step) chunks.push(list.slice(start, start + step));
  return chunks;
}

/**
 * From `start` to `end`, the end included where the step meets it; arguments are rounded towards zero. As on AWS a single
 * element comes without its list, and a missing step or one that leads away from the end gives undefined.
 */
export function range(start: number, end: number, step: number | undefined): number[] | number | undefined {
  if (step === undefined) return undefined;
  const [from, to, by] = [Math.trunc(start), Math.trunc(end), Math.trunc(step)];
  if (by === 0 || (to - from) * by < 0) return undefined;
  const length = Math.floor((to - from) / by) + 1;
  if (length > RANGE_LIMIT)
    refuse(`Expression evaluation memory limit exceeded: $range returns at most ${RANGE_LIMIT} elements, asked for ${length}`);
  return length === 1 ? from : Array.from({ length }, (_, i) => from + i * by);
}

/** Hexadecimal digest; undefined, as on AWS, where no algorithm is named. */
export function hash(text: string | undefined, algorithm: string | undefined): string | undefined {
  if (text === undefined || algorithm === undefined) return undefined;
  const name = Object.hasOwn(HASHES, algorithm) ? HASHES[algorithm] : undefined;
  if (name === undefined) refuse(`$hash knows ${Object.keys(HASHES).join(', ')}, found ${JSON.stringify(algorithm)}`);
  return createHash(name).update(text, 'utf8').digest('hex');
}

/** Where $random without a seed and $uuid take their bits from; given by tests that want the same run twice. */
export interface Entropy {
  unit(): number;
  uuid(): string;
}

export const systemEntropy: Entropy = {
  unit: () => globalThis.crypto.getRandomValues(new Uint32Array(1))[0]! / 4_294_967_296,
  uuid: () => randomUUID(),
};

export function registerFunctions(expression: jsonata.Expression, entropy: Entropy): void {
  // JSONata hands a function the frame of its call as `this`, from which the time of the evaluation is read.
  const timeOf = (focus: jsonata.Focus) => focus.environment.lookup(TIME_BINDING) as number;
  const fromMillis = (focus: jsonata.Focus) =>
    (focus.environment.lookup('fromMillis') as { implementation: (ms: number, picture?: string, zone?: string) => string })
      .implementation;
  expression.registerFunction(
    'now',
    function (picture?: string, zone?: string) {
      return fromMillis(this)(timeOf(this), picture, zone);
    },
    '<s?s?:s>',
  );
  expression.registerFunction(
    'millis',
    function () {
      return timeOf(this);
    },
    '<:n>',
  );
  expression.registerFunction('partition', partition, '<a-n:a<a>>');
  expression.registerFunction('range', range, '<nnn?:x>');
  expression.registerFunction('hash', hash, '<s-s?:s>');
  expression.registerFunction('random', (seed?: number) => (seed === undefined ? entropy.unit() : seededUnit(seed)), '<n?:n>');
  expression.registerFunction('uuid', () => entropy.uuid(), '<:s>');
  expression.registerFunction(
    'parse',
    (text: string | undefined) => {
      if (text === undefined) return undefined;
      try {
        return JSON.parse(text) as unknown;
      } catch (error) {
        return refuse(`$parse wants JSON text: ${(error as Error).message}`);
      }
    },
    '<s-:x>',
  );
}
