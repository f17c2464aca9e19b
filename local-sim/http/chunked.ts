/**
 * The aws-chunked content encoding: `size[;chunk-signature=…]` CRLF data CRLF, a chunk of size 0, then trailers.
 * Source: S3 API reference, "Signature calculations: transferring payload in multiple chunks", with and without trailing headers.
 */
import { createHash } from 'node:crypto';
import { ServiceError } from '../service.ts';
import { EMPTY_SHA256, hmac, sameSignature, sha256Hex } from './sigv4.ts';

/** What the signature of a chunk is chained to; absent for unsigned streams. */
export interface ChunkSigning {
  key: Buffer;
  timestamp: string;
  scope: string;
  seedSignature: string;
}

const MAX_HEADER_BYTES = 8192;
const MAX_TRAILER_BYTES = 16_384;

/**
 * Yields the decoded bytes. `onTrailer` gets each trailing header, lower-case, before the iteration ends.
 * Throws IncompleteBody when the stream stops early or is malformed, SignatureDoesNotMatch for a wrong chunk or trailer.
 */
export async function* decodeChunked(
  source: AsyncIterable<Uint8Array>,
  signing: ChunkSigning | undefined,
  onTrailer: (name: string, value: string) => void,
): AsyncGenerator<Buffer> {
  const reader = createReader(source);
  let previous = signing?.seedSignature ?? '';
  const verify = (kind: string, middle: string, found: string | undefined) => {
    if (!signing) return;
    const text = [`AWS4-HMAC-SHA256-${kind}`, signing.timestamp, signing.scope, previous, middle].join('\n');
    const wanted = hmac(signing.key, text).toString('hex');
    if (found === undefined || !sameSignature(wanted, found)) {
      throw new ServiceError(
        'SignatureDoesNotMatch',
        `The signature of a ${kind === 'TRAILER' ? 'trailer' : 'chunk'} does not match.`,
        403,
      );
    }
    previous = wanted;
  };

  for (;;) {
    const header = await reader.line(MAX_HEADER_BYTES);
    const match = /^([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?\s*$/.exec(header);
    if (!match) throw incomplete(`expected a chunk header, found ${JSON.stringify(header.slice(0, 80))}`);
    const size = Number.parseInt(match[1]!, 16);
    const hash = signing ? createHash('sha256') : undefined;
    for (let left = size; left > 0; ) {
      const piece = await reader.some(left);
      left -= piece.length;
      hash?.update(piece);
      yield piece;
    }
    verify('PAYLOAD', `${EMPTY_SHA256}\n${hash ? hash.digest('hex') : ''}`, match[2]);
    if (size === 0) break;
    if ((await reader.line(2)) !== '') throw incomplete('a chunk is longer than its header says');
  }

  let signedText = '';
  let trailerSignature: string | undefined;
  for (;;) {
    const line = await reader.lineOrEnd(MAX_TRAILER_BYTES);
    if (line === undefined || line === '') break;
    const at = line.indexOf(':');
    if (at <= 0) throw incomplete(`malformed trailer ${JSON.stringify(line.slice(0, 80))}`);
    const name = line.slice(0, at).trim().toLowerCase();
    const value = line.slice(at + 1).trim();
    if (name === 'x-amz-trailer-signature') trailerSignature = value;
    else {
      signedText += `${name}:${value}\n`;
      onTrailer(name, value);
    }
  }
  if (signedText !== '') verify('TRAILER', sha256Hex(signedText), trailerSignature);
}

const incomplete = (why: string) => new ServiceError('IncompleteBody', `The aws-chunked body is not complete: ${why}.`, 400);

function createReader(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const fill = async (): Promise<boolean> => {
    const next = await iterator.next();
    if (next.done) return false;
    const bytes = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length);
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
    return true;
  };
  const lineOrEnd = async (limit: number): Promise<string | undefined> => {
    for (;;) {
      const end = held.indexOf('\n');
      if (end >= 0) {
        const line = held.toString('latin1', 0, end).replace(/\r$/, '');
        held = held.subarray(end + 1);
        return line;
      }
      if (held.length > limit) throw incomplete(`a line is longer than ${limit} bytes`);
      if (!(await fill())) {
        if (held.length > 0) throw incomplete('the last line has no end');
        return undefined;
      }
    }
  };
  return {
    lineOrEnd,
    async line(limit: number): Promise<string> {
      const line = await lineOrEnd(limit);
      if (line === undefined) throw incomplete('the stream ended before its last chunk');
      return line;
    },
    async some(most: number): Promise<Buffer> {
      while (held.length === 0) if (!(await fill())) throw incomplete('the stream ended within a chunk');
      const piece = held.subarray(0, most);
      held = held.subarray(piece.length);
      return piece;
    },
  };
}
