/** How much a device will have to do for a stage, known before it starts: what the cost guard prices. */
import type { LearningSettings, RefineSettings, TrainSettings } from '../contracts/model.ts';
import { type HeadStructure, headAngles } from '../model/head-circuit.ts';
import type { Target } from './circuit-files.ts';
import { circuitsPerTask, isExact } from './programs.ts';

/** Braket tasks, circuits in them (one each, or the executables of program sets), and shots in all. */
export interface DeviceWork {
  tasks: number;
  executables: number;
  shots: number;
}

export interface StageWork {
  circuit: HeadStructure & { latentSize: number };
  /** Compounds that get a forward pass before and after the steps: the candidates of refinement, 0 in training. */
  candidates: number;
  steps: number;
  /** Compounds in one gradient step. */
  batch: number;
  learning: Pick<LearningSettings, 'trainAngles' | 'directions'>;
}

export function trainWork(circuit: StageWork['circuit'], settings: TrainSettings, trainingCompounds: number): StageWork {
  const batches = Math.ceil(trainingCompounds / settings.batch);
  // Batches differ by one compound at most; the larger is planned for.
  return { circuit, candidates: 0, steps: settings.steps, batch: Math.ceil(trainingCompounds / batches), learning: settings };
}

export function refineWork(circuit: StageWork['circuit'], settings: RefineSettings, candidates: number): StageWork {
  return { circuit, candidates, steps: settings.steps, batch: settings.neighbours, learning: settings };
}

/** An upper bound that is reached when every batch is full. */
export function countWork({ circuit, candidates, steps, batch, learning }: StageWork, target: Target): DeviceWork {
  const total: DeviceWork = { tasks: 0, executables: 0, shots: 0 };
  const addRound = (circuits: number, times: number) => {
    total.tasks += times * Math.ceil(circuits / circuitsPerTask(target));
    total.executables += times * circuits;
    total.shots += times * circuits * target.shots;
  };
  // Without a step the second forward pass would repeat the first.
  addRound(candidates, steps > 0 ? 2 : 1);
  addRound(batch, steps);
  const anglesEach = learning.trainAngles ? (isExact(target) ? 1 : 2 * headAngles(circuit)) : 0;
  addRound(batch * (anglesEach + 2 * Math.min(learning.directions, circuit.latentSize)), steps);
  return total;
}
