/** The operations of the Step Functions API, by AWS name. */
import { randomUUID } from 'node:crypto';
import { type CloudContext, ServiceError } from '../service.ts';
import type { Engine, ExecutionEnd, ExecutionFacts, Status } from './execution.ts';
import type { Entry, Executions } from './executions.ts';
import { describeEvent, type HistoryEvent } from './history.ts';
import { exceedsBytes, PAYLOAD_LIMIT_BYTES } from './json.ts';
import { createMachineActions } from './machine-actions.ts';
import type { Machines, StateMachine } from './machines.ts';
import { type Action, isName, page, text, validation } from './requests.ts';
import type { TokenHolder } from './tokens.ts';

export interface Actions {
  readonly table: Readonly<Record<string, Action>>;
  startNested(args: { stateMachineArn: string; name: string | undefined; input: string; startedBy: string }): {
    executionArn: string;
    startMs: number;
  };
}

const STATUSES: readonly Status[] = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'];

/** Either a top-level execution or a child of a map run, as the API tells of both. */
interface Told {
  readonly facts: ExecutionFacts;
  readonly end: ExecutionEnd | undefined;
  readonly aborted: boolean;
  /** Items that a child of a map run works on. */
  readonly itemCount?: number;
  history(): HistoryEvent[];
}

