/** The functions there are: those of the plan, given at every start, and those made through the API, kept in the folder of state. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CloudContext, ServiceError } from '../service.ts';
import { type FunctionConfig, functionArn } from './function.ts';
import { unzipTo } from './zip.ts';

export interface StoredFunction {
  config: FunctionConfig;
  /** `index.handler` */
  handler: string;
  runtime: string;
  role: string;
  codeSha256: string;
  codeBytes: number;
  lastModifiedMs: number;
  fromPlan: boolean;
}

export interface CreateArgs {
  name: string;
  zip: Buffer;
  handler: string;
  runtime: string;
  role: string;
  memoryMb: number;
  timeoutSeconds: number;
  environment: Record<string, string>;
  description?: string;
}

export interface Registry {
  find(reference: string): StoredFunction;
  list(): StoredFunction[];
  /** Replaces the functions of the plan. */
  setPlan(functions: readonly FunctionConfig[]): void;
  create(args: CreateArgs): StoredFunction;
  updateCode(name: string, zip: Buffer): StoredFunction;
  updateConfiguration(name: string, change: Partial<Omit<CreateArgs, 'name' | 'zip'>>): StoredFunction;
  remove(name: string): void;
}

const NODE_RUNTIMES = ['nodejs20.x', 'nodejs22.x', 'nodejs24.x'];

/** `name`, `function:name`, a partial or a full ARN, each with an optional `:$LATEST`. */
export function functionNameOf(reference: string): { name: string; qualifier: string } {
  const match =
    /^(?:(?:arn:aws[a-z-]*:lambda:[a-z0-9-]+:)?(?:\d{12}:)?function:)?([A-Za-z0-9_-]{1,64})(?::([A-Za-z0-9$_-]+))?$/.exec(
      reference,
    );
  if (!match) throw new ServiceError('ValidationException', `'${reference}' is not a name or ARN of a function.`, 400);
  return { name: match[1]!, qualifier: match[2] ?? '$LATEST' };
}

function validate(args: Pick<CreateArgs, 'handler' | 'runtime' | 'memoryMb' | 'timeoutSeconds'>): void {
  const refuse = (why: string) => new ServiceError('InvalidParameterValueException', why, 400);
  if (!NODE_RUNTIMES.includes(args.runtime))
    throw refuse(`The local Lambda runs ${NODE_RUNTIMES.join(', ')}; found the runtime ${args.runtime}.`);
  if (!/^[^\s]+\.[A-Za-z_$][\w$]*$/.test(args.handler) || args.handler.includes('..'))
    throw refuse(`Handler must be module.export, found ${args.handler}.`);
  if (!Number.isInteger(args.memoryMb) || args.memoryMb < 128 || args.memoryMb > 10_240)
    throw refuse(`MemorySize must lie between 128 and 10240, found ${args.memoryMb}.`);
  if (!Number.isInteger(args.timeoutSeconds) || args.timeoutSeconds < 1 || args.timeoutSeconds > 900)
    throw refuse(`Timeout must lie between 1 and 900, found ${args.timeoutSeconds}.`);
}

