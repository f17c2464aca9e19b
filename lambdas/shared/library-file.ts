/** A library's bytes as they come: hashed as stored, unpacked if they are gzip, and stopped when they unpack to a bomb. */
import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { InvalidLibrary } from '../../core/contracts/errors.ts';
import { createInflationGuard } from '../../core/molecule/inflation.ts';
import type { LibraryFormat } from '../../core/molecule/records.ts';

export function libraryFormat(key: string): { format: LibraryFormat; gzip: boolean } {
  const match = /\.(smi|csv|sdf)(\.gz)?$/.exec(key);
  if (match === null)
    throw new InvalidLibrary(`${key.split('/').at(-1)}: a name that ends in .smi, .csv or .sdf was wanted, plain or with .gz`);
  return { format: match[1] as LibraryFormat, gzip: match[2] !== undefined };
}

/** Calls `take` with each piece of text; returns the stored size and SHA-256. */
export async function readLibrary(
  source: AsyncIterable<Uint8Array>,
  gzip: boolean,
  take: (chunk: Uint8Array) => Promise<void>,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  const guard = createInflationGuard();
  let bytes = 0;
  const counted = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      guard.compressed(chunk.length);
      done(null, chunk);
    },
  });
  const sink = async (unpacked: AsyncIterable<Uint8Array>) => {
    for await (const chunk of unpacked) {
      if (gzip) guard.inflated(chunk.length);
      await take(chunk);
    }
  };
  try {
    if (gzip) await pipeline(Readable.from(source), counted, createGunzip(), sink);
    else await pipeline(Readable.from(source), counted, sink);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code.startsWith('Z_'))
      throw new InvalidLibrary(`the file's name says gzip, its content does not: ${(error as Error).message}`);
    throw error;
  }
  return { bytes, sha256: hash.digest('hex') };
}
