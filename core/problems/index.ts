/** Every problem that the optimize machine can carry, by name. */
import { affinity } from './affinity.ts';

export const problems = { affinity } as const;
export type ProblemName = keyof typeof problems;
