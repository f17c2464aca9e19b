import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readableCause, readableReason } from '../../../lambdas/shared/readable-cause.ts';

const wrapped = (errorType: string, errorMessage: string) =>
  `${errorType}: ${JSON.stringify({ errorType, errorMessage, trace: ['Error: x', '    at step (file:///var/task/index.mjs:1:2)'] })}`;

describe('readableCause', () => {
  test('gives any message back as it was thrown', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, unit: 'grapheme' }).filter((message) => !message.includes('{')),
        (message) => {
          expect(readableCause(wrapped('InvalidAssay', message))).toBe(`InvalidAssay: ${message}`);
        },
      ),
    );
  });

  test('keeps what is left of a message that was cut off, wherever the cut is', () => {
    const message = 'wanted "smiles" \\ or \u00e9\u0001\u2028, found "name"';
    const text = wrapped('InvalidLibrary', message);
    const begin = text.indexOf(JSON.stringify(message)) + 2;
    for (let cut = begin; cut < text.length; cut++) {
      const words = readableCause(text.slice(0, cut));
      expect(words.startsWith('InvalidLibrary: ')).toBe(true);
      expect(message.startsWith(words.slice('InvalidLibrary: '.length))).toBe(true);
    }
  });

  test('opens a cause within a cause, as a nested execution gives it', () => {
    const nested = `States.TaskFailed: ${JSON.stringify({ ExecutionArn: 'arn', Error: 'RUN_FAILED', Cause: wrapped('DeviceRetired', 'sv1 is retired') })}`;
    expect(readableCause(nested)).toBe('States.TaskFailed: DeviceRetired: sv1 is retired');
  });

  test('leaves any other text as it is and never throws', () => {
    for (const text of ['', 'plain words', 'States.Timeout: ', 'a: {not json}', 'a: {"other": 1}', 'a: {"errorMessage": ""}']) {
      expect(readableCause(text)).toBe(text);
    }
    fc.assert(fc.property(fc.string(), (text) => typeof readableCause(`x: {"errorMessage": "${text}`) === 'string'));
  });

  test('keeps the code of a reason', () => {
    expect(readableReason({ code: 'RUN_FAILED', message: wrapped('NoValidCompound', 'none') })).toEqual({
      code: 'RUN_FAILED',
      message: 'NoValidCompound: none',
    });
  });
});
