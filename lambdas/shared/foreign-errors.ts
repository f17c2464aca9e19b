/** What may be told of an error: of our own everything, because their messages name no structure; of a stranger's its name and place. */
import { QefmError } from '../../core/contracts/errors.ts';

const FRAMES = 3;

function framesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const { stack = '', message } = error;
  // The message stands in front of the frames, and may have lines that look like one.
  const after = message !== '' && stack.includes(message) ? stack.indexOf(message) + message.length : 0;
  return stack
    .slice(after)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim());
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error');

export function describeError(error: unknown): { error: string; message?: string; place?: string } {
  if (error instanceof QefmError) return { error: error.name, message: error.message };
  return { error: nameOf(error), place: framesOf(error).slice(0, FRAMES).join(' ') };
}

/**
 * The error to let out of a handler. The runtime writes what it gets to the log, message and cause included, so a stranger leaves as
 * an error of the same name that says where it came from and nothing else; retries and catches go by the name.
 */
export function presentable(error: unknown): Error {
  if (error instanceof QefmError && error.cause === undefined) return error;
  const frames = framesOf(error);
  const shown = new Error(
    error instanceof QefmError ? error.message : `at ${(frames[0] ?? 'an unknown place').replace(/^at /, '')}`,
  );
  shown.name = nameOf(error);
  shown.stack = [`${shown.name}: ${shown.message}`, ...frames.map((frame) => `    ${frame}`)].join('\n');
  return shown;
}
