/**
 * Gzipped tar archives, as streams: what a hybrid job's source comes in and its results leave in.
 *
 * Unpacking trusts nothing: an absolute path, a `..`, a link or a device in the archive, or more bytes or entries than the limits,
 * throw ArchiveRefused, and nothing is ever written outside the folder.
 *
 * source  POSIX.1-2017 pax (ustar with extended headers `x`, `g`); GNU long names (`L`)
 */
import { createReadStream, createWriteStream, mkdirSync } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

export class ArchiveRefused extends Error {}

export interface UnpackLimits {
  /** Of all files together, unpacked. */
  bytes: number;
  /** Files, folders and extended headers. */
  entries: number;
}

const BLOCK = 512;
/** Of an extended header or a long name. */
const LONGEST_HEADER = 64 * 1024;

/** Unpacks the gzipped archive at `path` into a folder that exists. */
export async function unpack(path: string, into: string, limits: UnpackLimits): Promise<void> {
  const gunzip = createGunzip();
  // An error of either stream ends the loop below with it.
  const flowing = pipeline(createReadStream(path), gunzip).catch(() => {});
  const reader = new BlockReader(gunzip);
  try {
    await unpackEntries(reader, into, limits);
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
      throw new ArchiveRefused(`not a gzip archive, or a broken one: ${error.message}`);
    throw error;
  } finally {
    gunzip.destroy();
    await flowing;
  }
}

async function unpackEntries(reader: BlockReader, into: string, limits: UnpackLimits): Promise<void> {
  let bytesLeft = limits.bytes;
  let entriesLeft = limits.entries;
  let longName: string | undefined;
  let extended: Record<string, string> = {};
  for (;;) {
    const header = await reader.take(BLOCK);
    if (header === undefined || header.every((byte) => byte === 0)) return;
    const entry = readHeader(header);
    // Headers of headers count as well: they may be as many as anything else.
    if (--entriesLeft < 0) throw new ArchiveRefused(`more than ${limits.entries} entries`);
    if (entry.type === 'x' || entry.type === 'g' || entry.type === 'L') {
      if (entry.size > LONGEST_HEADER) throw new ArchiveRefused(`a header of ${entry.size} bytes`);
      const body = await reader.whole(entry.size);
      if (entry.type === 'x') extended = readPax(body);
      if (entry.type === 'L') longName = textOf(body);
      continue;
    }
    const size = extended['size'] === undefined ? entry.size : Number(extended['size']);
    const name = extended['path'] ?? longName ?? entry.name;
    longName = undefined;
    extended = {};
    const target = placeOf(name, into);
    if (entry.type === '5') {
      mkdirSync(target, { recursive: true });
      continue;
    }
    if (!['0', '\0', '7'].includes(entry.type))
      throw new ArchiveRefused(`entry ${JSON.stringify(name)} is a link or a device (type ${JSON.stringify(entry.type)})`);
    if (!Number.isSafeInteger(size) || size < 0) throw new ArchiveRefused(`entry ${JSON.stringify(name)} has no valid size`);
    bytesLeft -= size;
    if (bytesLeft < 0) throw new ArchiveRefused(`more than ${limits.bytes} bytes unpacked`);
    mkdirSync(dirname(target), { recursive: true });
    await reader.copy(size, target, entry.mode);
  }
}

/** Where an entry goes; the folder itself for `.`. */
function placeOf(name: string, into: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (name.startsWith('/') || name.includes('\0') || parts.includes('..'))
    throw new ArchiveRefused(`entry ${JSON.stringify(name)} leads out of the folder`);
  return join(into, ...parts);
}

interface Header {
  name: string;
  mode: number;
  size: number;
  type: string;
}

function readHeader(header: Buffer): Header {
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
  if (numberAt(header, 148, 8) !== sum) throw new ArchiveRefused('not a tar archive: a header has a wrong checksum');
  const isPosix = header.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = isPosix ? textOf(header.subarray(345, 500)) : '';
  const name = textOf(header.subarray(0, 100));
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: numberAt(header, 100, 8),
    size: numberAt(header, 124, 12),
    type: header.toString('latin1', 156, 157),
  };
}

