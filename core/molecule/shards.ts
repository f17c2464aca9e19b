import { InvalidLibrary } from '../contracts/errors.ts';
import type { RejectedRow } from '../contracts/ligand.ts';
import type { FileRecord, LibraryFormat } from './records.ts';
import { createRecordSplitter, isBlank } from './records.ts';

/** A piece of a library that is a library file of its own: the same format, the header of a table repeated. */
export interface LibraryShard {
  readonly index: number;
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** Number of its first row in the whole file; hand it to the reader as `firstRow`. */
  readonly firstRow: number;
}

export interface SplitOutput {
  readonly shards: LibraryShard[];
  /** Records too damaged to be copied into a shard. */
  readonly rejected: RejectedRow[];
}

export interface ShardSplitter {
  push(chunk: Uint8Array): SplitOutput;
  end(): SplitOutput;
  /** Data rows seen so far, rejected ones included. */
  rowCount(): number;
}

export interface ShardLimits {
  readonly format: LibraryFormat;
  /** Most bytes of a shard; a single record may be larger than this and then has a shard of its own. */
  readonly maxBytes: number;
  readonly maxRows: number;
}

const lineFeed = Uint8Array.of(10);
const sdfEnd = new TextEncoder().encode('$$$$\n');
const smilesHeader = /^\s*(?:canonical_|isomeric_|cx)?smi(?:les)?[\t ]/i;

/**
 * Cuts a library into shards at record boundaries while it streams by; no chemistry, no parsing beyond line ends, quotes and `$$$$`. Holds one
 * shard at a time. Blank lines and comments are dropped, UTF-16 becomes UTF-8.
 *
 * throws InvalidLibrary for a file that is no text or holds no record
 */
export function createShardSplitter({ format, maxBytes, maxRows }: ShardLimits): ShardSplitter {
  const splitter = createRecordSplitter(format);
  let header: Uint8Array = new Uint8Array(0);
  let headerSeen = false;
  let content = new Uint8Array(Math.min(maxBytes, 65_536));
  let length = 0;
  let rows = 0;
  let firstRow = 1;
  let nextRow = 1;
  let index = 0;

  const write = (bytes: Uint8Array): void => {
    if (length + bytes.length > content.length) {
      const larger = new Uint8Array(Math.max(2 * content.length, length + bytes.length));
      larger.set(content.subarray(0, length));
      content = larger;
    }
    content.set(bytes, length);
    length += bytes.length;
  };
  const close = (out: SplitOutput): void => {
    if (rows > 0) out.shards.push({ index: index++, bytes: content.slice(0, length), rows, firstRow });
    length = 0;
    rows = 0;
    firstRow = nextRow;
  };
  const isHeader = (record: FileRecord): boolean => {
    if (headerSeen || format === 'sdf') return false;
    headerSeen = true;
    return format === 'csv' || smilesHeader.test(new TextDecoder('windows-1252').decode(record.bytes.subarray(0, 64)));
  };
  const take = (record: FileRecord, out: SplitOutput): void => {
    if (isBlank(record.bytes) || (format === 'smi' && record.bytes[0] === 35)) return;
    if (record.damage !== undefined) {
      headerSeen = true;
      close(out);
      const row = nextRow++;
      firstRow = nextRow;
      out.rejected.push(
        record.damage === 'TOO_LONG'
          ? {
              row,
              id: `row-${row}`,
              code: 'RECORD_TOO_LONG',
              message: 'wanted a record of at most 256 kB (SD file: 4 MB), found a longer one',
            }
          : {
              row,
              id: `row-${row}`,
              code: 'MALFORMED_RECORD',
              message: 'wanted a quoted field that closes, found a quote that stays open',
            },
      );
      return;
    }
    const ended = withLineEnd(record.bytes, format);
    if (isHeader(record)) {
      header = ended.slice();
      return;
    }
    if (rows > 0 && (rows >= maxRows || length + ended.length > maxBytes)) close(out);
    if (rows === 0) write(header);
    write(ended);
    rows++;
    nextRow++;
  };
  const run = (records: FileRecord[], last: boolean): SplitOutput => {
    const out: SplitOutput = { shards: [], rejected: [] };
    for (const record of records) take(record, out);
    if (last) {
      close(out);
      if (nextRow === 1) {
        throw new InvalidLibrary(
          header.length > 0
            ? 'wanted at least one compound below the header, found none'
            : 'wanted at least one compound, found an empty file',
        );
      }
    }
    return out;
  };
  return { push: (chunk) => run(splitter.push(chunk), false), end: () => run(splitter.end(), true), rowCount: () => nextRow - 1 };
}

/** The record with the end that the next one needs before it: a line feed, or `$$$$` for the last record of an SD file. */
function withLineEnd(bytes: Uint8Array, format: LibraryFormat): Uint8Array {
  const last = bytes[bytes.length - 1];
  const ended = last === 10 || last === 13;
  if (format !== 'sdf') return ended ? bytes : concat(bytes, lineFeed);
  const tail = new TextDecoder('windows-1252').decode(bytes.subarray(-64));
  if (/(?:^|[\r\n])\$\$\$\$[^\r\n]*[\r\n]+$/.test(tail)) return bytes;
  if (/(?:^|[\r\n])\$\$\$\$[^\r\n]*$/.test(tail)) return concat(bytes, lineFeed);
  return concat(ended ? bytes : concat(bytes, lineFeed), sdfEnd);
}

function concat(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.length + right.length);
  joined.set(left);
  joined.set(right, left.length);
  return joined;
}
