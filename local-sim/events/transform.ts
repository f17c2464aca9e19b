/** What a target receives of an event: all of it, a constant, a part (InputPath), or a template filled from it (InputTransformer). */
import { ServiceError } from '../service.ts';

export interface InputTransformer {
  InputPathsMap?: Record<string, string>;
  InputTemplate: string;
}

export interface TargetInput {
  Input?: string;
  InputPath?: string;
  InputTransformer?: InputTransformer;
}

type Step = string | number;

/** The JSONPath of EventBridge: `$`, `$.a.b`, `$.a[0]`, `$['a b']`; no filters, no wildcards. Throws ValidationException. */
export function parsePath(path: string): Step[] {
  const steps: Step[] = [];
  let rest = path;
  if (!rest.startsWith('$')) throw badPath(path);
  rest = rest.slice(1);
  while (rest !== '') {
    const match = /^\.([A-Za-z0-9_\-:]+)/.exec(rest) ?? /^\[(?:'([^']+)'|"([^"]+)"|(\d+))\]/.exec(rest);
    if (!match) throw badPath(path);
    steps.push(match[4] !== undefined ? Number(match[4]) : (match[1] ?? match[2] ?? match[3] ?? ''));
    rest = rest.slice(match[0].length);
  }
  return steps;
}

const badPath = (path: string) =>
  new ServiceError('ValidationException', `The path ${path} is not a JSONPath of EventBridge.`, 400);

function readPath(event: unknown, path: string): unknown {
  let value = event;
  for (const step of parsePath(path)) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<Step, unknown>)[step];
  }
  return value;
}

/** Checks a target's input settings when it is put. */
export function checkInput(input: TargetInput): void {
  const given = [input.Input, input.InputPath, input.InputTransformer].filter((one) => one !== undefined);
  if (given.length > 1)
    throw new ServiceError('ValidationException', 'A target takes only one of Input, InputPath and InputTransformer.', 400);
  if (input.InputPath !== undefined) parsePath(input.InputPath);
  if (input.Input !== undefined) JSON.parse(input.Input);
  const { InputTransformer: transformer } = input;
  if (!transformer) return;
  for (const [name, path] of Object.entries(transformer.InputPathsMap ?? {})) {
    if (name.startsWith('aws.'))
      throw new ServiceError(
        'ValidationException',
        `InputPathsMap must not define ${name}: names beginning with aws. are reserved.`,
        400,
      );
    parsePath(path);
  }
  for (const [, name] of transformer.InputTemplate.matchAll(/<([A-Za-z0-9_.-]+)>/g)) {
    if (!name!.startsWith('aws.') && !Object.hasOwn(transformer.InputPathsMap ?? {}, name!)) {
      throw new ServiceError('ValidationException', `InputTemplate uses <${name}>, which InputPathsMap does not define.`, 400);
    }
  }
}

export interface RuleFacts {
  ruleArn: string;
  ruleName: string;
  ingestionTime: string;
}

/**
 * The JSON text a target gets. In a template that is JSON, a placeholder outside quotes becomes a JSON value and one inside quotes plain
 * text; a value that is absent becomes an empty string.
 */
export function transformInput(input: TargetInput, event: Record<string, unknown>, facts: RuleFacts): string {
  if (input.Input !== undefined) return input.Input;
  if (input.InputPath !== undefined) return JSON.stringify(readPath(event, input.InputPath) ?? {});
  if (!input.InputTransformer) return JSON.stringify(event);
  const { InputPathsMap = {}, InputTemplate } = input.InputTransformer;
  const placeholder = (name: string): unknown => {
    if (name === 'aws.events.rule-arn') return facts.ruleArn;
    if (name === 'aws.events.rule-name') return facts.ruleName;
    if (name === 'aws.events.event.ingestion-time') return facts.ingestionTime;
    if (name === 'aws.events.event' || name === 'aws.events.event.json') return event;
    return readPath(event, InputPathsMap[name] ?? '$.absent') ?? '';
  };
  let text = '';
  let inString = false;
  for (let i = 0; i < InputTemplate.length; i++) {
    const c = InputTemplate[i]!;
    const match = c === '<' ? /^<([A-Za-z0-9_.-]+)>/.exec(InputTemplate.slice(i)) : null;
    if (match) {
      const value = placeholder(match[1]!);
      const json = JSON.stringify(value);
      text += !inString ? json : typeof value === 'string' ? json.slice(1, -1) : JSON.stringify(json).slice(1, -1);
      i += match[0].length - 1;
      continue;
    }
    if (c === '\\' && inString) {
      text += c + (InputTemplate[++i] ?? '');
      continue;
    }
    if (c === '"') inString = !inString;
    text += c;
  }
  try {
    JSON.parse(text);
    return text;
  } catch {
    // A template of plain text: the target gets it as one JSON string.
    return JSON.stringify(text);
  }
}