/** Octal text, or base 256 where the first bit is set. */
function numberAt(header: Buffer, at: number, length: number): number {
  if ((header[at]! & 0x80) !== 0) return header.subarray(at + 1, at + length).reduce((value, byte) => value * 256 + byte, 0);
  return Number.parseInt(textOf(header.subarray(at, at + length)).trim() || '0', 8);
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** Records `<length> <key>=<value>\n`, the length being that of the whole record. */
function readPax(body: Buffer): Record<string, string> {
  const found: Record<string, string> = {};
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at);
    const length = Number(body.toString('latin1', at, space));
    const equals = body.indexOf(61, space);
    if (space < 0 || equals < 0 || !Number.isSafeInteger(length) || length < 5 || at + length > body.length)
      throw new ArchiveRefused('a broken extended header');
    found[body.toString('utf8', space + 1, equals)] = body.toString('utf8', equals + 1, at + length - 1);
    at += length;
  }
  return found;
}

/** Bytes of a stream in portions of the reader's choice; never more than one chunk of the stream is held. */
class BlockReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: AsyncIterable<Buffer>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  /** Undefined at the end of the stream, between two entries. */
  async take(length: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = [];
    let missing = length;
    for await (const piece of this.#pieces(length)) {
      pieces.push(piece);
      missing -= piece.length;
    }
    if (missing === length) return undefined;
    if (missing > 0) throw new ArchiveRefused('the archive ends within an entry');
    return Buffer.concat(pieces);
  }

  /** A body with its padding. */
  async whole(size: number): Promise<Buffer> {
    const body = await this.take(Math.ceil(size / BLOCK) * BLOCK);
    return (body ?? Buffer.alloc(0)).subarray(0, size);
  }

  async copy(size: number, path: string, mode: number): Promise<void> {
    let left = size;
    const file = await open(path, 'w', 0o600 | (mode & 0o755));
    try {
      for await (const piece of this.#pieces(size)) {
        left -= piece.length;
        await file.writeFile(piece);
      }
    } finally {
      await file.close();
    }
    if (left > 0) throw new ArchiveRefused('the archive ends within an entry');
    const padding = (BLOCK - (size % BLOCK)) % BLOCK;
    if (padding > 0) await this.take(padding);
  }

  async *#pieces(length: number): AsyncGenerator<Buffer> {
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0) {
        const { value, done } = await this.#chunks.next();
        if (done) return;
        this.#rest = value;
        continue;
      }
      const piece = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(piece.length);
      missing -= piece.length;
      yield piece;
    }
  }
}

/**
 * Packs the regular files and folders below `folder` into a gzipped archive at `path`, names sorted. Returns the names of what is
 * neither and was left out.
 */
export async function pack(folder: string, path: string): Promise<string[]> {
  const leftOut: string[] = [];
  await pipeline(Readable.from(blocksOf(folder, '', leftOut)), createGzip(), createWriteStream(path));
  return leftOut;
}

async function* blocksOf(folder: string, below: string, leftOut: string[]): AsyncGenerator<Buffer> {
  const entries = await readdir(join(folder, below), { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const name = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isDirectory()) {
      yield* headerOf(`${name}/`, 0, 0o755, (await stat(join(folder, name))).mtimeMs, '5');
      yield* blocksOf(folder, name, leftOut);
    } else if (entry.isFile()) {
      const { size, mode, mtimeMs } = await stat(join(folder, name));
      yield* headerOf(name, size, mode & 0o755, mtimeMs, '0');
      let left = size;
      for await (const piece of size === 0 ? [] : createReadStream(join(folder, name), { end: size - 1 })) {
        left -= (piece as Buffer).length;
        yield piece as Buffer;
      }
      if (left > 0) throw new Error(`${name} became shorter while it was packed`);
      yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
    } else leftOut.push(name);
  }
  if (below === '') yield Buffer.alloc(2 * BLOCK);
}

/** What does not fit into the header of 1988 goes into an extended one before it. */
function* headerOf(name: string, size: number, mode: number, mtimeMs: number, type: string): Generator<Buffer> {
  const bytes = Buffer.from(name);
  const isPlain = bytes.length <= 100 && bytes.length === name.length && size < 8 ** 11;
  if (!isPlain) {
    const body = Buffer.concat([paxRecord('path', name), paxRecord('size', String(size))]);
    yield ustar(Buffer.from('PaxHeader'), body.length, 0o644, mtimeMs, 'x');
    yield body;
    yield Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK);
  }
  yield ustar(bytes.subarray(0, 100), Math.min(size, 8 ** 11 - 1), mode, mtimeMs, type);
}

function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function ustar(name: Buffer, size: number, mode: number, mtimeMs: number, type: string): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) =>
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  name.copy(header);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.max(0, Math.floor(mtimeMs / 1000)), 136, 12);
  header.fill(32, 148, 156);
  header.write(type, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  octal(
    header.reduce((total, byte) => total + byte, 0),
    148,
    7,
  );
  return header;
}