export function createActions(context: CloudContext, engine: Engine, machines: Machines, executions: Executions): Actions {
  const { mapRuns, tokens } = engine;

  const executionArn = (machine: StateMachine, name: string) => `${machine.arn.replace(':stateMachine:', ':execution:')}:${name}`;

  function begin(machine: StateMachine, name: string, input: string, startedBy?: string): Entry {
    if (exceedsBytes(input, PAYLOAD_LIMIT_BYTES)) {
      throw new ServiceError(
        'InvalidExecutionInput',
        `Invalid State Machine Execution Input: 'the input has more than ${PAYLOAD_LIMIT_BYTES} bytes'`,
      );
    }
    try {
      JSON.parse(input);
    } catch (error) {
      throw new ServiceError('InvalidExecutionInput', `Invalid State Machine Execution Input: '${(error as Error).message}'`);
    }
    const facts: ExecutionFacts = {
      arn: executionArn(machine, name),
      name,
      stateMachineArn: machine.arn,
      stateMachineName: machine.name,
      roleArn: machine.roleArn,
      startMs: engine.clock.now(),
      input,
    };
    return executions.start(engine, facts, machine.definitionHash, startedBy);
  }

  function find(arn: unknown): Told {
    if (typeof arn !== 'string' || !/^arn:aws[a-z-]*:states:[^:]+:\d+:(execution|express):.+$/.test(arn)) {
      throw new ServiceError('InvalidArn', `Invalid Arn: 'the ARN of an execution was expected, found ${JSON.stringify(arn)}'`);
    }
    const entry = executions.find(arn);
    if (entry)
      return {
        facts: entry.facts,
        end: entry.end ?? entry.running?.end,
        aborted: false,
        history: () => executions.history(entry),
      };
    const found = mapRuns.child(arn);
    if (!found) throw new ServiceError('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
    const { run, child } = found;
    return {
      facts: child.facts,
      end: child.end ?? child.execution?.end,
      aborted: run.status !== 'RUNNING',
      history: () => mapRuns.history(run, child),
    };
  }

  async function holderOf(token: unknown): Promise<TokenHolder> {
    await tokens.reached(token);
    return tokens.holder(token, (arn) => executions.find(arn) !== undefined || mapRuns.child(arn) !== undefined);
  }

  const statusOf = ({ end, aborted }: Told): Status => end?.status ?? (aborted ? 'ABORTED' : 'RUNNING');

  const summary = (told: Told) => ({
    executionArn: told.facts.arn,
    stateMachineArn: told.facts.stateMachineArn,
    name: told.facts.name,
    status: statusOf(told),
    startDate: new Date(told.facts.startMs),
    ...(told.end ? { stopDate: new Date(told.end.ms) } : {}),
    ...(told.facts.mapRunArn === undefined ? {} : { mapRunArn: told.facts.mapRunArn }),
    ...(told.itemCount === undefined ? {} : { itemCount: told.itemCount }),
    redriveCount: 0,
  });

  const table: Record<string, Action> = {
    ...createMachineActions(context, engine, machines, executions),

    StartExecution(args) {
      const machine = machines.get(args['stateMachineArn']);
      const name = args['name'] === undefined ? randomUUID() : text(args, 'name');
      if (name.length < 1 || name.length > 80 || !isName(name)) throw new ServiceError('InvalidName', `Invalid Name: '${name}'`);
      const entry = begin(machine, name, args['input'] === undefined ? '{}' : text(args, 'input'));
      return { executionArn: entry.facts.arn, startDate: new Date(entry.facts.startMs) };
    },

    StopExecution(args) {
      const told = find(args['executionArn']);
      const entry = executions.find(told.facts.arn);
      const error = args['error'] === undefined ? undefined : text(args, 'error');
      const cause = args['cause'] === undefined ? undefined : text(args, 'cause');
      const running = entry ? entry.running : mapRuns.child(told.facts.arn)?.child.execution;
      running?.stop(error, cause);
      const end = running?.end ?? told.end;
      return { stopDate: new Date(end?.ms ?? engine.clock.now()) };
    },

    DescribeExecution(args) {
      const told = find(args['executionArn']);
      const { end } = told;
      const withData = args['includedData'] !== 'METADATA_ONLY';
      return {
        ...summary(told),
        ...(withData ? { input: told.facts.input, inputDetails: { included: true } } : {}),
        ...(end?.output === undefined || !withData ? {} : { output: end.output, outputDetails: { included: true } }),
        ...(end?.error === undefined ? {} : { error: end.error }),
        ...(end?.cause === undefined ? {} : { cause: end.cause }),
        redriveStatus: 'NOT_REDRIVABLE',
        redriveStatusReason: 'this cloud does not redrive executions',
      };
    },

    GetExecutionHistory(args) {
      const told = find(args['executionArn']);
      const events = told.history();
      const { items, nextToken } = page(args, events.length, 1000, 100);
      const reverse = args['reverseOrder'] === true;
      const withData = args['includeExecutionData'] !== false;
      return { events: items.map((i) => describeEvent(events[reverse ? events.length - 1 - i : i]!, withData)), ...nextToken };
    },

    ListExecutions(args) {
      const wanted = args['statusFilter'];
      if (wanted !== undefined && wanted !== 'PENDING_REDRIVE' && !STATUSES.includes(wanted as Status))
        throw validation(`statusFilter must be one of ${STATUSES.join(', ')}, found ${JSON.stringify(wanted)}`);
      if ((args['stateMachineArn'] === undefined) === (args['mapRunArn'] === undefined))
        throw validation('either stateMachineArn or mapRunArn is required');
      let all: Told[];
      if (args['mapRunArn'] !== undefined) {
        const run = mapRuns.get(text(args, 'mapRunArn'));
        if (!run) throw new ServiceError('ResourceNotFound', `Resource not found: '${text(args, 'mapRunArn')}'`);
        all = [...run.children.values()]
          .sort((a, b) => b.index - a.index)
          .map((child) => ({
            facts: child.facts,
            end: child.end ?? child.execution?.end,
            aborted: run.status !== 'RUNNING',
            itemCount: child.itemCount,
            history: () => [],
          }));
      } else {
        const machine = machines.get(args['stateMachineArn']);
        all = executions
          .ofMachine(machine.arn)
          .map((entry) => ({ facts: entry.facts, end: entry.end ?? entry.running?.end, aborted: false, history: () => [] }));
      }
      const matching = wanted === undefined ? all : all.filter((told) => statusOf(told) === wanted);
      const { items, nextToken } = page(args, matching.length, 1000, 100);
      return { executions: items.map((i) => summary(matching[i]!)), ...nextToken };
    },

    async SendTaskSuccess(args) {
      const holder = await holderOf(args['taskToken']);
      const output = text(args, 'output');
      if (exceedsBytes(output, PAYLOAD_LIMIT_BYTES))
        throw new ServiceError('InvalidOutput', `Invalid Output: 'the output has more than ${PAYLOAD_LIMIT_BYTES} bytes'`);
      try {
        JSON.parse(output);
      } catch (error) {
        throw new ServiceError('InvalidOutput', `Invalid Output: '${(error as Error).message}'`);
      }
      holder.succeed(output);
      return {};
    },

    async SendTaskFailure(args) {
      const holder = await holderOf(args['taskToken']);
      const error = args['error'] === undefined ? undefined : text(args, 'error');
      const cause = args['cause'] === undefined ? undefined : text(args, 'cause');
      if ((error?.length ?? 0) > 256) throw validation(`error has at most 256 characters, found ${error?.length}`);
      if ((cause?.length ?? 0) > 32_768) throw validation(`cause has at most 32768 characters, found ${cause?.length}`);
      holder.fail(error, cause);
      return {};
    },

    async SendTaskHeartbeat(args) {
      (await holderOf(args['taskToken'])).heartbeat();
      return {};
    },

    DescribeMapRun(args) {
      const run = mapRuns.get(text(args, 'mapRunArn'));
      if (!run) throw new ServiceError('ResourceNotFound', `Resource not found: '${text(args, 'mapRunArn')}'`);
      return run.describe();
    },

    ListMapRuns(args) {
      const told = find(args['executionArn']);
      const runs = mapRuns.list(told.facts.arn).reverse();
      const { items, nextToken } = page(args, runs.length, 1000, 100);
      return {
        mapRuns: items.map((i) => {
          const { facts, stopMs } = runs[i]!;
          return {
            executionArn: facts.executionArn,
            mapRunArn: facts.arn,
            stateMachineArn: facts.stateMachineArn,
            startDate: new Date(facts.startMs),
            ...(stopMs === undefined ? {} : { stopDate: new Date(stopMs) }),
          };
        }),
        ...nextToken,
      };
    },

    DescribeStateMachineForExecution(args) {
      const told = find(args['executionArn']);
      const parent = told.facts.mapRunArn === undefined ? undefined : mapRuns.get(told.facts.mapRunArn);
      const entry = executions.find(parent?.facts.executionArn ?? told.facts.arn);
      if (!entry) throw new ServiceError('ExecutionDoesNotExist', `Execution Does Not Exist: '${told.facts.arn}'`);
      return {
        stateMachineArn: told.facts.stateMachineArn,
        name: told.facts.stateMachineName,
        definition: machines.definition(entry.definitionHash),
        roleArn: told.facts.roleArn,
        updateDate: new Date(machines.find(entry.facts.stateMachineArn)?.updatedMs ?? entry.facts.startMs),
        revisionId: entry.definitionHash.slice(0, 32),
        ...(parent ? { mapRunArn: parent.facts.arn } : {}),
      };
    },
  };

  return {
    table,
    startNested({ stateMachineArn, name, input, startedBy }) {
      const chosen = name ?? randomUUID();
      if (chosen.length < 1 || chosen.length > 80 || !isName(chosen))
        throw new ServiceError('InvalidName', `Invalid Name: '${chosen}'`);
      const entry = begin(machines.get(stateMachineArn), chosen, input, startedBy);
      return { executionArn: entry.facts.arn, startMs: entry.facts.startMs };
    },
  };
}
