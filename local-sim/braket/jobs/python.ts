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
const CHECK = 'import sys; sys.exit("it is " + sys.version.split()[0] if sys.version_info < (3, 9) else 0)';
const CHECK_TIMEOUT_MS = 20_000;

export class ScriptPrograms {
  readonly #python: string;
  readonly #runners: Readonly<Record<string, LocalImage>>;
  #checked: Promise<void> | undefined;

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
    await this.#check();
    return { command: [this.#python, RUN_SCRIPT, folder.code, folder.failure], cwd: folder.code, environment: {} };
  }

  /** Once it was found good it is not asked again. */
  async #check(): Promise<void> {
    this.#checked ??= new Promise<void>((resolve, reject) => {
      execFile(
        this.#python,
        ['-c', CHECK],
        { timeout: CHECK_TIMEOUT_MS, env: inheritedEnvironment() },
        (error, _stdout, stderr) => {
          if (!error) return resolve();
          const why = stderr.trim().split('\n').at(-1) || error.message;
          reject(new Error(`No usable Python runs hybrid jobs here: ${this.#python} (3.9 or later wanted): ${why}`));
        },
      );
    });
    try {
      await this.#checked;
    } catch (error) {
      this.#checked = undefined;
      throw error;
    }
  }
}