export function createRegistry(context: CloudContext): Registry {
  const folder = join(context.stateDir, 'lambda', 'functions');
  const functions = new Map<string, StoredFunction>();
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) {
    const path = join(folder, name, 'function.json');
    // A kill during CreateFunction, before it was acknowledged.
    if (existsSync(path)) functions.set(name, JSON.parse(readFileSync(path, 'utf8')) as StoredFunction);
    else rmSync(join(folder, name), { recursive: true, force: true });
  }

  const notFound = (reference: string) =>
    new ServiceError(
      'ResourceNotFoundException',
      `Function not found: ${reference.startsWith('arn:') ? reference : functionArn(context.region, context.accountId, reference)}`,
      404,
    );

  const save = (stored: StoredFunction) => {
    functions.set(stored.config.name, stored);
    if (stored.fromPlan) return;
    const path = join(folder, stored.config.name, 'function.json');
    mkdirSync(join(folder, stored.config.name), { recursive: true });
    writeFileSync(`${path}.new`, `${JSON.stringify(stored)}\n`);
    renameSync(`${path}.new`, path);
  };
  const own = (reference: string): StoredFunction => {
    const stored = functions.get(functionNameOf(reference).name);
    if (!stored) throw notFound(reference);
    if (stored.fromPlan)
      throw new ServiceError(
        'ResourceConflictException',
        `${stored.config.name} comes from the plan of the local cloud; change its source instead.`,
        409,
      );
    return stored;
  };

  /** Unpacks beside the old code, so that a running environment keeps what it loaded. */
  const unpack = (name: string, zip: Buffer, handler: string): { entry: string; sha: string } => {
    const sha = createHash('sha256').update(zip).digest('base64');
    const target = join(folder, name, `code-${createHash('sha256').update(zip).digest('hex').slice(0, 16)}`);
    const fresh = `${target}.new`;
    rmSync(fresh, { recursive: true, force: true });
    try {
      mkdirSync(fresh, { recursive: true });
      unzipTo(zip, fresh);
    } catch (error) {
      rmSync(fresh, { recursive: true, force: true });
      throw new ServiceError('InvalidParameterValueException', error instanceof Error ? error.message : String(error), 400);
    }
    rmSync(target, { recursive: true, force: true });
    renameSync(fresh, target);
    return { entry: entryOf(target, handler), sha };
  };

  return {
    list: () => [...functions.values()].sort((a, b) => (a.config.name < b.config.name ? -1 : 1)),
    find(reference) {
      const { name, qualifier } = functionNameOf(reference);
      const stored = functions.get(name);
      if (!stored || qualifier !== '$LATEST') throw notFound(reference);
      return stored;
    },
    setPlan(plan) {
      for (const [name, stored] of [...functions]) if (stored.fromPlan) functions.delete(name);
      for (const config of plan) {
        functions.set(config.name, {
          config,
          handler: `${config.name}.${config.exportName ?? 'handler'}`,
          runtime: 'nodejs24.x',
          role: `arn:aws:iam::${context.accountId}:role/${config.name}`,
          codeSha256: createHash('sha256').update(config.entry).digest('base64'),
          codeBytes: 0,
          lastModifiedMs: context.clock.now(),
          fromPlan: true,
        });
      }
    },
    create(args) {
      validate(args);
      const { name } = functionNameOf(args.name);
      if (functions.has(name)) throw new ServiceError('ResourceConflictException', `Function already exist: ${name}`, 409);
      const { entry, sha } = unpack(name, args.zip, args.handler);
      const config: FunctionConfig = {
        name,
        entry,
        exportName: args.handler.slice(args.handler.lastIndexOf('.') + 1),
        memoryMb: args.memoryMb,
        timeoutSeconds: args.timeoutSeconds,
        environment: args.environment,
        ...(args.description === undefined ? {} : { description: args.description }),
      };
      const { handler, runtime, role } = args;
      const stored = {
        config,
        handler,
        runtime,
        role,
        codeSha256: sha,
        codeBytes: args.zip.length,
        lastModifiedMs: context.clock.now(),
        fromPlan: false,
      };
      save(stored);
      return stored;
    },
    updateCode(name, zip) {
      const old = own(name);
      const { entry, sha } = unpack(old.config.name, zip, old.handler);
      const stored = {
        ...old,
        config: { ...old.config, entry },
        codeSha256: sha,
        codeBytes: zip.length,
        lastModifiedMs: context.clock.now(),
      };
      save(stored);
      return stored;
    },
    updateConfiguration(name, change) {
      const old = own(name);
      const handler = change.handler ?? old.handler;
      const runtime = change.runtime ?? old.runtime;
      const memoryMb = change.memoryMb ?? old.config.memoryMb;
      const timeoutSeconds = change.timeoutSeconds ?? old.config.timeoutSeconds;
      validate({ handler, runtime, memoryMb, timeoutSeconds });
      const description = change.description ?? old.config.description;
      const config: FunctionConfig = {
        ...old.config,
        entry: entryOf(codeFolder(folder, old), handler),
        exportName: handler.slice(handler.lastIndexOf('.') + 1),
        memoryMb,
        timeoutSeconds,
        environment: change.environment ?? old.config.environment,
        ...(description === undefined ? {} : { description }),
      };
      const stored = { ...old, config, handler, runtime, role: change.role ?? old.role, lastModifiedMs: context.clock.now() };
      save(stored);
      return stored;
    },
    remove(name) {
      const stored = own(name);
      functions.delete(stored.config.name);
      rmSync(join(folder, stored.config.name), { recursive: true, force: true });
    },
  };
}

function codeFolder(folder: string, stored: StoredFunction): string {
  const root = join(folder, stored.config.name);
  const rest = stored.config.entry.slice(root.length + 1);
  return join(root, rest.split(/[\\/]/)[0]!);
}

/** `src/index.handler` names `src/index.mjs`, `.js` or `.cjs`; what is absent fails at the first invocation, as in the cloud. */
function entryOf(folder: string, handler: string): string {
  const module = handler.slice(0, handler.lastIndexOf('.'));
  const found = ['.mjs', '.js', '.cjs']
    .map((extension) => join(folder, `${module}${extension}`))
    .find((path) => existsSync(path));
  return found ?? join(folder, `${module}.js`);
}
