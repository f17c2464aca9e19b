/**
 * The error of this package for input that cannot be honoured: a bad gate, a wrong shape, a program outside the language.
 * Parsing errors are the subclass `OpenQasmError`, which adds the position.
 */
export class QuantumError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'QuantumError';
  }
}

/** A program text that cannot be understood or is refused; `line` and `column` count from 1. */
export class OpenQasmError extends QuantumError {
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(`line ${line}:${column} ${message}`);
    this.name = 'OpenQasmError';
    this.line = line;
    this.column = column;
  }
}

/** Guards a condition that the caller of a public function must meet. */
export function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new QuantumError(message);
}
