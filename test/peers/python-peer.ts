/** A Python process that answers JSON lines with JSON lines, in order. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export class PythonPeer {
  readonly #child: ChildProcess;
  readonly #waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void }[] = [];
  #stderr = '';

  constructor(python: string, script: string) {
    // One thread: the peers of a test machine share its cores.
    const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', PYTHONHASHSEED: '0' };
    this.#child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'pipe'], env });
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#waiting.shift()?.resolve(JSON.parse(line)));
    this.#child.stderr!.on('data', (text: Buffer) => {
      this.#stderr = `${this.#stderr}${text}`.slice(-2000);
    });
    this.#child.on('error', (error) => this.#fail(error));
    this.#child.on('exit', (code) => this.#fail(new Error(`${script} ended with code ${code}: ${this.#stderr}`)));
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  ask<T>(question: unknown): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ resolve: resolve as (value: unknown) => void, reject });
      this.#child.stdin!.write(`${JSON.stringify(question)}\n`);
    });
  }

  close(): void {
    this.#child.stdin!.end();
  }
}
