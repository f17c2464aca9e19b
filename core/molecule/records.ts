import { InvalidLibrary } from '../contracts/errors.ts';

/** Compound files that can be read; `csv` stands for any delimited table with a header. */
export type LibraryFormat = 'smi' | 'csv' | 'sdf';

/** Bytes of one record with its line end. The bytes are a view that the next push may overwrite. */
export interface FileRecord {
  readonly bytes: Uint8Array;
  /** Set when the record is damaged beyond reading; `bytes` then holds at most its beginning. */
  readonly damage?: 'TOO_LONG' | 'UNCLOSED_QUOTE';
}

/** Longest record in bytes. A line of a table is rarely above 10 kB; the limit keeps memory flat whatever the file holds. */
export const MAX_RECORD_BYTES: Readonly<Record<LibraryFormat, number>> = { smi: 262_144, csv: 262_144, sdf: 4_194_304 };

export interface RecordSplitter {
  push(chunk: Uint8Array): FileRecord[];
  end(): FileRecord[];
  /** Delimiter of a table, known after its first record. */
  delimiter(): string;
}

const MOST_OPEN_QUOTES = 100;

const LF = 10;
const CR = 13;
const QUOTE = 34;
const DOLLAR = 36;

/**
 * Cuts a compound file into records without understanding them: lines for `smi`, lines outside quotes for `csv`, `$$$$` for `sdf`. Line ends are LF,
 * CRLF or CR. Holds one unfinished record and the current chunk, nothing else. A quote that never closes costs its own line, not the file.
 *
 * throws InvalidLibrary for text that is none: gzip inside gzip, office documents, NUL bytes
 */
export function createRecordSplitter(format: LibraryFormat): RecordSplitter {
  const normaliser = createTextNormaliser();
  const limit = MAX_RECORD_BYTES[format];
  let buffer: Uint8Array = new Uint8Array(0);
  let skipping = false;
  let delimiter = 0;
  let openQuotes = 0;

  /** Index after the record that starts at `start`, -1 when it does not end within the buffer, -2 when it ends inside an open quote. */
  const findEnd = (start: number, last: boolean): number => {
    if (format === 'sdf') return findSdfEnd(buffer, start, last);
    let quoted = false;
    let fieldStart = format === 'csv';
    for (let i = start; i < buffer.length; i++) {
      const byte = buffer[i]!;
      if (quoted) {
        if (byte === QUOTE) {
          if (buffer[i + 1] === QUOTE) i++;
          else if (i + 1 === buffer.length && !last) return -1;
          else quoted = false;
        }
        continue;
      }
      if (byte === LF) return i + 1;
      if (byte === CR) {
        if (i + 1 === buffer.length && !last) return -1;
        return buffer[i + 1] === LF ? i + 2 : i + 1;
      }
      if (fieldStart && byte === QUOTE) quoted = true;
      fieldStart = format === 'csv' && byte === delimiter;
    }
    return quoted && (last || buffer.length - start > limit) ? -2 : -1;
  };
  /** End of the plain line at `start`, quotes ignored. */
  const lineEnd = (start: number): number => {
    for (let i = start; i < buffer.length; i++)
      if (buffer[i] === LF || buffer[i] === CR) return buffer[i + 1] === LF ? i + 2 : i + 1;
    return buffer.length;
  };

  function drain(last: boolean): FileRecord[] {
    const records: FileRecord[] = [];
    let start = 0;
    if (format === 'csv' && delimiter === 0) {
      // The delimiter must be known before quotes can be told from inch marks; it is read off the first complete line.
      const firstEnd = lineEnd(0);
      if (firstEnd === buffer.length && !last && buffer.length <= limit) return records;
      delimiter = commonestDelimiter(buffer.subarray(0, firstEnd));
    }
    while (start < buffer.length) {
      const end = findEnd(start, last);
      if (end > 0) {
        if (skipping) {
          skipping = false;
        } else {
          const tooLong = end - start > limit;
          records.push(
            tooLong ? { bytes: buffer.subarray(start, start + 256), damage: 'TOO_LONG' } : { bytes: buffer.subarray(start, end) },
          );
        }
        start = end;
        continue;
      }
      if (end === -2) {
        // Each open quote costs a look through a whole buffer, so a file full of them is refused rather than read.
        if (++openQuotes > MOST_OPEN_QUOTES) {
          throw new InvalidLibrary(`wanted quoted fields that close, found more than ${MOST_OPEN_QUOTES} quotes that stay open`);
        }
        const stop = lineEnd(start);
        records.push({ bytes: buffer.subarray(start, Math.min(stop, start + 256)), damage: 'UNCLOSED_QUOTE' });
        start = stop;
        continue;
      }
      if (last) {
        if (!skipping) records.push({ bytes: buffer.subarray(start) });
        start = buffer.length;
      } else if (skipping) {
        // Keep a few bytes, since an end mark may be cut in two.
        start = Math.max(start, buffer.length - 8);
        break;
      } else if (buffer.length - start > limit) {
        records.push({ bytes: buffer.subarray(start, start + 256), damage: 'TOO_LONG' });
        skipping = true;
      } else {
        break;
      }
    }
    buffer = buffer.subarray(start);
    return records;
  }
  const append = (chunk: Uint8Array): void => {
    if (buffer.length === 0) {
      buffer = chunk;
      return;
    }
    const joined = new Uint8Array(buffer.length + chunk.length);
    joined.set(buffer);
    joined.set(chunk, buffer.length);
    buffer = joined;
  };

  return {
    push(chunk) {
      append(normaliser.push(chunk));
      return drain(false);
    },
    end() {
      append(normaliser.end());
      return drain(true);
    },
    delimiter: () => String.fromCharCode(delimiter === 0 ? 44 : delimiter),
  };
}

