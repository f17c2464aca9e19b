/** Files that are whole whenever one looks. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';

/** Writes beside, forces to the disk, then takes the place of the old file: whoever is killed leaves the old one or the new one whole. */
export function replaceFile(path: string, bytes: Uint8Array | string): void {
  const part = `${path}.part`;
  const file = openSync(part, 'w');
  try {
    const content = typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes;
    for (let at = 0; at < content.length; ) at += writeSync(file, content, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
}
