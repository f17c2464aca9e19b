/** The Python of this machine that runs scripts in the place of a container, and what to start for a job. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { LocalImage } from '../../batch/model.ts';
import { inheritedEnvironment } from '../../process-environment.ts';
import type { ScriptProgram } from './job-runner.ts';
import type { HybridJob } from './model.ts';
import type { WorkFolder } from './work-folder.ts';

const RUN_SCRIPT = join(import.meta.dirname, 'run_script.py');
/** The oldest that the service's containers had when jobs began to bind hyperparameters. */
const OLDEST_MINOR = 9;
const VERSION_TIMEOUT_MS = 20_000;
const versions = new Map<string, Promise<[number, number]>>();

/** Major and minor version of a Python that can run scripts; rejects, saying why, where there is none. A good one is asked once. */
export function pythonVersion(python: string): Promise<[number, number]> {
  const known = versions.get(python);
  if (known) return known;
  const found = askVersion(python);
  versions.set(python, found);
  found.catch(() => versions.delete(python));
  return found;
}

function askVersion(python: string): Promise<[number, number]> {
  return new Promise((resolve, reject) => {
    const script = 'import sys; print(*sys.version_info[:2])';
    execFile(python, ['-c', script], { timeout: VERSION_TIMEOUT_MS, env: inheritedEnvironment() }, (error, stdout, stderr) => {
      const [major = 0, minor = 0] = stdout.trim().split(' ').map(Number);
      if (!error && major === 3 && minor >= OLDEST_MINOR) return resolve([major, minor]);
      const why = error ? stderr.trim().split('\n').at(-1) || error.message : `it is ${stdout.trim().replace(' ', '.')}`;
      reject(new Error(`No usable Python runs hybrid jobs here: ${python} (3.${OLDEST_MINOR} or later wanted): ${why}`));
    });
  });
}

export class ScriptPrograms {
  readonly #python: string;
  readonly #runners: Readonly<Record<string, LocalImage>>;

  constructor(python: string, runners: Readonly<Record<string, LocalImage>>) {
    this.#python = python;
    this.#runners = runners;
  }

  hasRunner(imageUri: string): boolean {
    return Object.hasOwn(this.#runners, imageUri);
  }

  /** Throws, with the reason that the job fails of, where no usable Python can be started. */
  async programOf(job: HybridJob, folder: WorkFolder): Promise<ScriptProgram> {
    const runner = job.imageUri === undefined ? undefined : this.#runners[job.imageUri];
    if (runner) {
      return {
        command: [...(runner.entryPoint ?? []), ...(runner.command ?? [])],
        cwd: runner.cwd ?? folder.code,
        environment: { ...runner.environment },
      };
    }
    await pythonVersion(this.#python);
    return { command: [this.#python, RUN_SCRIPT, folder.code, folder.failure], cwd: folder.code, environment: {} };
  }
}
