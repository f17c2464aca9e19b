/** The state machines that exist, and the definitions that running executions still need. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { type Journal, openJournal } from '../journal.ts';
import { ServiceError } from '../service.ts';
import type { Issue, Machine } from './definition.ts';
import { type ParseOptions, parseMachine } from './parse.ts';

export interface StateMachine {
  readonly arn: string;
  readonly name: string;
  readonly definitionHash: string;
  readonly roleArn: string;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly description?: string;
  readonly loggingConfiguration?: unknown;
  readonly tracingConfiguration?: unknown;
  readonly tags: Readonly<Record<string, string>>;
}

type MachineRecord = { readonly put: StateMachine } | { readonly gone: string };

/** Largest definition, in bytes of UTF-8. */
export const DEFINITION_LIMIT_BYTES = 1_048_576;

/** Compiled machines kept in memory. */
const COMPILED_LIMIT = 64;

export class Machines {
  readonly #dir: string;
  readonly #clock: Clock;
  readonly #options: ParseOptions;
  readonly #journal: Journal<MachineRecord>;
  readonly #machines = new Map<string, StateMachine>();
  readonly #compiled = new Map<string, Machine>();

  constructor(dir: string, clock: Clock, options: ParseOptions) {
    this.#dir = dir;
    this.#clock = clock;
    this.#options = options;
    this.#journal = openJournal<MachineRecord>(join(dir, 'machines.jsonl'));
    for (const record of this.#journal.recovered) {
      if ('put' in record) this.#machines.set(record.put.arn, record.put);
      else this.#machines.delete(record.gone);
    }
    this.#journal.forget();
  }

  list(): StateMachine[] {
    return [...this.#machines.values()];
  }

  get(arn: unknown): StateMachine {
    if (typeof arn !== 'string' || !/^arn:aws[a-z-]*:states:[^:]+:\d+:stateMachine:[^:]+$/.test(arn)) {
      throw new ServiceError(
        'InvalidArn',
        `Invalid Arn: 'the ARN of a state machine was expected, found ${JSON.stringify(arn)}'`,
      );
    }
    const machine = this.#machines.get(arn);
    if (!machine) throw new ServiceError('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
    return machine;
  }

  find(arn: string): StateMachine | undefined {
    return this.#machines.get(arn);
  }

  put(machine: StateMachine): void {
    this.#journal.append({ put: machine });
    this.#machines.set(machine.arn, machine);
  }

  remove(arn: string): void {
    if (!this.#machines.delete(arn)) return;
    this.#journal.append({ gone: arn });
  }

  issues(definition: string): readonly Issue[] {
    if (Buffer.byteLength(definition) > DEFINITION_LIMIT_BYTES) {
      return [
        {
          code: 'DEFINITION_TOO_LARGE',
          path: '',
          message: `a definition has at most ${DEFINITION_LIMIT_BYTES} bytes, found ${Buffer.byteLength(definition)}`,
        },
      ];
    }
    return parseMachine(definition, this.#options).issues;
  }

  /** Checks and keeps a definition; returns the name it is kept under. @throws ServiceError InvalidDefinition that lists every offence with its path */
  keep(definition: unknown): string {
    if (typeof definition !== 'string')
      throw new ServiceError('InvalidDefinition', "Invalid State Machine Definition: 'the definition is missing'");
    const issues = this.issues(definition);
    if (issues.length > 0) {
      const told = issues.map(({ code, path, message }) => `${code}: ${message} at ${path === '' ? '/' : path}`).join('; ');
      throw new ServiceError('InvalidDefinition', `Invalid State Machine Definition: '${told}'`);
    }
    const hash = createHash('sha256').update(definition).digest('hex');
    const path = this.#definitionPath(hash);
    if (!existsSync(path)) {
      mkdirSync(join(this.#dir, 'definitions'), { recursive: true });
      writeFileSync(`${path}.part`, definition);
      renameSync(`${path}.part`, path);
    }
    return hash;
  }

  #definitionPath(hash: string): string {
    return join(this.#dir, 'definitions', `${hash}.json`);
  }

  definition(hash: string): string {
    return readFileSync(this.#definitionPath(hash), 'utf8');
  }

  compiled(hash: string): Machine {
    let machine = this.#compiled.get(hash);
    if (!machine) {
      const parsed = parseMachine(this.definition(hash), this.#options);
      if (parsed.issues.length > 0) throw new Error(`a kept definition is no longer valid: ${JSON.stringify(parsed.issues)}`);
      machine = parsed.machine;
      if (this.#compiled.size >= COMPILED_LIMIT) this.#compiled.delete(this.#compiled.keys().next().value!);
    } else this.#compiled.delete(hash);
    this.#compiled.set(hash, machine);
    return machine;
  }

  now(): number {
    return this.#clock.now();
  }

  close(): void {
    this.#journal.close();
  }
}
