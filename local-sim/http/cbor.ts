/** CBOR (RFC 8949) as far as the Smithy RPC v2 protocol needs it: maps with text keys, arrays, text, bytes, numbers, booleans, null and timestamps. */

/** A point in time, tag 1 on the wire. */
export class CborTime {
  readonly epochSeconds: number;
  constructor(epochSeconds: number) {
    this.epochSeconds = epochSeconds;
  }
}

const MAX_DEPTH = 64;

export function encodeCbor(value: unknown): Buffer {
  const out: Buffer[] = [];
  write(value, out);
  return Buffer.concat(out);
}

function head(major: number, size: number, out: Buffer[]): void {
  const top = major << 5;
  if (size < 24) out.push(Buffer.from([top | size]));
  else if (size < 0x100) out.push(Buffer.from([top | 24, size]));
  else if (size < 0x10000) out.push(Buffer.from([top | 25, size >> 8, size & 255]));
  else if (size < 0x100000000) {
    const bytes = Buffer.alloc(5);
    bytes[0] = top | 26;
    bytes.writeUInt32BE(size, 1);
    out.push(bytes);
  } else {
    const bytes = Buffer.alloc(9);
    bytes[0] = top | 27;
    bytes.writeBigUInt64BE(BigInt(size), 1);
    out.push(bytes);
  }
}

function write(value: unknown, out: Buffer[]): void {
  if (value === null || value === undefined) out.push(Buffer.from([0xf6]));
  else if (typeof value === 'boolean') out.push(Buffer.from([value ? 0xf5 : 0xf4]));
  else if (typeof value === 'number') {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) value >= 0 ? head(0, value, out) : head(1, -1 - value, out);
    else {
      const bytes = Buffer.alloc(9);
      bytes[0] = 0xfb;
      bytes.writeDoubleBE(value, 1);
      out.push(bytes);
    }
  } else if (typeof value === 'string') {
    const bytes = Buffer.from(value, 'utf8');
    head(3, bytes.length, out);
    out.push(bytes);
  } else if (value instanceof Uint8Array) {
    head(2, value.length, out);
    out.push(Buffer.from(value));
  } else if (value instanceof CborTime) {
    out.push(Buffer.from([0xc1]));
    write(value.epochSeconds, out);
  } else if (Array.isArray(value)) {
    head(4, value.length, out);
    for (const item of value) write(item, out);
  } else if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    head(5, entries.length, out);
    for (const [key, v] of entries) {
      write(key, out);
      write(v, out);
    }
  } else throw new TypeError(`CBOR cannot carry a ${typeof value}`);
}

/** Decodes one item that fills `bytes`; times become CborTime, other tags are refused. */
export function decodeCbor(bytes: Uint8Array): unknown {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const take = (count: number): Buffer => {
    if (at + count > buffer.length) throw new RangeError(`CBOR ends at byte ${buffer.length}, wanted ${at + count}`);
    at += count;
    return buffer.subarray(at - count, at);
  };
  const length = (info: number): number => {
    if (info < 24) return info;
    if (info === 24) return take(1)[0]!;
    if (info === 25) return take(2).readUInt16BE();
    if (info === 26) return take(4).readUInt32BE();
    if (info === 27) return Number(take(8).readBigUInt64BE());
    throw new RangeError(`CBOR length code ${info} is not supported here`);
  };
  const isBreak = (): boolean => {
    if (buffer[at] !== 0xff) return false;
    at++;
    return true;
  };
  const item = (depth: number): unknown => {
    if (depth > MAX_DEPTH) throw new RangeError(`CBOR is nested deeper than ${MAX_DEPTH}`);
    const first = take(1)[0]!;
    const major = first >> 5;
    const info = first & 31;
    const open = info === 31;
    switch (major) {
      case 0:
        return length(info);
      case 1:
        return -1 - length(info);
      case 2:
      case 3: {
        if (!open) return major === 2 ? Buffer.from(take(length(info))) : take(length(info)).toString('utf8');
        const pieces: Buffer[] = [];
        while (!isBreak()) {
          const piece = item(depth + 1);
          if (typeof piece !== (major === 2 ? 'object' : 'string') || (major === 2 && !Buffer.isBuffer(piece))) {
            throw new RangeError('CBOR text and bytes of open length hold pieces of their own kind only');
          }
          pieces.push(Buffer.from(piece as Buffer | string));
        }
        return major === 2 ? Buffer.concat(pieces) : Buffer.concat(pieces).toString('utf8');
      }
      case 4: {
        const list: unknown[] = [];
        if (open) while (!isBreak()) list.push(item(depth + 1));
        else for (let n = length(info); n > 0; n--) list.push(item(depth + 1));
        return list;
      }
      case 5: {
        const map: [string, unknown][] = [];
        if (open) while (!isBreak()) map.push([String(item(depth + 1)), item(depth + 1)]);
        else for (let n = length(info); n > 0; n--) map.push([String(item(depth + 1)), item(depth + 1)]);
        return Object.fromEntries(map);
      }
      case 6: {
        const tag = length(info);
        if (tag !== 1) throw new RangeError(`CBOR tag ${tag} is not supported here`);
        return new CborTime(Number(item(depth + 1)));
      }
      default:
        if (info === 20 || info === 21) return info === 21;
        if (info === 22 || info === 23) return null;
        if (info === 25) return halfFloat(take(2).readUInt16BE());
        if (info === 26) return take(4).readFloatBE();
        if (info === 27) return take(8).readDoubleBE();
        throw new RangeError(`CBOR simple value ${info} is not supported here`);
    }
  };
  const value = item(0);
  if (at !== buffer.length) throw new RangeError(`CBOR item ends at byte ${at} of ${buffer.length}`);
  return value;
}

function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
