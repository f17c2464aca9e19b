/** Causes as Lambda and Step Functions wrap them, in the words of the error itself. */
import type { Reason } from '../../core/contracts/primitives.ts';

/** A JSON string, whole or cut off at its end; half an escape is no part of it. */
const SAID = /"(?:errorMessage|Cause)"\s*:\s*"((?:[^"\\\p{Cc}]|\\u[0-9a-fA-F]{4}|\\["\\/bfnrt])*)/gu;

/**
 * `Name: {"errorMessage": "what was wanted", "trace": […]}` becomes `Name: what was wanted`; a cause within a cause is opened too, and a
 * text that was cut off in the middle keeps what is left of it. Any other text stays as it is.
 */
export function readableCause(text: string): string {
  const start = text.search(/: ?[{[]/);
  const body = start < 0 ? text : text.slice(start);
  if (!body.includes('{"') && !body.includes('{ "')) return text;
  const name = start < 0 ? '' : `${text.slice(0, start)}: `;
  const said = [...body.matchAll(SAID)]
    .map(([, characters = '']) => JSON.parse(`"${characters}"`) as string)
    .find((words) => words !== '');
  if (said === undefined) return text;
  return `${name}${readableCause(said)}`;
}

export const readableReason = ({ code, message }: Reason): Reason => ({ code, message: readableCause(message) });
