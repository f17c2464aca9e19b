/** Log files of functions: `logs/<function>.jsonl`, a line for each event, written in batches in the order they came. */
import { createReadStream, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface LogEvent {
  timestampMs: number;
  requestId: string;
  message: string;
}

export interface LogFiles {
  write(functionName: string, event: LogEvent): void;
  groups(): string[];
  read(functionName: string): AsyncGenerator<LogEvent>;
  flush(): Promise<void>;
}

export function openLogFiles(stateDir: string): LogFiles {
  const folder = join(stateDir, 'logs');
  mkdirSync(folder, { recursive: true });
  const pending = new Map<string, string[]>();
  let turn: Promise<void> = Promise.resolve();
  let scheduled = false;
  const pathOf = (name: string) => join(folder, `${name}.jsonl`);
  const flush = async () => {
    scheduled = false;
    const batches = [...pending];
    pending.clear();
    for (const [name, lines] of batches) await appendFile(pathOf(name), lines.join(''));
  };
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    turn = turn.then(flush, flush);
  };
  return {
    write(functionName, event) {
      const lines = pending.get(functionName) ?? [];
      lines.push(`${JSON.stringify(event)}\n`);
      pending.set(functionName, lines);
      schedule();
    },
    groups: () =>
      readdirSync(folder)
        .filter((f) => f.endsWith('.jsonl'))
        .map((f) => f.slice(0, -6))
        .sort(),
    async *read(functionName) {
      await turn;
      if (!existsSync(pathOf(functionName))) return;
      for await (const line of createInterface({ input: createReadStream(pathOf(functionName)) })) {
        try {
          yield JSON.parse(line) as LogEvent;
        } catch {
          // A line torn by a kill; the next start writes after it.
        }
      }
    },
    flush: () => turn,
  };
}
