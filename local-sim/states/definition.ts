/** A machine as the interpreter reads it: parsed, checked, every expression compiled. */
import type { Template } from './expressions.ts';
import type { Json } from './json.ts';
import type { TaskResource } from './resources.ts';

export interface Machine {
  readonly startAt: string;
  readonly states: ReadonlyMap<string, State>;
  readonly timeoutSeconds?: number;
}

export type Assignments = readonly (readonly [string, Template])[];

interface Transition {
  readonly assign?: Assignments;
  readonly output?: Template;
}

interface Step extends Transition {
  readonly name: string;
  /** Absent where the state ends its machine or branch. */
  readonly next?: string;
}

export interface Retrier {
  readonly errorEquals: readonly string[];
  readonly intervalSeconds: number;
  readonly maxAttempts: number;
  readonly backoffRate: number;
  readonly maxDelaySeconds?: number;
  readonly fullJitter: boolean;
}

export interface Catcher extends Transition {
  readonly errorEquals: readonly string[];
  readonly next: string;
}

interface Guarded {
  readonly retry: readonly Retrier[];
  readonly catch: readonly Catcher[];
}

export interface PassState extends Step {
  readonly type: 'Pass';
}
export interface SucceedState extends Step {
  readonly type: 'Succeed';
}
export interface FailState {
  readonly type: 'Fail';
  readonly name: string;
  readonly error?: Template;
  readonly cause?: Template;
}
export interface WaitState extends Step {
  readonly type: 'Wait';
  readonly seconds?: Template;
  readonly timestamp?: Template;
}
export interface ChoiceRule extends Transition {
  readonly condition: Template;
  readonly next: string;
}
export interface ChoiceState extends Transition {
  readonly type: 'Choice';
  readonly name: string;
  readonly choices: readonly ChoiceRule[];
  readonly default?: string;
}
export interface TaskState extends Step, Guarded {
  readonly type: 'Task';
  readonly resource: TaskResource;
  readonly arguments?: Template;
  readonly timeoutSeconds?: Template;
  readonly heartbeatSeconds?: Template;
}
export interface ParallelState extends Step, Guarded {
  readonly type: 'Parallel';
  readonly branches: readonly Machine[];
  readonly arguments?: Template;
}

export interface ItemReader {
  readonly source: 'object' | 'listing';
  readonly arguments: Template;
  readonly inputType?: 'CSV' | 'JSON' | 'JSONL';
  readonly csvHeaders?: readonly string[];
  readonly csvDelimiter: string;
  readonly itemsPointer?: string;
  readonly maxItems?: Template;
}
export interface ItemBatcher {
  readonly maxItemsPerBatch?: Template;
  readonly maxInputBytesPerBatch?: Template;
  readonly batchInput?: Template;
}
export interface ResultWriter {
  /** Absent where the results go to the state's output. */
  readonly arguments?: Template;
  readonly outputType: 'JSON' | 'JSONL';
  readonly transformation: 'NONE' | 'COMPACT' | 'FLATTEN';
}
export interface MapState extends Step, Guarded {
  readonly type: 'Map';
  readonly processor: Machine;
  readonly items?: Template;
  readonly itemSelector?: Template;
  readonly maxConcurrency?: Template;
  /** Present for a Distributed Map. */
  readonly distributed?: {
    readonly executionType: 'STANDARD' | 'EXPRESS';
    readonly label: string;
    readonly reader?: ItemReader;
    readonly batcher?: ItemBatcher;
    readonly writer?: ResultWriter;
    readonly toleratedFailureCount?: Template;
    readonly toleratedFailurePercentage?: Template;
  };
}

export type State = PassState | SucceedState | FailState | WaitState | ChoiceState | TaskState | ParallelState | MapState;
export type GuardedState = TaskState | ParallelState | MapState;

/** One thing wrong with a definition; `path` is a JSON pointer into it. */
export interface Issue {
  readonly code: string;
  readonly path: string;
  readonly message: string;
}

export type Definition = { readonly [key: string]: Json };
