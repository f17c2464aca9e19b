/** The bigram engine in a process that dies by SIGKILL as its KILL_AT-th step begins: no handler runs, nothing is flushed. */
import type { StepReport, StepSettings } from '../../core/model/transformer/index.ts';
import type { Engine } from '../../models/pretraining/trainer.ts';
import { BigramTrainer } from './bigram-engine.ts';

class KilledTrainer extends BigramTrainer {
  #left = Number(process.env['KILL_AT']);

  override step(settings: StepSettings): StepReport {
    if (--this.#left === 0) process.kill(process.pid, 'SIGKILL');
    return super.step(settings);
  }
}

export const createTrainer: Engine['createTrainer'] = async (options) => ({
  trainer: new KilledTrainer(options),
  close: async () => {},
});
