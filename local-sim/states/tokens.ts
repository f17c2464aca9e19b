/** Task tokens: opaque, checkable, and open until answered, timed out or abandoned. */
import { createHash, randomBytes } from 'node:crypto';
import { ServiceError } from '../service.ts';

/** What waits for a token. Each call takes effect before it returns: it is in the journal. */
export interface TokenHolder {
  succeed(outputText: string): void;
  fail(error: string | undefined, cause: string | undefined): void;
  heartbeat(): void;
}

const digestOf = (payload: string) => createHash('sha256').update(`qefm task token ${payload}`).digest('base64url').slice(0, 16);

export function createToken(executionArn: string, key: string): string {
  const payload = JSON.stringify([executionArn, key, randomBytes(12).toString('base64url')]);
  return Buffer.from(`${digestOf(payload)}${payload}`).toString('base64url');
}

/** The execution a token was made for, undefined for a text that is no token of ours. */
export function executionOfToken(token: string): string | undefined {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const payload = text.slice(16);
  if (digestOf(payload) !== text.slice(0, 16)) return undefined;
  return String((JSON.parse(payload) as unknown[])[0]);
}

/** How long an answer waits for its execution to be taken up after a restart. */
const RESUME_LIMIT_MS = 30_000;

export class Tokens {
  readonly #open = new Map<string, TokenHolder>();
  /** Tokens that an earlier process left open and this one has not reached yet, with those who already ask for them. */
  readonly #expected = new Map<string, Set<() => void>>();

  open(token: string, holder: TokenHolder): () => void {
    this.#open.set(token, holder);
    this.unexpect(token);
    return () => {
      if (this.#open.get(token) === holder) this.#open.delete(token);
    };
  }

  get size(): number {
    return this.#open.size;
  }

  expect(token: string): void {
    if (!this.#open.has(token) && !this.#expected.has(token)) this.#expected.set(token, new Set());
  }

  unexpect(token: string): void {
    const asking = this.#expected.get(token);
    this.#expected.delete(token);
    for (const wake of asking ?? []) wake();
  }

  /** Resolves when the token is open, or will not be opened again. */
  async reached(token: unknown): Promise<void> {
    const asking = typeof token === 'string' ? this.#expected.get(token) : undefined;
    if (!asking) return;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(done, RESUME_LIMIT_MS).unref();
      function done() {
        clearTimeout(limit);
        asking?.delete(done);
        resolve();
      }
      asking.add(done);
    });
  }

  /**
   * @param isKnown whether there is, or was, an execution of this ARN.
   * @throws ServiceError InvalidToken for a text that is no token, TaskDoesNotExist for a token of an execution that is not
   * known here, TaskTimedOut for one that is no longer open.
   */
  holder(token: unknown, isKnown: (executionArn: string) => boolean): TokenHolder {
    if (typeof token !== 'string' || token.length === 0 || token.length > 2048)
      throw new ServiceError('InvalidToken', "Invalid Token: 'a token of 1 to 2048 characters was expected'");
    const holder = this.#open.get(token);
    if (holder) return holder;
    const executionArn = executionOfToken(token);
    if (executionArn === undefined) throw new ServiceError('InvalidToken', "Invalid Token: 'Invalid token'");
    if (!isKnown(executionArn))
      throw new ServiceError('TaskDoesNotExist', `Task Does Not Exist: '${executionArn} is no execution of this cloud'`);
    throw new ServiceError('TaskTimedOut', "Task Timed Out: 'Provided task does not exist anymore'");
  }
}
