/**
 * Reads the members of a request with the limits of the service's model. Each reader throws a ServiceError with the
 * service's own code for bad input (`ValidationException`, `ClientException`) that names the member, the wish and the find.
 */
import { ServiceError } from './service.ts';

export interface Length {
  min?: number;
  max?: number;
  pattern?: RegExp;
}

export interface Range {
  min?: number;
  max?: number;
}

export interface MemberReader {
  refuse(message: string): ServiceError;
  string(name: string, limits?: Length): string;
  optionalString(name: string, limits?: Length): string | undefined;
  integer(name: string, range?: Range): number;
  optionalInteger(name: string, range?: Range): number | undefined;
  oneOf<T extends string>(name: string, allowed: readonly T[]): T;
  optionalOneOf<T extends string>(name: string, allowed: readonly T[]): T | undefined;
  strings(name: string, range?: Range): string[];
  optionalStrings(name: string, range?: Range): string[] | undefined;
  /** A map of strings, as tags and parameters are; absent means empty. */
  stringMap(name: string, maxEntries?: number): Record<string, string>;
  /** A list of structures, each with its own reader; absent means empty. */
  structures(name: string, range?: Range): MemberReader[];
  /** A structure with its own reader. */
  optionalStructure(name: string): MemberReader | undefined;
  optionalBoolean(name: string): boolean | undefined;
  has(name: string): boolean;
  readonly raw: Readonly<Record<string, unknown>>;
}

/** `path` is the prefix of member names in messages, for structures within structures. */
export function readMembers(raw: Readonly<Record<string, unknown>>, code: string, path = ''): MemberReader {
  const refuse = (message: string) => new ServiceError(code, message, 400);
  const label = (name: string) => `'${path}${name}'`;
  const value = (name: string): unknown => (raw[name] === null ? undefined : raw[name]);
  const missing = (name: string) => refuse(`${label(name)} is required`);
  const within = (name: string, what: string, size: number, range: Range) => {
    if (range.min !== undefined && size < range.min)
      throw refuse(`${label(name)}: ${what} must be at least ${range.min}, found ${size}`);
    if (range.max !== undefined && size > range.max)
      throw refuse(`${label(name)}: ${what} must be at most ${range.max}, found ${size}`);
  };

  const reader: MemberReader = {
    raw,
    refuse,
    has: (name) => value(name) !== undefined,
    string(name, limits = {}) {
      const found = reader.optionalString(name, limits);
      if (found === undefined) throw missing(name);
      return found;
    },
    optionalString(name, limits = {}) {
      const found = value(name);
      if (found === undefined) return undefined;
      if (typeof found !== 'string') throw refuse(`${label(name)} must be a string, found ${describe(found)}`);
      within(name, 'length', found.length, limits);
      if (limits.pattern && !limits.pattern.test(found)) throw refuse(`${label(name)} must match ${limits.pattern.source}`);
      return found;
    },
    integer(name, range = {}) {
      const found = reader.optionalInteger(name, range);
      if (found === undefined) throw missing(name);
      return found;
    },
    optionalInteger(name, range = {}) {
      const found = value(name);
      if (found === undefined) return undefined;
      if (typeof found !== 'number' || !Number.isSafeInteger(found))
        throw refuse(`${label(name)} must be an integer, found ${describe(found)}`);
      within(name, 'value', found, range);
      return found;
    },
    oneOf(name, allowed) {
      const found = reader.optionalOneOf(name, allowed);
      if (found === undefined) throw missing(name);
      return found;
    },
    optionalOneOf<T extends string>(name: string, allowed: readonly T[]) {
      const found = reader.optionalString(name);
      if (found === undefined) return undefined;
      if (!allowed.includes(found as T))
        throw refuse(`${label(name)} must be one of ${allowed.join(', ')}, found ${describe(found)}`);
      return found as T;
    },
    strings(name, range = {}) {
      const found = reader.optionalStrings(name, range);
      if (found === undefined) throw missing(name);
      return found;
    },
    optionalStrings(name, range = {}) {
      const found = value(name);
      if (found === undefined) return undefined;
      if (!Array.isArray(found) || !found.every((entry) => typeof entry === 'string'))
        throw refuse(`${label(name)} must be a list of strings`);
      within(name, 'number of values', found.length, range);
      return found as string[];
    },
    stringMap(name, maxEntries = 50) {
      const found = value(name);
      if (found === undefined) return {};
      if (!isStructure(found) || !Object.values(found).every((entry) => typeof entry === 'string')) {
        throw refuse(`${label(name)} must be a map of strings`);
      }
      within(name, 'number of entries', Object.keys(found).length, { max: maxEntries });
      return found as Record<string, string>;
    },
    structures(name, range = {}) {
      const found = value(name) ?? [];
      if (!Array.isArray(found) || !found.every(isStructure)) throw refuse(`${label(name)} must be a list of structures`);
      within(name, 'number of entries', found.length, range);
      return found.map((entry, index) => readMembers(entry, code, `${path}${name}[${index}].`));
    },
    optionalStructure(name) {
      const found = value(name);
      if (found === undefined) return undefined;
      if (!isStructure(found)) throw refuse(`${label(name)} must be a structure, found ${describe(found)}`);
      return readMembers(found, code, `${path}${name}.`);
    },
    optionalBoolean(name) {
      const found = value(name);
      if (found === undefined) return undefined;
      if (typeof found !== 'boolean') throw refuse(`${label(name)} must be true or false, found ${describe(found)}`);
      return found;
    },
  };
  return reader;
}

function isStructure(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a structure';
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