function findSdfEnd(buffer: Uint8Array, start: number, last: boolean): number {
  for (let i = buffer.indexOf(DOLLAR, start); i >= 0; i = buffer.indexOf(DOLLAR, i + 1)) {
    const atLineStart = i === start || buffer[i - 1] === LF || buffer[i - 1] === CR;
    if (!atLineStart || buffer[i + 1] !== DOLLAR || buffer[i + 2] !== DOLLAR || buffer[i + 3] !== DOLLAR) continue;
    let end = i + 4;
    while (end < buffer.length && buffer[end] !== LF && buffer[end] !== CR) end++;
    if (end >= buffer.length) return last ? end : -1;
    if (buffer[end] === CR) {
      if (end + 1 === buffer.length && !last) return -1;
      if (buffer[end + 1] === LF) end++;
    }
    return end + 1;
  }
  return -1;
}

function commonestDelimiter(line: Uint8Array): number {
  let best = 44;
  let most = 0;
  for (const candidate of [44, 9, 59, 124]) {
    let count = 0;
    let quoted = false;
    for (const byte of line) {
      if (byte === QUOTE) quoted = !quoted;
      else if (byte === candidate && !quoted) count++;
    }
    if (count > most) {
      most = count;
      best = candidate;
    }
  }
  return best;
}

/** Turns the bytes of a text file into UTF-8 or an 8-bit code without byte order mark; UTF-16 is transcoded. */
export function createTextNormaliser(): { push(chunk: Uint8Array): Uint8Array; end(): Uint8Array } {
  let start: Uint8Array = new Uint8Array(0);
  let decided = false;
  let utf16: TextDecoder | undefined;
  const encoder = new TextEncoder();

  const decide = (): Uint8Array => {
    decided = true;
    const [a, b, c, d] = start;
    if (a === 0x1f && b === 0x8b)
      throw new InvalidLibrary('wanted text, found gzip data: the file is compressed twice, or its name lacks .gz');
    if (a === 0x50 && b === 0x4b && c === 3 && d === 4) {
      throw new InvalidLibrary('wanted text (.smi, .csv or .sdf), found a zip archive or an office workbook: export it as CSV');
    }
    if (a === 0xd0 && b === 0xcf && c === 0x11 && d === 0xe0) {
      throw new InvalidLibrary('wanted text (.smi, .csv or .sdf), found an old office document: export it as CSV');
    }
    if (a === 0xef && b === 0xbb && c === 0xbf) return start.subarray(3);
    if ((a === 0xff && b === 0xfe) || (a !== 0 && b === 0 && d === 0)) utf16 = new TextDecoder('utf-16le');
    else if ((a === 0xfe && b === 0xff) || (a === 0 && b !== 0 && c === 0)) utf16 = new TextDecoder('utf-16be');
    return start;
  };
  const convert = (bytes: Uint8Array, last: boolean): Uint8Array => {
    if (utf16 !== undefined) return encoder.encode(utf16.decode(bytes, { stream: !last }));
    if (bytes.indexOf(0) >= 0) throw new InvalidLibrary('wanted text, found NUL bytes: the file is binary or damaged');
    return bytes;
  };
  return {
    push(chunk) {
      if (decided) return convert(chunk, false);
      const joined = new Uint8Array(start.length + chunk.length);
      joined.set(start);
      joined.set(chunk, start.length);
      start = joined;
      return start.length < 4 ? new Uint8Array(0) : convert(decide(), false);
    },
    end() {
      if (!decided) return convert(decide(), true);
      return utf16 === undefined ? new Uint8Array(0) : convert(new Uint8Array(0), true);
    },
  };
}

/** True when a record holds nothing but white space. */
export function isBlank(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > 32) return false;
  return true;
}
