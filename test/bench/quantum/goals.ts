/** Aims of the simulator in milliseconds, wall clock, one thread, double precision, on a quiet machine of two cores (docs/benchmarks.md). */
export const GOALS: Readonly<Record<string, number>> = {
  'ansatz/forward/8': 0.012,
  'ansatz/forward/16': 1.8,
  'ansatz/forward/20': 45,
  'ansatz/forward/22': 220,
  'ansatz/gradient/8': 0.06,
  'ansatz/gradient/16': 8,
  'ansatz/gradient/20': 200,
  'ansatz/gradient/22': 1000,
  'ansatz/batch/8': 4,
  'ansatz/encoded/6': 0.7,
  'ansatz/encoded/8': 3.5,
  'ansatz/encoded/10': 20,
  'ansatz/noisy/6': 2,
  'ansatz/noisy/8': 13,
  'ansatz/sample/12': 0.4,
};
