/** The small types that every contract is made of. */
import { z } from 'zod';

export const CampaignName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'lower-case letters, digits and dashes, at most 40');
export const RunId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,79}$/, 'lower-case letters, digits and dashes, at most 80');
export const Uri = z.string().regex(/^s3:\/\/[a-z0-9.-]{3,63}\/.+$/, 's3://bucket/key');
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits');
/** Money: a whole number of millionths of a US dollar. */
export const MicroUsd = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
export const Seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
export const Instant = z.iso.datetime();
export const Count = z.int().min(0);
export const Finite = z.number();

export const BraketArn = z
  .string()
  .regex(
    /^arn:aws:braket:[a-z0-9-]*::device\/(quantum-simulator|qpu)\/[a-z0-9-]+\/[A-Za-z0-9-]+$/,
    'wanted lambda or the ARN of a Braket device, arn:aws:braket:…::device/…',
  );

/** Path of a file below a folder; none of its parts may lead out of it. */
export const FilePath = z
  .string()
  .regex(
    /^(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)*$/,
    'a relative path of letters, digits, dots, dashes and underscores, without . and .. as parts',
  )
  .max(200);
/** Where circuits run: the exact simulator inside the Lambda, or a Braket device. */
export const Device = z.union([z.literal('lambda'), BraketArn]);

export const DynamicsTier = z.enum(['none', 'smoke', 'screen', 'explicit']);
export const RunOutcome = z.enum(['SUCCEEDED', 'PARTIAL', 'FAILED', 'PLANNED']);

/** Why a run is PARTIAL, or a part of it was left out. */
export const Reason = z.strictObject({ code: z.string().regex(/^[A-Z0-9_]+$/), message: z.string() });

export type Device = z.infer<typeof Device>;
export type DynamicsTier = z.infer<typeof DynamicsTier>;
export type RunOutcome = z.infer<typeof RunOutcome>;
export type Reason = z.infer<typeof Reason>;
