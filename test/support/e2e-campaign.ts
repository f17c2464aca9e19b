/** Campaign folders for end-to-end tests: a copy of an example, with what the test wants different. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { z } from 'zod';
import type { Campaign } from '../../core/contracts/campaign.ts';

export const SV1 = 'arn:aws:braket:::device/quantum-simulator/amazon/sv1';

/** What stands in a campaign.json, before defaults are filled in. */
export type CampaignFile = z.input<typeof Campaign>;

const folders: string[] = [];

export const exampleFolder = (example: string) => join(import.meta.dirname, '..', '..', 'examples', example);

export function readCampaignFile(folder: string): CampaignFile {
  return JSON.parse(readFileSync(join(folder, 'campaign.json'), 'utf8')) as CampaignFile;
}

/** Copies an example under a name of its own; `change` edits its campaign.json, `files` replaces files by path. */
export function campaignLike(
  example: string,
  name: string,
  change: (campaign: CampaignFile) => void = () => {},
  files: Readonly<Record<string, string>> = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), `campaign-${name}-`));
  folders.push(folder);
  cpSync(exampleFolder(example), folder, { recursive: true });
  const campaign = readCampaignFile(folder);
  campaign.name = name;
  change(campaign);
  writeFileSync(join(folder, 'campaign.json'), `${JSON.stringify(campaign, null, 2)}\n`);
  for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
  return folder;
}

/** The least circuit that still goes the whole way: a few tasks where the example has hundreds. */
export function smallCircuits(campaign: CampaignFile): void {
  Object.assign(campaign.quantum, {
    qubits: 4,
    layers: 1,
    latentSize: 2,
    trainSteps: 8,
    innerSteps: 8,
    refineSteps: 1,
    refineNeighbours: 1,
  });
}

export function removeCampaigns(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
