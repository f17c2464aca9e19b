/** JSON values, and the one size limit that every payload of a state machine obeys. */

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** Largest input, output, task result or Assign, in bytes of UTF-8. */
export const PAYLOAD_LIMIT_BYTES = 262_144;
/** Largest total of all variables of an execution, in bytes of UTF-8. */
export const VARIABLES_LIMIT_BYTES = 10_485_760;

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Bytes of UTF-8; measured exactly only when the cheap bounds do not decide. */
export function exceedsBytes(text: string, limitBytes: number): boolean {
  if (text.length > limitBytes) return true;
  if (text.length * 3 <= limitBytes) return false;
  return Buffer.byteLength(text) > limitBytes;
}

export class NotJson extends Error {}

/**
 * Plain JSON from what JSONata or an SDK returned: fresh arrays without JSONata's hidden sequence marks, dates as ISO text,
 * bytes as UTF-8 text, undefined members dropped.
 * @throws NotJson for a function, a number that is not finite, or an undefined value at the top.
 */
export function toJson(value: unknown): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new NotJson(`a number that JSON cannot hold (${value})`);
      // JSON text has no -0, so neither has a value that may be read back from it.
      return value + 0;
    case 'bigint':
      return Number(value);
    case 'object':
      break;
    default:
      throw new NotJson(value === undefined ? 'nothing (undefined)' : `a ${typeof value}`);
  }
  if (value === null) return null;
  if (Array.isArray(value)) {
    const copy: Json[] = new Array(value.length);
    for (let i = 0; i < value.length; i++) copy[i] = value[i] === undefined ? null : toJson(value[i]);
    return copy;
  }
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
  const marks = value as { _jsonata_lambda?: boolean; _jsonata_function?: boolean };
  if (marks._jsonata_lambda || marks._jsonata_function) throw new NotJson('a function');
  const copy: JsonObject = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    // A key `__proto__` must become data, not the prototype.
    if (key === '__proto__')
      Object.defineProperty(copy, key, { value: toJson(member), enumerable: true, writable: true, configurable: true });
    else copy[key] = toJson(member);
  }
  return copy;
}
