/** A campaign folder on disk, put into the bucket file by file; the library last, because its arrival starts the run. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { routes } from '../core/contracts/api.ts';
import { Campaign } from '../core/contracts/campaign.ts';
import { FilePath } from '../core/contracts/primitives.ts';
import type { ApiClient } from './client.ts';

export interface CampaignFolder {
  campaign: Campaign;
  /** Every file but the libraries, by path below the folder. */
  files: string[];
  libraries: string[];
}

const LIBRARY = /^libraries\/[^/]+\.(smi|csv|sdf)(\.gz)?$/;
const IGNORED = /(^|\/)(README\.md|\..*)$/;

function filesBelow(folder: string, below = ''): string[] {
  return readdirSync(join(folder, below))
    .sort()
    .flatMap((name) => {
      const path = below === '' ? name : `${below}/${name}`;
      return statSync(join(folder, path)).isDirectory() ? filesBelow(folder, path) : [path];
    });
}

/** Reads and checks a campaign folder; the error names the file and the path in it. */
export function readCampaignFolder(folder: string): CampaignFolder {
  if (!existsSync(folder)) throw new Error(`there is no folder ${folder}`);
  if (!statSync(folder).isDirectory()) throw new Error(`${folder} is a file: a campaign is a folder with a campaign.json`);
  const file = join(folder, 'campaign.json');
  if (!existsSync(file)) throw new Error(`${file} is missing: a campaign is a folder with a campaign.json`);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`);
  }
  const parsed = Campaign.safeParse(json);
  if (!parsed.success) {
    throw new Error(
      `${file}: ${parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`).join('; ')}`,
    );
  }
  const all = filesBelow(folder).filter((path) => !IGNORED.test(path));
  const odd = all.find((path) => !FilePath.safeParse(path).success);
  if (odd !== undefined) {
    throw new Error(
      `${join(folder, odd)}: a name of letters, digits, dots, dashes and underscores was wanted; rename it, or move it out of the campaign`,
    );
  }
  const libraries = all.filter((path) => LIBRARY.test(path));
  if (libraries.length === 0) throw new Error(`${join(folder, 'libraries')} holds no .smi, .csv or .sdf file (plain or .gz)`);
  return { campaign: parsed.data, files: all.filter((path) => !path.startsWith('libraries/')), libraries };
}

/** Uploads the folder and returns what it held; the libraries come last. `rename` may put a file elsewhere in the campaign. */
export async function uploadCampaign(
  api: ApiClient,
  folder: string,
  say: (line: string) => void,
  rename: (path: string) => string = (path) => path,
): Promise<CampaignFolder> {
  const found = readCampaignFolder(folder);
  for (const path of [...found.files, ...found.libraries]) {
    const { url } = await api.call(routes.CreateUpload, { body: { campaign: found.campaign.name, path: rename(path) } });
    await api.put(url, join(folder, path));
    say(`uploaded ${path}`);
  }
  return found;
}
