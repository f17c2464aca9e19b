/** Reading the arguments of an API request. */
import { ServiceError } from '../service.ts';

type Args = Record<string, unknown>;
export type Action = (args: Args) => Record<string, unknown> | Promise<Record<string, unknown>>;

export function validation(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}

/** @throws ServiceError ValidationException */
export function text(args: Args, name: string): string {
  const value = args[name];
  if (typeof value !== 'string')
    throw validation(`${name} must be a string, found ${value === undefined ? 'nothing' : JSON.stringify(value)}`);
  return value;
}

/** Indices of one page of a list of `count`, and the token of the next. @throws ServiceError InvalidToken, ValidationException */
export function page(
  args: Args,
  count: number,
  most: number,
  usual: number,
): { items: number[]; nextToken: { nextToken?: string } } {
  const asked = args['maxResults'];
  if (asked !== undefined && (typeof asked !== 'number' || !Number.isInteger(asked) || asked < 0 || asked > most)) {
    throw validation(`maxResults must be an integer from 0 to ${most}, found ${JSON.stringify(asked)}`);
  }
  const size = asked ? Number(asked) : usual;
  let from = 0;
  const token = args['nextToken'];
  if (token !== undefined) {
    const decoded = typeof token === 'string' ? /^from (\d+)$/.exec(Buffer.from(token, 'base64url').toString('utf8')) : null;
    if (!decoded) throw new ServiceError('InvalidToken', "Invalid Token: 'Invalid token'");
    from = Number(decoded[1]);
  }
  const to = Math.min(count, from + size);
  const items = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  return { items, nextToken: to < count ? { nextToken: Buffer.from(`from ${to}`).toString('base64url') } : {} };
}

/** No white space, brackets, wildcards, control or special characters, as the API reference lists them. */
export function isName(name: string): boolean {
  return !/[\s\p{Cc}<>{}[\]?*"#%\\^|~`$&,;:/]/u.test(name);
}
