/** The operations on state machines: create, update, describe, list, delete, validate, tag. */
import { type CloudContext, ServiceError } from '../service.ts';
import type { Engine } from './execution.ts';
import type { Executions } from './executions.ts';
import { isObject } from './json.ts';
import type { Machines, StateMachine } from './machines.ts';
import { type Action, isName, page, text, validation } from './requests.ts';

export function createMachineActions(
  context: CloudContext,
  engine: Engine,
  machines: Machines,
  executions: Executions,
): Record<string, Action> {
  const arnOf = (name: string) => `arn:aws:states:${context.region}:${context.accountId}:stateMachine:${name}`;
  const revisionOf = (machine: StateMachine) => machine.definitionHash.slice(0, 32);

  const role = (value: unknown): string => {
    if (typeof value !== 'string' || !/^arn:aws[a-z-]*:iam::\d*:role\/.+$/.test(value)) {
      throw new ServiceError(
        'InvalidArn',
        `Invalid Arn: 'the ARN of a role was expected as roleArn, found ${JSON.stringify(value)}'`,
      );
    }
    return value;
  };

  const tagged = (value: unknown): Record<string, string> => {
    if (value === undefined) return {};
    if (!Array.isArray(value)) throw validation('tags must be a list of key and value');
    return Object.fromEntries(
      value.map((tag) => {
        if (!isObject(tag) || typeof tag['key'] !== 'string') throw validation('a tag has a key');
        return [tag['key'], String(tag['value'] ?? '')];
      }),
    );
  };

  const refuseVersions = (args: Record<string, unknown>) => {
    if (args['publish'] === true || args['versionDescription'] !== undefined)
      throw validation('this cloud keeps no versions of state machines: publish and versionDescription are refused');
    if (isObject(args['encryptionConfiguration']) && args['encryptionConfiguration']['type'] !== 'AWS_OWNED_KEY')
      throw validation('this cloud encrypts nothing: encryptionConfiguration must be AWS_OWNED_KEY');
  };

  return {
    CreateStateMachine(args) {
      const name = text(args, 'name');
      if (name.length < 1 || name.length > 80 || !isName(name)) throw new ServiceError('InvalidName', `Invalid Name: '${name}'`);
      const type = args['type'] ?? 'STANDARD';
      if (type !== 'STANDARD')
        throw new ServiceError(
          'StateMachineTypeNotSupported',
          `State Machine Type Not Supported: this cloud runs STANDARD machines, found '${String(type)}'`,
        );
      refuseVersions(args);
      const roleArn = role(args['roleArn']);
      const definitionHash = machines.keep(args['definition']);
      const arn = arnOf(name);
      const known = machines.find(arn);
      if (known) {
        // Creating what is there is no error as long as the definition is the same; AWS does not compare the role.
        if (known.definitionHash === definitionHash) return { stateMachineArn: arn, creationDate: new Date(known.createdMs) };
        throw new ServiceError('StateMachineAlreadyExists', `State Machine Already Exists: '${arn}'`);
      }
      const now = engine.clock.now();
      machines.put({
        arn,
        name,
        definitionHash,
        roleArn,
        createdMs: now,
        updatedMs: now,
        tags: tagged(args['tags']),
        ...(isObject(args['loggingConfiguration']) ? { loggingConfiguration: args['loggingConfiguration'] } : {}),
        ...(isObject(args['tracingConfiguration']) ? { tracingConfiguration: args['tracingConfiguration'] } : {}),
      });
      return { stateMachineArn: arn, creationDate: new Date(now) };
    },

    UpdateStateMachine(args) {
      const machine = machines.get(args['stateMachineArn']);
      refuseVersions(args);
      const changed = ['definition', 'roleArn', 'loggingConfiguration', 'tracingConfiguration', 'encryptionConfiguration'];
      if (changed.every((field) => args[field] === undefined))
        throw new ServiceError(
          'MissingRequiredParameter',
          'Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified',
        );
      const now = engine.clock.now();
      const updated: StateMachine = {
        ...machine,
        ...(args['definition'] === undefined ? {} : { definitionHash: machines.keep(args['definition']) }),
        ...(args['roleArn'] === undefined ? {} : { roleArn: role(args['roleArn']) }),
        ...(isObject(args['loggingConfiguration']) ? { loggingConfiguration: args['loggingConfiguration'] } : {}),
        ...(isObject(args['tracingConfiguration']) ? { tracingConfiguration: args['tracingConfiguration'] } : {}),
        updatedMs: now,
      };
      machines.put(updated);
      return { updateDate: new Date(now), revisionId: revisionOf(updated) };
    },

    DescribeStateMachine(args) {
      const machine = machines.get(args['stateMachineArn']);
      const withData = args['includedData'] !== 'METADATA_ONLY';
      return {
        stateMachineArn: machine.arn,
        name: machine.name,
        status: 'ACTIVE',
        ...(withData ? { definition: machines.definition(machine.definitionHash) } : {}),
        roleArn: machine.roleArn,
        type: 'STANDARD',
        creationDate: new Date(machine.createdMs),
        loggingConfiguration: machine.loggingConfiguration ?? { level: 'OFF', includeExecutionData: false },
        tracingConfiguration: machine.tracingConfiguration ?? { enabled: false },
        encryptionConfiguration: { type: 'AWS_OWNED_KEY' },
        revisionId: revisionOf(machine),
      };
    },

    ListStateMachines(args) {
      const all = machines.list().sort((a, b) => (a.name < b.name ? -1 : 1));
      const { items, nextToken } = page(args, all.length, 1000, 100);
      return {
        stateMachines: items.map((i) => {
          const machine = all[i]!;
          return {
            stateMachineArn: machine.arn,
            name: machine.name,
            type: 'STANDARD',
            creationDate: new Date(machine.createdMs),
          };
        }),
        ...nextToken,
      };
    },

    /** Running executions are aborted; AWS also ends them, at its own time. */
    DeleteStateMachine(args) {
      const arn = text(args, 'stateMachineArn');
      if (machines.find(arn))
        for (const entry of executions.ofMachine(arn)) entry.running?.stop(undefined, 'The state machine was deleted.');
      machines.remove(arn);
      return {};
    },

    ValidateStateMachineDefinition(args) {
      if (args['type'] !== undefined && args['type'] !== 'STANDARD')
        throw validation(`this cloud runs STANDARD machines, found ${JSON.stringify(args['type'])}`);
      const most = typeof args['maxResults'] === 'number' && args['maxResults'] > 0 ? args['maxResults'] : 100;
      const issues = machines.issues(text(args, 'definition'));
      return {
        result: issues.length === 0 ? 'OK' : 'FAIL',
        diagnostics: issues
          .slice(0, most)
          .map(({ code, path, message }) => ({ severity: 'ERROR', code, message, location: path === '' ? '/' : path })),
        truncated: issues.length > most,
      };
    },

    TagResource(args) {
      const machine = machines.get(args['resourceArn']);
      machines.put({ ...machine, tags: { ...machine.tags, ...tagged(args['tags']) } });
      return {};
    },

    UntagResource(args) {
      const machine = machines.get(args['resourceArn']);
      const keys = args['tagKeys'];
      if (!Array.isArray(keys)) throw validation('tagKeys must be a list');
      machines.put({ ...machine, tags: Object.fromEntries(Object.entries(machine.tags).filter(([key]) => !keys.includes(key))) });
      return {};
    },

    ListTagsForResource(args) {
      const machine = machines.get(args['resourceArn']);
      return { tags: Object.entries(machine.tags).map(([key, value]) => ({ key, value })) };
    },
  };
}
