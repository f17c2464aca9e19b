/** A random program in the making: its text, its qubits, and the features it uses. */

import type { Random } from '../../quantum/index.ts';
import { Draft } from './draft.ts';

export class Writer extends Draft {
  readonly lines: string[] = ['OPENQASM 3.0;'];
  readonly inputs: Record<string, number | string> = {};
  readonly physical: boolean;
  #names = 0;

  constructor(random: Random) {
    super(random, 2 + random.integer(3));
    this.physical = random.uniform() < 0.12;
  }

  line(text: string): void {
    this.lines.push(text);
  }

  name(): string {
    return `v${this.#names++}`;
  }

  /** Angles below π, where every convention of a fractional power agrees. */
  number(): string {
    return (Math.round((this.random.uniform() - 0.5) * 6000) / 1000).toFixed(3);
  }

  qubit(index: number): string {
    return this.physical ? `$${index}` : `q[${index}]`;
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
