/** Job definitions with their revisions, queues and compute environments: what exists at the start, and how names find them. */
import { canonicalJson } from '../canonical-json.ts';
import type { JobStore } from './job-store.ts';
import type { JobDefinition, LocalJobDefinition } from './model.ts';

export interface Prepared {
  definitions?: readonly LocalJobDefinition[];
  queues?: readonly string[];
}

export type DefinitionBody = Omit<JobDefinition, 'arn' | 'revision' | 'status'>;

/** The image that a local definition brings with it. */
export function localImage(definition: LocalJobDefinition): string {
  return `local/${definition.name}`;
}

/** Brings the definitions and queues of the options about; what is there already and unchanged stays. */
export function prepare(store: JobStore, options: Prepared, prefix: string): void {
  for (const local of options.definitions ?? []) {
    const wanted: DefinitionBody = {
      name: local.name,
      image: localImage(local),
      command: [...(local.command ?? [])],
      environment: [],
      parameters: { ...local.parameters },
      vcpus: local.vcpus ?? 1,
      memoryMb: local.memoryMb ?? 1024,
      attempts: local.attempts ?? 1,
      evaluateOnExit: [...(local.evaluateOnExit ?? [])],
      ...(local.timeoutSeconds === undefined ? {} : { timeoutSeconds: local.timeoutSeconds }),
      propagateTags: false,
      tags: {},
    };
    const current = resolveDefinition(store, local.name);
    if (current && canonicalJson(bodyOf(current)) === canonicalJson(bodyOf(wanted))) continue;
    register(store, prefix, wanted);
  }
  const environment = `${prefix}:compute-environment/local`;
  if (!store.environments.has(environment)) {
    store.putEnvironment({ name: 'local', arn: environment, type: 'MANAGED', state: 'ENABLED', tags: {} });
  }
  for (const name of options.queues ?? []) {
    const arn = `${prefix}:job-queue/${name}`;
    if (store.queues.has(arn)) continue;
    store.putQueue({
      name,
      arn,
      state: 'ENABLED',
      priority: 1,
      computeEnvironments: [{ order: 1, computeEnvironment: environment }],
      tags: {},
    });
  }
}

/** A definition without its place in the registry and its tags, which may change on their own. */
function bodyOf({ tags: _tags, ...definition }: DefinitionBody & Partial<JobDefinition>): Record<string, unknown> {
  const { arn: _arn, revision: _revision, status: _status, ...body } = definition;
  return body;
}

/** The next revision of its name. */
export function register(store: JobStore, prefix: string, read: DefinitionBody): JobDefinition {
  const revision =
    1 + Math.max(0, ...[...store.definitions.values()].filter((one) => one.name === read.name).map((one) => one.revision));
  const definition: JobDefinition = {
    ...read,
    arn: `${prefix}:job-definition/${read.name}:${revision}`,
    revision,
    status: 'ACTIVE',
  };
  store.putDefinition(definition);
  return definition;
}

/** `name` (the newest active revision), `name:revision` or an ARN of either form. */
export function resolveDefinition(store: JobStore, reference: string, exact = false): JobDefinition | undefined {
  const [name, revision] = (reference.split(':job-definition/').at(-1) ?? '').split(':');
  const active = [...store.definitions.values()].filter((one) => one.name === name && one.status === 'ACTIVE');
  if (revision !== undefined) return active.find((one) => one.revision === Number(revision));
  if (exact) return undefined;
  return active.sort((a, b) => b.revision - a.revision)[0];
}

export function named<T extends { name: string; arn: string }>(all: ReadonlyMap<string, T>, reference: string): T | undefined {
  return all.get(reference) ?? [...all.values()].find((one) => one.name === reference);
}

export function selected<T extends { name: string; arn: string }>(
  all: ReadonlyMap<string, T>,
  wanted: readonly string[] | undefined,
): T[] {
  return [...all.values()].filter((one) => wanted === undefined || wanted.includes(one.name) || wanted.includes(one.arn));
}
