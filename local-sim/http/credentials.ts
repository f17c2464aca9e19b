/**
 * The keys of a local cloud. One pair is the user's: made on first use, kept in the folder of state, readable by its owner only. Every
 * function and job signs with a pair of its own, derived from the secret of the first, so that the cloud knows who asks.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface Keyring {
  /** The user's pair: may do anything. */
  readonly root: Credentials;
  /** The pair of a function or job; the same at every call and after every restart. */
  issue(principal: string): Credentials;
  /** Who has this key; undefined for an unknown key. `principal` is undefined for the user. */
  find(accessKeyId: string): { secretAccessKey: string; principal?: string } | undefined;
}

const CREDENTIALS_FILE = 'credentials.json';
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const keyId = (prefix: string, bytes: Uint8Array): string =>
  prefix + [...bytes.subarray(0, 16)].map((byte) => ALPHABET[byte % 32]).join('');

/** Reads the user's pair from the folder, or makes it. */
export function localCredentials(stateDir: string): Credentials {
  const path = join(stateDir, CREDENTIALS_FILE);
  if (existsSync(path)) {
    chmodSync(path, 0o600);
    const found = JSON.parse(readFileSync(path, 'utf8')) as Partial<Credentials>;
    if (typeof found.accessKeyId === 'string' && typeof found.secretAccessKey === 'string') {
      return { accessKeyId: found.accessKeyId, secretAccessKey: found.secretAccessKey };
    }
    throw new Error(`${path} should hold accessKeyId and secretAccessKey`);
  }
  mkdirSync(stateDir, { recursive: true });
  const credentials = { accessKeyId: keyId('AKIA', randomBytes(16)), secretAccessKey: randomBytes(30).toString('base64') };
  writeFileSync(`${path}.new`, `${JSON.stringify(credentials)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return credentials;
}

export function createKeyring(root: Credentials): Keyring {
  const issued = new Map<string, { secretAccessKey: string; principal: string }>();
  const derive = (what: string) => createHmac('sha256', root.secretAccessKey).update(what).digest();
  return {
    root,
    issue(principal) {
      const accessKeyId = keyId('AKIA', derive(`id ${principal}`));
      const secretAccessKey = derive(`secret ${principal}`).toString('base64');
      issued.set(accessKeyId, { secretAccessKey, principal });
      return { accessKeyId, secretAccessKey };
    },
    find: (accessKeyId) =>
      accessKeyId === root.accessKeyId ? { secretAccessKey: root.secretAccessKey } : issued.get(accessKeyId),
  };
}
