/** What a JSONata expression refers to, read from its syntax tree when a machine is created. */
import { KNOWN_FUNCTIONS, REFUSED_FUNCTIONS } from './functions.ts';

export interface ExpressionFacts {
  /** Workflow variables that are read, without the dollar sign; `states` is not among them. */
  readonly variables: ReadonlySet<string>;
  /** Names that are called and are no local function. */
  readonly calls: ReadonlySet<string>;
  /** Paths below `$states`, e.g. `context.Task.Token`; an empty string where the whole object is used. */
  readonly statesPaths: ReadonlySet<string>;
  /** What is wrong with the expression wherever it stands. */
  readonly offences: readonly string[];
}

type Node = Record<string, unknown> & { type?: string; value?: unknown };

const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null;

function boundNames(root: unknown): Set<string> {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const member of value) visit(member);
    if (Array.isArray(value) || !isNode(value)) return;
    if (value.type === 'bind') names.add(String((value['lhs'] as Node).value));
    if (value.type === 'lambda') for (const argument of value['arguments'] as Node[]) names.add(String(argument.value));
    if (typeof value['focus'] === 'string') names.add(value['focus']);
    if (typeof value['index'] === 'string') names.add(value['index']);
    for (const member of Object.values(value)) visit(member);
  };
  visit(root);
  return names;
}

export function analyseExpression(ast: unknown): ExpressionFacts {
  const local = boundNames(ast);
  const variables = new Set<string>();
  const calls = new Set<string>();
  const statesPaths = new Set<string>();
  const offences: string[] = [];
  if (local.has('states')) offences.push('$states is reserved and cannot be assigned');

  const visitVariable = (name: string, atTop: boolean, path: string) => {
    if (name === '$') offences.push('$$ has no value: an expression starts without input, use $states.input');
    else if (name === '') {
      if (atTop) offences.push('$ has no value at the top level of an expression, use $states.input');
    } else if (name === 'states') statesPaths.add(path);
    else if (!local.has(name)) variables.add(name);
  };

  // `atTop` is true where the context is still the (absent) input of the whole expression.
  const visit = (value: unknown, atTop: boolean): void => {
    if (Array.isArray(value)) for (const member of value) visit(member, atTop);
    if (Array.isArray(value) || !isNode(value)) return;
    const inner = (...keys: string[]) => {
      for (const key of keys) visit(value[key], false);
    };
    switch (value.type) {
      case 'path': {
        const steps = value['steps'] as Node[];
        const [first, ...rest] = steps;
        if (first?.type === 'variable') {
          const names: string[] = [];
          for (const step of rest) {
            if (step.type !== 'name') break;
            names.push(String(step.value));
            if (step['stages'] !== undefined) break;
          }
          visitVariable(String(first.value), atTop, names.join('.'));
          visit([first['predicate'], first['stages'], first['group']], false);
        } else visit(first, atTop);
        visit(rest, false);
        inner('group');
        return;
      }
      case 'name':
        if (atTop)
          offences.push(
            `field ${String(value.value)} stands at the top level, where there is no input; use $states.input.${String(value.value)}`,
          );
        inner('stages', 'predicate', 'group');
        return;
      case 'wildcard':
      case 'descendant':
        if (atTop) offences.push(`${String(value.value)} stands at the top level, where there is no input; use $states.input`);
        inner('stages', 'predicate', 'group');
        return;
      case 'variable':
        visitVariable(String(value.value), atTop, '');
        inner('stages', 'predicate', 'group');
        return;
      case 'function':
      case 'partial': {
        const procedure = value['procedure'] as Node;
        if (procedure.type === 'variable' && !local.has(String(procedure.value))) calls.add(String(procedure.value));
        else visit(procedure, atTop);
        visit(value['arguments'], atTop);
        inner('stages', 'predicate', 'group');
        return;
      }
      case 'bind':
        visit(value['rhs'], atTop);
        return;
      case 'lambda':
        visit(value['body'], atTop);
        return;
      case 'transform':
        inner('pattern', 'update', 'delete');
        return;
      case 'filter':
      case 'sort':
        inner('expr', 'terms');
        return;
      default:
        for (const [key, member] of Object.entries(value)) {
          if (key === 'position' || key === 'value') continue;
          visit(member, key === 'stages' || key === 'predicate' || key === 'group' ? false : atTop);
        }
    }
  };
  visit(ast, true);

  // A built-in function may be named without a call, as in $map(list, $string); eval may not even be named.
  for (const name of [...variables]) {
    if (KNOWN_FUNCTIONS.has(name)) variables.delete(name);
    else if (Object.hasOwn(REFUSED_FUNCTIONS, name)) {
      variables.delete(name);
      calls.add(name);
    }
  }
  for (const name of calls) {
    if (Object.hasOwn(REFUSED_FUNCTIONS, name)) offences.push(`function $${name} is not supported: ${REFUSED_FUNCTIONS[name]}`);
    else if (!KNOWN_FUNCTIONS.has(name)) offences.push(`function $${name} does not exist`);
  }
  return { variables, calls, statesPaths, offences };
}
