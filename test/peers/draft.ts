/** Random draws for one program, and the features that it uses. Equal seeds draw equal programs. */

import type { Random } from '../../quantum/index.ts';

export class Draft {
  readonly random: Random;
  readonly qubits: number;
  readonly features = new Set<string>();

  constructor(random: Random, qubits: number) {
    this.random = random;
    this.qubits = qubits;
  }

  use(...features: string[]): void {
    for (const feature of features) this.features.add(feature);
  }

  chance(probability: number): boolean {
    return this.random.uniform() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.random.integer(items.length)]!;
  }

  /** Distinct qubits, in any order. */
  choose(count: number): number[] {
    return this.random.shuffled(Array.from({ length: this.qubits }, (_, i) => i)).slice(0, count);
  }
}
