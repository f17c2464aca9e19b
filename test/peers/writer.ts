/** A random program in the making: its text, its qubits, and the features it uses. Equal seeds write equal programs. */

import type { Random } from '../../quantum/index.ts';

export class Writer {
  readonly random: Random;
  readonly features = new Set<string>();
  readonly lines: string[] = ['OPENQASM 3.0;'];
  readonly inputs: Record<string, number | string> = {};
  readonly qubits: number;
  readonly physical: boolean;
  #names = 0;

  constructor(random: Random) {
    this.random = random;
    this.qubits = 2 + random.integer(3);
    this.physical = random.uniform() < 0.12;
  }

  use(...features: string[]): void {
    for (const feature of features) this.features.add(feature);
  }

  line(text: string): void {
    this.lines.push(text);
  }

  name(): string {
    return `v${this.#names++}`;
  }

  chance(probability: number): boolean {
    return this.random.uniform() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.random.integer(items.length)]!;
  }

  /** Angles below π, where every convention of a fractional power agrees. */
  number(): string {
    return (Math.round((this.random.uniform() - 0.5) * 6000) / 1000).toFixed(3);
  }

  qubit(index: number): string {
    return this.physical ? `$${index}` : `q[${index}]`;
  }

  /** Distinct qubits. */
  choose(count: number): number[] {
    return this.random.shuffled(Array.from({ length: this.qubits }, (_, i) => i)).slice(0, count);
  }

  targets(count: number): string[] {
    return this.choose(count).map((index) => this.qubit(index));
  }

  /**
   * Neighbours in ascending order, for gates with controls: Braket's simulator (1.41.2) drops a controlled gate on some other pairs,
   * such as q[2], q[0] of four qubits, where its own cnot is right.
   */
  neighbours(count: number): string[] {
    const first = this.random.integer(this.qubits - count + 1);
    return Array.from({ length: count }, (_, i) => this.qubit(first + i));
  }

  get text(): string {
    return `${this.lines.join('\n')}\n`;
  }
}
