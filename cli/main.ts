#!/usr/bin/env node
/** `qefm`: a thin client of the HTTP API, for the cloud and for local-sim alike. */
import { runCommand } from './commands.ts';

try {
  process.exitCode = await runCommand(process.argv.slice(2), process.env, (line) => console.log(line));
} catch (error) {
  console.error(`qefm: ${(error as Error).message}`);
  process.exitCode = 1;
}
