/** One seed a run; every use derives its own from it by name, and the manifest records both. */
import { deriveSeed } from '@qefm/quantum';

export const seedUses = ['classical', 'hybrid', 'refine', 'audit', 'headline', 'plateau', 'dynamics'] as const;
export type SeedUse = (typeof seedUses)[number];

export function seedFor(runSeed: number, use: SeedUse): number {
  return deriveSeed(runSeed, use);
}
