/** Features of the language that only some devices accept, and where a program first uses them. */

import type { Statement } from './syntax.ts';

export type Feature =
  | 'for loops'
  | 'while loops'
  | 'if statements'
  | 'subroutines'
  | 'classical variables'
  | 'classical inputs'
  | 'aliases'
  | 'gate definitions'
  | 'gate modifiers';

export interface UsedFeature {
  readonly feature: Feature;
  readonly line: number;
  readonly column: number;
}

export class FeatureLog {
  readonly #used = new Map<Feature, UsedFeature>();

  get used(): readonly UsedFeature[] {
    return [...this.#used.values()];
  }

  note(statement: Statement): void {
    const feature = featureOf(statement);
    if (feature === null || this.#used.has(feature)) return;
    this.#used.set(feature, { feature, line: statement.at.line, column: statement.at.column });
  }
}

function featureOf(statement: Statement): Feature | null {
  switch (statement.kind) {
    case 'for':
      return 'for loops';
    case 'while':
      return 'while loops';
    case 'if':
      return 'if statements';
    case 'def':
      return 'subroutines';
    case 'assign':
      return 'classical variables';
    case 'variable':
      // A bit without a value only takes measurements.
      return statement.type.kind === 'bit' && statement.value === undefined ? null : 'classical variables';
    case 'input':
      return statement.type.kind === 'float' || statement.type.kind === 'angle' ? null : 'classical inputs';
    case 'alias':
      return 'aliases';
    case 'gate':
      return statement.body.some((inner) => inner.kind === 'for') ? 'for loops' : 'gate definitions';
    case 'call':
      return statement.modifiers.length > 0 ? 'gate modifiers' : null;
    default:
      return null;
  }
}
