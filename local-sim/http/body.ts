/** Takes in a request body: into memory while it is small, into a file once it is not, with digests made on the way. */
import { createHash, randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceError } from '../service.ts';
import { type DigestName, digest } from './checksums.ts';

export interface BodyPolicy {
  /** A body above this many bytes goes to a file in `spillDir`; without a folder it is refused at the limit. */
  spillBytes: number;
  spillDir?: string;
  maxBytes: number;
  digests: readonly DigestName[];
  /** Whether a spilled body must survive a power cut. */
  fsync?: boolean;
}

export interface ReceivedBody {
  body: Buffer;
  bodyPath?: string;
  bytes: number;
  sha256Hex: string;
  digests: Record<string, string>;
}

/** Consumes `source`. A spilled file belongs to the caller, who moves or removes it; on any error it is removed here. */
export async function receiveBody(
  source: AsyncIterable<Uint8Array>,
  policy: BodyPolicy,
  hashPayload: boolean,
): Promise<ReceivedBody> {
  const pieces: Buffer[] = [];
  const digests = policy.digests.map((name) => [name, digest(name)] as const);
  const payloadHash = hashPayload ? createHash('sha256') : undefined;
  let bytes = 0;
  let file: FileHandle | undefined;
  let bodyPath: string | undefined;
  try {
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > policy.maxBytes)
        throw new ServiceError('EntityTooLarge', `The body is larger than ${policy.maxBytes} bytes.`, 413);
      for (const [, one] of digests) one.update(chunk);
      payloadHash?.update(chunk);
      if (file) await writeAll(file, chunk);
      else {
        pieces.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
        if (bytes > policy.spillBytes && policy.spillDir !== undefined) {
          await mkdir(policy.spillDir, { recursive: true });
          bodyPath = join(policy.spillDir, randomBytes(12).toString('hex'));
          file = await open(bodyPath, 'wx');
          await writeAll(file, Buffer.concat(pieces.splice(0)));
        }
      }
    }
    if (file && policy.fsync) await file.sync();
    await file?.close();
  } catch (error) {
    await file?.close().catch(() => {});
    if (bodyPath !== undefined) await rm(bodyPath, { force: true });
    throw error;
  }
  return {
    body: Buffer.concat(pieces),
    ...(bodyPath === undefined ? {} : { bodyPath }),
    bytes,
    sha256Hex: payloadHash?.digest('hex') ?? '',
    digests: Object.fromEntries(digests.map(([name, one]) => [name, one.base64()])),
  };
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at, chunk.length - at)).bytesWritten;
}
