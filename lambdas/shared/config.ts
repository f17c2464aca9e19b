/** What a function is told by its environment, read once. Local and cloud differ by endpoint URLs and nothing else. */
import { z } from 'zod';

const JsonOf = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

const Config = z.object({
  DATA_BUCKET: z.string().min(3),
  /** Bucket of quantum results by region; a device in a region without one cannot be used. */
  QUANTUM_BUCKETS: JsonOf(z.record(z.string(), z.string())),
  /** Region by device ARN: the devices this deployment may use. */
  DEVICE_REGIONS: JsonOf(z.record(z.string(), z.string())),
  METRIC_NAMESPACE: z.string().default('QEFM'),
  CODE_VERSION: z.string(),
  DAY_CAP_MICRO_USD: z.coerce.number().int().min(0),
  ACCOUNT_CAP_MICRO_USD: z.coerce.number().int().min(0),
  AWS_REGION: z.string(),
  /** Set where AWS is emulated on this machine. */
  AWS_ENDPOINT_URL: z.string().optional(),
  AWS_LAMBDA_FUNCTION_NAME: z.string().default('unknown'),
  DISCOVER_ARN: z.string().optional(),
});

export type Config = z.infer<typeof Config>;

let config: Config | undefined;

/** Throws one error that names every variable that is missing or wrong. */
export function readConfig(): Config {
  if (config === undefined) {
    const parsed = Config.safeParse(process.env);
    if (!parsed.success) {
      throw new Error(
        `environment: ${parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')}`,
      );
    }
    config = parsed.data;
  }
  return config;
}
