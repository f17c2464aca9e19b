/**
 * Unpacks a deployment package. Own reader of the ZIP format (APPNOTE 6.3.10: central directory, stored and deflated entries), which
 * refuses what a hostile archive would do: leave the folder, unpack without end, hide two files under one name.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';

export interface ZipEntry {
  name: string;
  bytes: Buffer;
  executable: boolean;
}

export interface ZipLimits {
  maxEntries: number;
  /** AWS: 250 MB unzipped. */
  maxTotalBytes: number;
}

export const LAMBDA_ZIP_LIMITS: ZipLimits = { maxEntries: 20_000, maxTotalBytes: 262_144_000 };

const END_SIGNATURE = 0x06054b50;
const CENTRAL_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;

const bad = (why: string) => new Error(`Could not unzip uploaded file: ${why}`);

function findEnd(zip: Buffer): number {
  for (let at = zip.length - 22; at >= 0 && at >= zip.length - 22 - 0xffff; at--) {
    if (zip.readUInt32LE(at) === END_SIGNATURE && at + 22 + zip.readUInt16LE(at + 20) === zip.length) return at;
  }
  throw bad('no end of central directory; this is not a ZIP file');
}

function checkName(name: string): void {
  const unsafe = name === '' || name.startsWith('/') || name.includes('\\') || name.includes('\0') || /^[a-z]:/i.test(name);
  if (unsafe || name.split('/').some((part) => part === '..' || part === '.'))
    throw bad(`the entry ${JSON.stringify(name)} leaves the folder`);
}

/** The files of an archive, folders left out. Throws an Error that says what is wrong with it. */
export function readZip(zip: Buffer, limits: ZipLimits = LAMBDA_ZIP_LIMITS): ZipEntry[] {
  const end = findEnd(zip);
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  if (count === 0xffff || at === 0xffffffff) throw bad('ZIP64 archives are not supported');
  if (count > limits.maxEntries) throw bad(`${count} entries, at most ${limits.maxEntries} are allowed`);
  const entries: ZipEntry[] = [];
  const names = new Set<string>();
  let total = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || zip.readUInt32LE(at) !== CENTRAL_SIGNATURE) throw bad(`entry ${i} of the central directory is damaged`);
    const madeOnUnix = zip[at + 5] === 3;
    const flags = zip.readUInt16LE(at + 8);
    const method = zip.readUInt16LE(at + 10);
    const checksum = zip.readUInt32LE(at + 16);
    const packedBytes = zip.readUInt32LE(at + 20);
    const unpackedBytes = zip.readUInt32LE(at + 24);
    const nameBytes = zip.readUInt16LE(at + 28);
    const mode = madeOnUnix ? zip.readUInt32LE(at + 38) >>> 16 : 0;
    const local = zip.readUInt32LE(at + 42);
    const name = zip.toString('utf8', at + 46, at + 46 + nameBytes);
    at += 46 + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    if (flags & 1) throw bad(`${name} is encrypted`);
    checkName(name.endsWith('/') ? name.slice(0, -1) : name);
    if (name.endsWith('/')) continue;
    if ((mode & 0o170000) === 0o120000) throw bad(`${name} is a symbolic link`);
    if (names.has(name)) throw bad(`${name} occurs twice`);
    names.add(name);
    total += unpackedBytes;
    if (total > limits.maxTotalBytes) throw bad(`unzipped size must be smaller than ${limits.maxTotalBytes} bytes`);
    entries.push({
      name,
      bytes: unpack(zip, { name, local, method, packedBytes, unpackedBytes, checksum }),
      executable: (mode & 0o111) !== 0,
    });
  }
  return entries;
}

interface Packed {
  name: string;
  local: number;
  method: number;
  packedBytes: number;
  unpackedBytes: number;
  checksum: number;
}

function unpack(zip: Buffer, entry: Packed): Buffer {
  const { name, local, method, packedBytes, unpackedBytes, checksum } = entry;
  if (local + 30 > zip.length || zip.readUInt32LE(local) !== LOCAL_SIGNATURE) throw bad(`${name} has a damaged local header`);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  if (start + packedBytes > zip.length) throw bad(`${name} ends beyond the archive`);
  const packed = zip.subarray(start, start + packedBytes);
  let bytes: Buffer;
  if (method === 0) bytes = Buffer.from(packed);
  else if (method === 8) {
    try {
      // Never more than was declared, whatever the stream holds: a bomb fails here.
      bytes = inflateRawSync(packed, { maxOutputLength: Math.max(1, unpackedBytes) });
    } catch (error) {
      throw bad(
        `${name} does not inflate to its ${unpackedBytes} bytes (${error instanceof Error ? error.message : String(error)})`,
      );
    }
  } else throw bad(`${name} uses compression method ${method}; stored and deflated are supported`);
  if (bytes.length !== unpackedBytes) throw bad(`${name} has ${bytes.length} bytes, its header says ${unpackedBytes}`);
  if (crc32(bytes) !== checksum) throw bad(`${name} has a wrong CRC-32`);
  return bytes;
}

/** Writes the archive's files below `folder`. */
export function unzipTo(zip: Buffer, folder: string, limits: ZipLimits = LAMBDA_ZIP_LIMITS): void {
  for (const entry of readZip(zip, limits)) {
    const path = join(folder, ...entry.name.split('/'));
    if (!path.startsWith(folder.endsWith(sep) ? folder : folder + sep)) throw bad(`the entry ${entry.name} leaves the folder`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, entry.bytes, { mode: entry.executable ? 0o755 : 0o644 });
  }
}
